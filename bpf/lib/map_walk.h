/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads a map's entries as fast as the kernel allows: by BPF_MAP_LOOKUP_BATCH, or key by key where the kernel or the
 * map's type has no batches. While the map is changed, an entry that stays is read exactly once, an entry that comes or
 * goes at most once.
 */
#ifndef BPFDESK_MAP_WALK_H
#define BPFDESK_MAP_WALK_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map_walk;

/* Valid until the next call. Keys one after the other, values one after the other. */
struct map_batch {
	const uint8_t *keys;
	const uint8_t *values;
	uint32_t count;
};

struct map_walk_figures {
	/* "batch", "keys" or "index". */
	const char *way;
	/* Read again after the kernel had to begin anew, and left out. */
	uint64_t repeated;
	/* So often it began anew, because the key to go on from was deleted meanwhile. */
	uint32_t restarts;
	/* Keys whose value could not be read: deleted meanwhile, or an empty slot. */
	uint64_t without_value;
};

/* NULL when there is no memory. `fd` stays the caller's. */
struct map_walk *map_walk_new(int fd, const struct bpf_map_info *info);
void map_walk_free(struct map_walk *walk);
/*
 * 1: `batch` holds entries (perhaps none yet); 0: that was all; otherwise a negative errno: -EOPNOTSUPP for a map whose
 * entries user space cannot read, -EAGAIN for one that changes too fast to be read to its end this way.
 */
int map_walk_next(struct map_walk *walk, struct map_batch *batch);
struct map_walk_figures map_walk_figures(const struct map_walk *walk);

/* Bytes of one value as it is read: of all possible CPUs for a per-CPU map (each in a multiple of eight), an id for maps of descriptors. */
size_t map_value_stride(const struct bpf_map_info *info);
/* Possible CPUs for a per-CPU map, otherwise 1. */
uint32_t map_value_cpus(const struct bpf_map_info *info);
/* Every key from 0 up is there (arrays and their like). */
bool map_is_indexed(uint32_t type);
/* It holds ids or nothing that can be listed by key: queues, rings, storages. */
bool map_has_keys(uint32_t type);
/* "lru_hash"; "type 99" for one that is newer than this. Valid until the next call. */
const char *map_type_name(uint32_t type);

#endif
