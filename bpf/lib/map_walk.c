// SPDX-License-Identifier: Apache-2.0
/*
 * Walking a map. Hash tables give whole buckets under their lock, so nothing is told twice. Every other type goes on
 * from the last key, and begins anew when that was deleted meanwhile: keys told before are known by their hash and left out.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "map_walk.h"

/* The kernel's own ENOTSUPP, which no header of user space has. */
#define KERNEL_ENOTSUPP 524
/* One call reads about so much. */
#define BATCH_BYTES (1024 * 1024)
#define MOST_AT_ONCE 32768
#define LEAST_AT_ONCE 32
/* Key by key, entries between two looks at what else is to be done. */
#define KEYS_AT_ONCE 1024
/* So many times what was told is read again, of a map that changes faster than it is read; then it is given up. */
#define MOST_REPEATS 16

enum way { BY_BATCH, BY_KEYS, BY_INDEX };

struct map_walk {
	int fd;
	uint32_t type, key_size, max_entries, room;
	size_t stride;
	enum way way;
	bool started, ended;
	/* Where to go on: the kernel's token, or the last key. */
	uint8_t *token, *last_key;
	uint32_t index;
	uint8_t *keys, *values;
	/* Hashes of keys already told; 0 is a free place. NULL while nothing can be told twice. */
	uint64_t *told;
	size_t told_count, told_room;
	bool repeating;
	struct map_walk_figures figures;
};

struct map_walk_figures map_walk_figures(const struct map_walk *walk)
{
	static const char *const names[] = { "batch", "keys", "index" };
	struct map_walk_figures figures = walk->figures;

	figures.way = names[walk->way];
	return figures;
}

static bool make_room(struct map_walk *walk, uint32_t room)
{
	/* A stride of 0 is a map of keys. */
	uint8_t *keys = realloc(walk->keys, (size_t)room * walk->key_size + 1);
	uint8_t *values;

	if (keys)
		walk->keys = keys;
	values = keys ? realloc(walk->values, (size_t)room * walk->stride + 1) : NULL;
	if (!values)
		return false;
	walk->values = values;
	walk->room = room;
	return true;
}

struct map_walk *map_walk_new(int fd, const struct bpf_map_info *info)
{
	struct map_walk *walk = calloc(1, sizeof(*walk));
	size_t room;

	if (!walk)
		return NULL;
	walk->fd = fd;
	walk->type = info->type;
	walk->key_size = info->key_size;
	walk->max_entries = info->max_entries;
	walk->stride = map_value_stride(info);
	room = BATCH_BYTES / (walk->stride + walk->key_size + 1);
	if (room > MOST_AT_ONCE)
		room = MOST_AT_ONCE;
	if (room < LEAST_AT_ONCE)
		room = LEAST_AT_ONCE;
	/* The token is a bucket's number or a key (bpf(2) says: at least four bytes). */
	walk->token = calloc(2, (size_t)walk->key_size + sizeof(uint32_t));
	walk->last_key = calloc(1, (size_t)walk->key_size + 1);
	if (!walk->token || !walk->last_key || !make_room(walk, (uint32_t)room)) {
		map_walk_free(walk);
		return NULL;
	}
	return walk;
}

void map_walk_free(struct map_walk *walk)
{
	if (!walk)
		return;
	free(walk->token);
	free(walk->last_key);
	free(walk->keys);
	free(walk->values);
	free(walk->told);
	free(walk);
}

/* Hash tables' batches cannot tell an entry twice (__htab_map_lookup_and_delete_batch), indexes do not move. */
static bool may_repeat(const struct map_walk *walk)
{
	if (map_is_indexed(walk->type))
		return false;
	return walk->way != BY_BATCH ||
	       (walk->type != BPF_MAP_TYPE_HASH && walk->type != BPF_MAP_TYPE_PERCPU_HASH &&
		walk->type != BPF_MAP_TYPE_LRU_HASH && walk->type != BPF_MAP_TYPE_LRU_PERCPU_HASH);
}

/* FNV-1a of 64 bits with a last mixing, so that its low bits serve as a place. Never 0. */
static uint64_t hash_of(const uint8_t *key, size_t size)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ key[i]) * UINT64_C(0x100000001b3);
	hash ^= hash >> 32;
	hash *= UINT64_C(0x9e3779b97f4a7c15);
	hash ^= hash >> 29;
	return hash ? hash : 1;
}

static bool grow_told(struct map_walk *walk)
{
	size_t room = walk->told_room ? walk->told_room * 2 : 4096;
	uint64_t *told = calloc(room, sizeof(*told));

	if (!told)
		return false;
	for (size_t i = 0; i < walk->told_room; i++) {
		size_t at = walk->told[i] & (room - 1);

		if (!walk->told[i])
			continue;
		while (told[at])
			at = (at + 1) & (room - 1);
		told[at] = walk->told[i];
	}
	free(walk->told);
	walk->told = told;
	walk->told_room = room;
	return true;
}

