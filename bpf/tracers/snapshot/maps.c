// SPDX-License-Identifier: Apache-2.0
/* Every map, with its entries: as the kernel counts them, or by reading the map, one batch at a time. */
#include "snapshot.meta.h"
#include <bpf/bpf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parts.h"

struct fdinfo {
	uint64_t memlock;
	bool frozen, has_owner;
	uint32_t owner_prog_type;
};

/* bpf_map_show_fdinfo() tells what the info of a map does not. */
static struct fdinfo read_fdinfo(int fd)
{
	struct fdinfo info = {};
	char path[64], line[128];
	FILE *file;
	uint32_t number;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	file = fopen(path, "re");
	if (!file)
		return info;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "memlock: %" SCNu64, &info.memlock) == 1)
			continue;
		if (sscanf(line, "frozen: %" SCNu32, &number) == 1)
			info.frozen = number != 0;
		else if (sscanf(line, "owner_prog_type: %" SCNu32, &info.owner_prog_type) == 1)
			info.has_owner = true;
	}
	fclose(file);
	return info;
}

static int by_id(const void *id, const void *count)
{
	uint32_t wanted = *(const uint32_t *)id, has = ((const struct map_count *)count)->id;

	return wanted < has ? -1 : wanted > has;
}

static const char *prog_type_name(uint32_t type)
{
	const char *name = libbpf_bpf_prog_type_str(type);

	return name ? name : "newer than this tool";
}

static void tell(struct run *run, struct snapshot *snapshot, const char *counted, uint64_t entries, const char *why)
{
	const struct bpf_map_info *map = &snapshot->map;
	struct fdinfo fdinfo = read_fdinfo(snapshot->map_fd);
	struct out *out = emit(run, SNAPSHOT_MAP);

	out_u64(out, "id", map->id);
	out_text(out, "name", map->name, sizeof(map->name));
	out_str(out, "type", map_type_name(map->type));
	if (strcmp(counted, "no"))
		out_u64(out, "entries", entries);
	else
		out_null(out, "entries");
	out_str(out, "counted", counted);
	out_u64(out, "max_entries", map->max_entries);
	out_u64(out, "key_size", map->key_size);
	out_u64(out, "value_size", map->value_size);
	out_u64(out, "memlock_bytes", fdinfo.memlock);
	out_u64(out, "flags", map->map_flags);
	out_bool(out, "frozen", fdinfo.frozen);
	if (fdinfo.has_owner)
		out_str(out, "owner_prog_type", prog_type_name(fdinfo.owner_prog_type));
	else
		out_null(out, "owner_prog_type");
	out_str(out, "why", why);
	emit_end(run);
	snapshot->told[SNAPSHOT_MAP]++;
	maps_stop(snapshot);
}

void maps_stop(struct snapshot *snapshot)
{
	map_walk_free(snapshot->walk);
	snapshot->walk = NULL;
	/* 0 before it began. */
	if (snapshot->map_fd > 0)
		close(snapshot->map_fd);
	snapshot->map_fd = -1;
}

/* An array of values has all its slots; one of programs, maps or sockets has those that are filled. */
static bool has_all_slots(uint32_t type)
{
	return type == BPF_MAP_TYPE_ARRAY || type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

static int read_on(struct run *run, struct snapshot *snapshot)
{
	struct map_batch batch;
	int result = map_walk_next(snapshot->walk, &batch);

	snapshot->read += batch.count;
	if (result == 1 && snapshot->read < snapshot->count_limit)
		return 1;
	if (result == 0)
		tell(run, snapshot, "read", snapshot->read, "");
	else if (result == 1)
		tell(run, snapshot, "at_least", snapshot->read, "it has more entries than were to be read");
	else if (result == -EAGAIN)
		tell(run, snapshot, "at_least", snapshot->read, "it changes faster than it can be read");
	else
		tell(run, snapshot, "no", 0, strerror(-result));
	return 1;
}

/* Opens the next map. 1, or 0 after the last. */
static int open_next(struct run *run, struct snapshot *snapshot)
{
	LIBBPF_OPTS(bpf_get_fd_by_id_opts, read_only, .open_flags = BPF_F_RDONLY);
	uint32_t size = sizeof(snapshot->map);

	if (bpf_map_get_next_id(snapshot->last_id, &snapshot->last_id)) {
		if (errno == ENOENT)
			return 0;
		return run_fail(run, "no-maps", "It needs root.", "The maps cannot be listed: %s", strerror(errno));
	}
	snapshot->map = (struct bpf_map_info){};
	snapshot->map_fd = bpf_map_get_fd_by_id_opts(snapshot->last_id, &read_only);
	/* Gone meanwhile. */
	if (snapshot->map_fd < 0 && errno == ENOENT)
		return 1;
	if (snapshot->map_fd < 0 || bpf_obj_get_info_by_fd(snapshot->map_fd, &snapshot->map, &size)) {
		snapshot->map.id = snapshot->last_id;
		tell(run, snapshot, "no", 0, strerror(errno));
	}
	return 1;
}

int maps_step(struct run *run, struct snapshot *snapshot)
{
	const struct map_count *counted;
	int result;

	if (snapshot->walk)
		return read_on(run, snapshot);
	result = open_next(run, snapshot);
	if (result != 1 || snapshot->map_fd < 0)
		return result;
	counted = bsearch(&snapshot->map.id, snapshot->counts.items, snapshot->counts.count, sizeof(*counted), by_id);
	if (counted) {
		tell(run, snapshot, "kernel", counted->entries, "");
	} else if (has_all_slots(snapshot->map.type)) {
		tell(run, snapshot, "slots", snapshot->map.max_entries, "");
	} else if (!map_has_keys(snapshot->map.type)) {
		tell(run, snapshot, "no", 0, "its entries cannot be listed");
	} else if (!snapshot->count_limit) {
		tell(run, snapshot, "no", 0, "it would have to be read");
	} else {
		snapshot->read = 0;
		snapshot->walk = map_walk_new(snapshot->map_fd, &snapshot->map);
		if (!snapshot->walk)
			return run_fail(run, "no-memory", "", "There is no memory to read the map %u into", snapshot->map.id);
	}
	return 1;
}
