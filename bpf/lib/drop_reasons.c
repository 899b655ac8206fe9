// SPDX-License-Identifier: Apache-2.0
/*
 * Finds `enum skb_drop_reason` in the kernel's BTF. The high half of a reason says which subsystem gave it
 * (include/net/dropreason.h); those of subsystems in modules are enums of the modules' own BTF, read when the first
 * of them is to be named.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drop_reasons.h"

#define PREFIX "SKB_DROP_REASON_"
#define MODULES "/sys/kernel/btf"
#define SUBSYSTEM(reason) ((reason) >> 16)
#define MAX_ADDED 1024

struct added {
	uint32_t reason;
	char name[60];
};

struct drop_reasons {
	struct btf *kernel;
	const struct btf_type *core;
	bool modules_read;
	struct added added[MAX_ADDED];
	size_t added_count;
	char text[64];
};

struct drop_reasons *drop_reasons_new(struct btf *kernel)
{
	int id = btf__find_by_name_kind(kernel, "skb_drop_reason", BTF_KIND_ENUM);
	struct drop_reasons *reasons;

	if (id < 0)
		return NULL;
	reasons = calloc(1, sizeof(*reasons));
	if (!reasons)
		abort();
	reasons->kernel = kernel;
	reasons->core = btf__type_by_id(kernel, (uint32_t)id);
	return reasons;
}

void drop_reasons_free(struct drop_reasons *reasons)
{
	free(reasons);
}

static const char *without_prefix(const char *name)
{
	return strncmp(name, PREFIX, strlen(PREFIX)) ? name : name + strlen(PREFIX);
}

/* Enums of reasons are named enum …_drop_reason everywhere (net/openvswitch/drop.h, net/mac80211/drop.h). */
static bool names_reasons(const struct btf *btf, const struct btf_type *type)
{
	static const char end[] = "_drop_reason";
	const char *name = btf__name_by_offset(btf, type->name_off);
	size_t length = name ? strlen(name) : 0;

	return btf_is_enum(type) && length > strlen(end) && !strcmp(name + length - strlen(end), end);
}

static void add_from(struct drop_reasons *reasons, const struct btf *btf, uint32_t first)
{
	for (uint32_t id = first; id < btf__type_cnt(btf); id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);
		const struct btf_enum *values = btf_enum(type);

		if (type == reasons->core || !names_reasons(btf, type))
			continue;
		for (int i = 0; i < btf_vlen(type) && reasons->added_count < MAX_ADDED; i++) {
			struct added *added = &reasons->added[reasons->added_count];

			if (!SUBSYSTEM((uint32_t)values[i].val))
				continue;
			added->reason = (uint32_t)values[i].val;
			snprintf(added->name, sizeof(added->name), "%s", btf__name_by_offset(btf, values[i].name_off));
			reasons->added_count++;
		}
	}
}

static void read_modules(struct drop_reasons *reasons)
{
	DIR *folder = opendir(MODULES);
	struct dirent *entry;

	reasons->modules_read = true;
	/* A subsystem that is built in has its enum here. */
	add_from(reasons, reasons->kernel, 1);
	while (folder && (entry = readdir(folder))) {
		struct btf *module;

		if (*entry->d_name == '.' || !strcmp(entry->d_name, "vmlinux"))
			continue;
		module = btf__load_module_btf(entry->d_name, reasons->kernel);
		if (!module)
			continue;
		add_from(reasons, module, btf__type_cnt(reasons->kernel));
		btf__free(module);
	}
	if (folder)
		closedir(folder);
}

const char *drop_reason_name(struct drop_reasons *reasons, uint32_t reason)
{
	const struct btf_enum *values = btf_enum(reasons->core);

	if (SUBSYSTEM(reason) && !reasons->modules_read)
		read_modules(reasons);
	for (size_t i = 0; i < reasons->added_count; i++)
		if (reasons->added[i].reason == reason)
			return reasons->added[i].name;
	for (int i = 0; i < btf_vlen(reasons->core); i++)
		if ((uint32_t)values[i].val == reason)
			return without_prefix(btf__name_by_offset(reasons->kernel, values[i].name_off));
	snprintf(reasons->text, sizeof(reasons->text), "%u", reason);
	return reasons->text;
}

bool drop_reason_number(const struct drop_reasons *reasons, const char *name, uint32_t *reason)
{
	const struct btf_enum *values = btf_enum(reasons->core);

	for (int i = 0; i < btf_vlen(reasons->core); i++) {
		const char *full = btf__name_by_offset(reasons->kernel, values[i].name_off);

		if (strcmp(without_prefix(full), name))
			continue;
		*reason = (uint32_t)values[i].val;
		return true;
	}
	return false;
}

unsigned int kfree_skb_arguments(const struct btf *kernel)
{
	int id = btf__find_by_name_kind(kernel, "btf_trace_kfree_skb", BTF_KIND_TYPEDEF);
	const struct btf_type *type = id < 0 ? NULL : btf__type_by_id(kernel, (uint32_t)id);

	/* typedef void (*btf_trace_kfree_skb)(void *, …): the first one is the tracepoint's own data. */
	type = type ? btf__type_by_id(kernel, type->type) : NULL;
	type = type && btf_is_ptr(type) ? btf__type_by_id(kernel, type->type) : NULL;
	return type && btf_is_func_proto(type) && btf_vlen(type) ? btf_vlen(type) - 1u : 0;
}