/* 1: it is new and is remembered; 0: it was told before; or -ENOMEM. */
static int remember(struct map_walk *walk, const uint8_t *key)
{
	uint64_t hash = hash_of(key, walk->key_size);
	size_t at;

	if (walk->told_count * 2 >= walk->told_room && !grow_told(walk))
		return -ENOMEM;
	at = hash & (walk->told_room - 1);
	while (walk->told[at]) {
		if (walk->told[at] == hash) {
			walk->figures.repeated++;
			walk->figures.restarts += !walk->repeating;
			walk->repeating = true;
			return 0;
		}
		at = (at + 1) & (walk->told_room - 1);
	}
	walk->told[at] = hash;
	walk->told_count++;
	walk->repeating = false;
	return 1;
}

/* Leaves out what was told before. */
static int only_new(struct map_walk *walk, struct map_batch *batch)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < batch->count; i++) {
		uint8_t *key = walk->keys + (size_t)i * walk->key_size;
		int is_new = remember(walk, key);

		if (is_new < 0)
			return is_new;
		if (!is_new)
			continue;
		if (kept != i) {
			memcpy(walk->keys + (size_t)kept * walk->key_size, key, walk->key_size);
			memcpy(walk->values + kept * walk->stride, walk->values + i * walk->stride, walk->stride);
		}
		kept++;
	}
	batch->count = kept;
	return walk->figures.repeated / MOST_REPEATS > walk->told_count ? -EAGAIN : 1;
}

static bool lacks_batches(int error)
{
	/* EINVAL: a kernel before aa2e93b8e58e (5.6) knows no such command, one before 1130b1cf95f8 none for some types. */
	return error == -KERNEL_ENOTSUPP || error == -EOPNOTSUPP || error == -EINVAL;
}

static int next_batch(struct map_walk *walk, struct map_batch *batch)
{
	/* In and out must be two places: the kernel writes one while it reads the other. */
	uint8_t *in = walk->token, *out = walk->token + walk->key_size + sizeof(uint32_t);
	uint32_t count = walk->room;
	int error = bpf_map_lookup_batch(walk->fd, walk->started ? in : NULL, out, walk->keys, walk->values, &count, NULL);

	if (error == -ENOSPC) {
		/* A bucket holds more than there is room for; nothing was told. */
		if (walk->room >= walk->max_entries)
			return -EAGAIN;
		return make_room(walk, walk->room * 2) ? 1 : -ENOMEM;
	}
	if (error && !walk->started && lacks_batches(error)) {
		walk->way = map_is_indexed(walk->type) ? BY_INDEX : BY_KEYS;
		return 1;
	}
	/* EINTR: an entry went while it was read (generic_map_lookup_batch before 5644c6b50ffe); those before it count. */
	if (error && error != -ENOENT && !(error == -EINTR && count)) {
		if (error != -EINTR)
			return error;
		walk->way = map_is_indexed(walk->type) ? BY_INDEX : BY_KEYS;
		return 1;
	}
	batch->count = count;
	if (count)
		memcpy(walk->last_key, walk->keys + (size_t)(count - 1) * walk->key_size, walk->key_size);
	walk->index += count;
	memcpy(in, out, walk->key_size + sizeof(uint32_t));
	walk->started = true;
	walk->ended = error == -ENOENT;
	return 1;
}

/* 1: the key's value is in its place; 0: it has none; or a negative errno. */
static int look_up(struct map_walk *walk, const uint8_t *key, uint32_t at)
{
	int error = bpf_map_lookup_elem(walk->fd, key, walk->values + at * walk->stride);

	if (!error)
		return 1;
	if (error == -ENOENT) {
		walk->figures.without_value++;
		return 0;
	}
	return error == -KERNEL_ENOTSUPP ? -EOPNOTSUPP : error;
}

static int next_keys(struct map_walk *walk, struct map_batch *batch)
{
	for (uint32_t step = 0; step < KEYS_AT_ONCE && step < walk->room; step++) {
		uint8_t *key = walk->keys + (size_t)batch->count * walk->key_size;
		int found;

		if (walk->way == BY_INDEX) {
			walk->ended = walk->index >= walk->max_entries;
			if (walk->ended)
				break;
			memcpy(key, &walk->index, sizeof(walk->index));
			walk->index++;
		} else {
			int error = bpf_map_get_next_key(walk->fd, walk->started ? walk->last_key : NULL, key);

			walk->ended = error == -ENOENT;
			if (walk->ended)
				break;
			if (error)
				return error == -KERNEL_ENOTSUPP ? -EOPNOTSUPP : error;
			memcpy(walk->last_key, key, walk->key_size);
			walk->started = true;
		}
		found = look_up(walk, key, batch->count);
		if (found < 0)
			return found;
		batch->count += (uint32_t)found;
	}
	return 1;
}

int map_walk_next(struct map_walk *walk, struct map_batch *batch)
{
	int result;

	*batch = (struct map_batch){};
	if (walk->ended)
		return 0;
	if (!map_has_keys(walk->type))
		return -EOPNOTSUPP;
	result = walk->way == BY_BATCH ? next_batch(walk, batch) : next_keys(walk, batch);
	if (result == 1 && may_repeat(walk))
		result = only_new(walk, batch);
	batch->keys = walk->keys;
	batch->values = walk->values;
	return result;
}
