/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of `snapshot`. Each `…_step` does a little and returns 1 while there is more, 0 at its end, -1 from run_fail(). */
#ifndef BPFDESK_SNAPSHOT_PARTS_H
#define BPFDESK_SNAPSHOT_PARTS_H

#include <dirent.h>

#include "cgroups.h"
#include "hooks.h"
#include "map_walk.h"
#include "snapshot.h"
#include "tracer.h"

/* A network namespace; those that nobody is in are known by their mounts only. */
struct namespace {
	uint32_t inum;
	uint32_t pid;
	uint64_t processes;
	char path[256];
};

/* Where a program is attached by link, to tell a link's namespace. `link_id` is 0 for XDP, which does not say. */
struct link_place {
	uint32_t link_id, prog_id, ifindex, netns;
};

/* Grows by itself. */
struct list {
	void *items;
	size_t count, room, size;
};
/* NULL when there is no memory. */
void *list_add(struct list *list);
void list_free(struct list *list);

struct snapshot {
	bool wants_maps, wants_links, wants_hooks, wants_owners;
	/* The phase that work() is in, and what it looked at last. */
	int phase;
	uint32_t last_id;
	size_t at;
	uint64_t told[8];
	bool complete;

	/* struct map_count, by id; the kernel gives them in that order. */
	struct list counts;
	uint64_t count_limit, read;
	int map_fd;
	struct bpf_map_info map;
	struct map_walk *walk;

	struct list namespaces;
	struct list places;
	uint32_t unknown_hooks;
	DIR *proc;
	struct cgroups *cgroups;
};

/* counts.c: 0, or why the kernel does not tell, in `why`. */
int counts_read(struct snapshot *snapshot, char *why, size_t size);
/* maps.c */
int maps_step(struct run *run, struct snapshot *snapshot);
void maps_stop(struct snapshot *snapshot);
/* namespaces.c: finds them all, then tells of one at a time. */
int namespaces_find(struct run *run, struct snapshot *snapshot);
int hooks_step(struct run *run, struct snapshot *snapshot);
/* links.c; after the hooks, which know where links are. */
int links_step(struct run *run, struct snapshot *snapshot);
/* holders.c: a process at a time. */
int holders_step(struct run *run, struct snapshot *snapshot);
void holders_stop(struct snapshot *snapshot);

#endif
