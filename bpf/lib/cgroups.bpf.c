// SPDX-License-Identifier: GPL-2.0
/* Tells of each new cgroup, so that the path of one that is gone in a moment is still known. See cgroups.c. */
#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "cgroups.h"

char LICENSE[] SEC("license") = "GPL";

/* Filled by the program, emptied by the user side at each lookup that finds nothing and once a second. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 128 * 1024);
} made SEC(".maps");

/* Since 633488947ef6 (6.15) the parent is called so. */
struct kernfs_node___parent {
	struct kernfs_node *__parent;
} __attribute__((preserve_access_index));

static __always_inline struct kernfs_node *parent_of(struct kernfs_node *node)
{
	struct kernfs_node___parent *renamed = (void *)node;

	if (bpf_core_field_exists(renamed->__parent))
		return BPF_CORE_READ(renamed, __parent);
	return BPF_CORE_READ(node, parent);
}

SEC("raw_tp/cgroup_mkdir")
int BPF_PROG(on_cgroup_mkdir, struct cgroup *cgroup)
{
	struct kernfs_node *node = BPF_CORE_READ(cgroup, kn);
	struct cgroup_made *event;

	/* 0 is the default hierarchy, cgroup2; others number their cgroups on their own. */
	if (BPF_CORE_READ(cgroup, root, hierarchy_id) != 0)
		return 0;
	event = bpf_ringbuf_reserve(&made, sizeof(*event), 0);
	/* Its path is looked up later, while it is there. */
	if (!event)
		return 0;
	event->id = BPF_CORE_READ(node, id);
	event->parent = BPF_CORE_READ(parent_of(node), id);
	if (bpf_probe_read_kernel_str(event->name, sizeof(event->name), BPF_CORE_READ(node, name)) < 0)
		event->name[0] = '\0';
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
	return 0;
}
