// SPDX-License-Identifier: Apache-2.0
/* snapshot: looks once at maps, hooks, links and their owners, in that order, and ends. */
#include "snapshot.meta.h"
#include <bpf/bpf.h>
#include <errno.h>
#include <string.h>

#include "parts.h"

/* Always 1: the first interface of every namespace (LOOPBACK_IFINDEX of the kernel). */
#define LOOPBACK_IFINDEX 1

static struct snapshot *snapshot_of(struct run *run)
{
	return run_state(run, sizeof(struct snapshot));
}

static int want(const char *part, void *context)
{
	struct snapshot *snapshot = context;

	if (!strcmp(part, "maps"))
		snapshot->wants_maps = true;
	else if (!strcmp(part, "links"))
		snapshot->wants_links = true;
	else if (!strcmp(part, "hooks"))
		snapshot->wants_hooks = true;
	else if (!strcmp(part, "owners"))
		snapshot->wants_owners = true;
	else
		return 1;
	return 0;
}

static int ignore(const struct hook_entry *entry, void *context)
{
	return 0;
}

/* What this kernel cannot tell goes into the schema line; that it has none of it is no finding then. */
static void say_unknown(struct run *run, struct snapshot *snapshot)
{
	uint32_t none = 0;

	hooks_of_ifindex(LOOPBACK_IFINDEX, ignore, NULL, &snapshot->unknown_hooks);
	if (snapshot->wants_hooks && snapshot->unknown_hooks & 1u << HOOK_TCX)
		run_without(run, "tcx", "this kernel has no tcx, or does not tell what is on it");
	if (snapshot->wants_links && bpf_link_get_next_id(0, &none) && errno == EINVAL)
		run_without(run, "links", "this kernel gives links no ids");
}

static int start(struct run *run)
{
	struct snapshot *snapshot = snapshot_of(run);
	char why[256];

	snapshot->map_fd = -1;
	snapshot->counts.size = sizeof(struct map_count);
	if (param_each(run, "parts", want, snapshot))
		return run_refuse_param(run, "parts", "choose among maps, links, hooks, owners");
	if (!param_given(run, "parts"))
		snapshot->wants_maps = snapshot->wants_links = snapshot->wants_hooks = snapshot->wants_owners = true;
	snapshot->count_limit = param_u64(run, "count_limit");
	if (run_variant_is(run, "counters") && counts_read(snapshot, why, sizeof(why)))
		return run_fall_back(run, "%s", why);
	say_unknown(run, snapshot);
	/* Links on interfaces say no namespace: the hooks are walked for it. */
	if ((snapshot->wants_hooks || snapshot->wants_links) && namespaces_find(run, snapshot))
		return -1;
	if (snapshot->wants_links)
		snapshot->cgroups = cgroups_still(run);
	return 0;
}

static int work(struct run *run)
{
	struct snapshot *snapshot = snapshot_of(run);
	const struct {
		bool wanted;
		int (*step)(struct run *run, struct snapshot *snapshot);
	} phases[] = {
		{ snapshot->wants_maps, maps_step },
		{ snapshot->wants_hooks || snapshot->wants_links, hooks_step },
		{ snapshot->wants_links, links_step },
		{ snapshot->wants_owners, holders_step },
	};
	int result;

	if (snapshot->phase == sizeof(phases) / sizeof(phases[0])) {
		snapshot->complete = true;
		run_end(run);
		return 0;
	}
	result = phases[snapshot->phase].wanted ? phases[snapshot->phase].step(run, snapshot) : 0;
	if (result == 0) {
		snapshot->phase++;
		snapshot->last_id = 0;
		snapshot->at = 0;
	}
	return result;
}

static void summary(struct run *run, struct out *out)
{
	const struct snapshot *snapshot = snapshot_of(run);

	out_bool(out, "complete", snapshot->complete);
	out_begin_object(out, "told");
	for (size_t i = 0; i < SNAPSHOT_RECORDS; i++)
		out_u64(out, snapshot_records[i].name, snapshot->told[i]);
	out_end_object(out);
}

static void stop(struct run *run)
{
	struct snapshot *snapshot = snapshot_of(run);

	maps_stop(snapshot);
	holders_stop(snapshot);
	cgroups_free(snapshot->cgroups);
	snapshot->cgroups = NULL;
	list_free(&snapshot->counts);
	list_free(&snapshot->namespaces);
	list_free(&snapshot->places);
}

static const struct tracer tracer = {
	.meta = &snapshot_meta, .start = start, .work = work, .summary = summary, .stop = stop
};
REGISTER_TRACER(tracer);
