/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * The path of a cgroup by its id (cgroup2: what the kernel's cgroup helpers give). Also of cgroups that are made while
 * a run lasts and gone before anybody asks. For the user side; the struct is shared with cgroups.bpf.c.
 */
#ifndef BPFDESK_CGROUPS_H
#define BPFDESK_CGROUPS_H

#include <linux/types.h>

struct cgroup_made {
	__u64 id;
	__u64 parent;
	char name[256];
};

#ifndef __bpf__
#include "tracer.h"

struct cgroups;

/*
 * To be called from `start`, before the tracer's own programs are attached. Never fails: what it cannot do is named in
 * the schema line (run_without), and paths are unknown then.
 */
struct cgroups *cgroups_new(struct run *run);
/* The same without a program of its own, for those that look once: paths of cgroups that are there when they are asked for. */
struct cgroups *cgroups_still(struct run *run);
/* From `stop`. NULL is nothing. */
void cgroups_free(struct cgroups *cgroups);
/* From `tick`: takes in what was made meanwhile. */
void cgroups_tick(struct cgroups *cgroups);
/*
 * Below the cgroup2 mount, with a leading slash; "/" is its root. NULL when it is not known, or not below that mount
 * (a run within a cgroup namespace). Valid until the next call of any function here.
 */
const char *cgroups_path(struct cgroups *cgroups, uint64_t id);
/* Writes the path, or null. */
void cgroups_write(struct cgroups *cgroups, struct out *out, const char *name, uint64_t id);
/*
 * The root of cgroup2, to attach programs to; negative when this kernel has none. Where it is mounted nowhere, it is
 * a mount of our own that no namespace has (fsmount(2)) and that ends with its descriptor.
 */
int cgroups_root_fd(const struct cgroups *cgroups);
#endif

#endif
