// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <string.h>

#include "chain.h"

static int keep(const struct hook_entry *entry, void *context)
{
	struct chain *chain = context;

	if (chain->count == CHAIN_MAX)
		return -E2BIG;
	chain->entries[chain->count++] = *entry;
	return 0;
}

int chain_read(struct chain *chain, uint32_t ifindex)
{
	chain->count = 0;
	chain->unknown = 0;
	return hooks_of_ifindex(ifindex, keep, chain, &chain->unknown);
}

static bool same(const struct hook_entry *a, const struct hook_entry *b)
{
	return a->kind == b->kind && a->direction == b->direction && a->prog_id == b->prog_id && a->pref == b->pref &&
	       a->handle == b->handle && a->chain == b->chain && a->protocol == b->protocol && a->block == b->block &&
	       a->direct_action == b->direct_action && !strcmp(a->mode, b->mode) && !strcmp(a->classifier, b->classifier) &&
	       !strcmp(a->name, b->name);
}

bool chain_same(const struct chain *now, const struct chain *before, size_t without)
{
	size_t at = 0;

	for (size_t i = 0; i < before->count; i++) {
		if (i == without)
			continue;
		if (at == now->count || !same(&now->entries[at], &before->entries[i]))
			return false;
		at++;
	}
	return at == now->count && now->unknown == before->unknown;
}

void chain_write_entry(struct out *out, const char *name, const struct hook_entry *entry)
{
	out_begin_object(out, name);
	out_str(out, "kind", hook_kind_name(entry->kind));
	out_str(out, "direction", hook_direction_name(entry->direction));
	out_u64(out, "position", entry->position);
	out_u64(out, "prog_id", entry->prog_id);
	if (entry->link_id)
		out_u64(out, "link_id", entry->link_id);
	if (*entry->mode)
		out_str(out, "mode", entry->mode);
	if (entry->kind == HOOK_CLSACT) {
		out_u64(out, "pref", entry->pref);
		out_u64(out, "handle", entry->handle);
		out_u64(out, "chain", entry->chain);
		out_u64(out, "protocol", entry->protocol);
		out_str(out, "classifier", entry->classifier);
		out_str(out, "name", entry->name);
		out_bool(out, "direct_action", entry->direct_action);
	}
	out_end_object(out);
}

void chain_write(struct out *out, const char *name, const struct chain *chain)
{
	out_begin_list(out, name);
	for (size_t i = 0; i < chain->count; i++)
		chain_write_entry(out, NULL, &chain->entries[i]);
	out_end_list(out);
}
