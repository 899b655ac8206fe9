// SPDX-License-Identifier: Apache-2.0
/* mapdump: one map's entries, as JSON lines or as frames. It has no program of its own. */
#include "mapdump.meta.h"
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "map_walk.h"

struct state {
	int fd;
	struct bpf_map_info info;
	struct map_walk *walk;
	size_t stride;
	uint32_t cpus;
	uint64_t limit, entries;
	bool keys_only, binary, compress, told_map, complete;
	/* Of the entries' bytes before they are compressed. */
	uint64_t bytes;
	uint32_t crc;
	z_stream deflate;
	bool deflating;
	uint8_t *deflated;
	size_t deflated_room;
};

static int open_map(struct run *run, struct state *state)
{
	LIBBPF_OPTS(bpf_get_fd_by_id_opts, read_only, .open_flags = BPF_F_RDONLY);
	uint32_t id = (uint32_t)param_u64(run, "map_id"), size = sizeof(state->info);

	state->fd = bpf_map_get_fd_by_id_opts(id, &read_only);
	if (state->fd < 0 && errno == ENOENT)
		return run_fail(run, "no-map", "List the maps again: a map's id is never given twice.", "There is no map %u", id);
	if (state->fd < 0)
		return run_fail(run, "no-map", "It needs root, and a map that its owner lets user space read.",
				"The map %u cannot be opened: %s", id, strerror(errno));
	if (bpf_obj_get_info_by_fd(state->fd, &state->info, &size))
		return run_fail(run, "no-map", "", "The map %u does not say what it is: %s", id, strerror(errno));
	if (!map_has_keys(state->info.type))
		return run_fail(run, "not-readable", "Only maps whose keys can be listed have contents to show.",
				"The map %u is a %s: user space cannot list what is in it", id,
				map_type_name(state->info.type));
	return 0;
}

static int start(struct run *run)
{
	struct state *state = run_state(run, sizeof(*state));

	state->fd = -1;
	if (open_map(run, state))
		return -1;
	state->stride = map_value_stride(&state->info);
	state->cpus = map_value_cpus(&state->info);
	state->limit = param_given(run, "limit") ? param_u64(run, "limit") : UINT64_MAX;
	state->keys_only = param_bool(run, "keys_only");
	state->binary = !strcmp(param_text(run, "format"), "binary");
	state->compress = param_bool(run, "compress");
	if (state->compress && !state->binary)
		return run_refuse_param(run, "compress", "it needs format=binary");
	state->walk = map_walk_new(state->fd, &state->info);
	if (!state->walk || (state->compress && deflateInit(&state->deflate, Z_BEST_SPEED) != Z_OK))
		return run_fail(run, "no-memory", "", "There is no memory to read the map into");
	state->deflating = state->compress;
	return 0;
}

static void tell_map(struct run *run, struct state *state)
{
	const struct bpf_map_info *info = &state->info;
	struct out *out = emit(run, MAPDUMP_MAP);

	out_u64(out, "id", info->id);
	out_text(out, "name", info->name, sizeof(info->name));
	out_str(out, "type", map_type_name(info->type));
	out_u64(out, "key_size", info->key_size);
	out_u64(out, "value_size", info->value_size);
	out_u64(out, "value_stride", state->stride);
	out_u64(out, "cpus", state->cpus);
	out_u64(out, "max_entries", info->max_entries);
	out_u64(out, "btf_id", info->btf_id);
	out_u64(out, "btf_key_type_id", info->btf_key_type_id);
	out_u64(out, "btf_value_type_id", info->btf_value_type_id);
	emit_end(run);
	state->told_map = true;
	if (!state->binary)
		return;
	out_line(out, "frames");
	out_u64(out, "version", 1);
	out_u64(out, "key_size", info->key_size);
	out_u64(out, "value_stride", state->keys_only ? 0 : state->stride);
	out_end_line(out);
	out_begin_frames(out);
}

/* How many were told: no more than the run may. */
static uint32_t tell_entries(struct run *run, const struct state *state, const struct map_batch *batch)
{
	size_t one = state->stride / state->cpus;
	uint32_t i;

	for (i = 0; i < batch->count && !run_is_over(run); i++) {
		const uint8_t *value = batch->values + i * state->stride;
		struct out *out = emit(run, MAPDUMP_ENTRY);

		out_hex(out, "key", batch->keys + (size_t)i * state->info.key_size, state->info.key_size);
		if (!state->keys_only && state->cpus == 1) {
			out_hex(out, "value", value, state->stride);
		} else if (!state->keys_only) {
			out_begin_list(out, "values");
			for (uint32_t cpu = 0; cpu < state->cpus; cpu++)
				out_hex(out, NULL, value + cpu * one, state->info.value_size);
			out_end_list(out);
		}
		emit_end(run);
	}
	return i;
}

static int add_deflated(struct run *run, struct state *state, const struct iovec *pieces, size_t count, size_t size)
{
	size_t room = deflateBound(&state->deflate, size);
	struct iovec whole;

	if (room > state->deflated_room) {
		uint8_t *deflated = realloc(state->deflated, room);

		if (!deflated)
			return run_fail(run, "no-memory", "", "There is no memory to compress what was read");
		state->deflated = deflated;
		state->deflated_room = room;
	}
	deflateReset(&state->deflate);
	state->deflate.next_out = state->deflated;
	state->deflate.avail_out = (uInt)state->deflated_room;
	for (size_t i = 0; i < count; i++) {
		state->deflate.next_in = pieces[i].iov_base;
		state->deflate.avail_in = (uInt)pieces[i].iov_len;
		deflate(&state->deflate, i + 1 == count ? Z_FINISH : Z_NO_FLUSH);
	}
	whole = (struct iovec){ state->deflated, state->deflated_room - state->deflate.avail_out };
	out_frame(run_out(run), FRAME_DEFLATED, &whole, 1);
	return 0;
}

static int frame_entries(struct run *run, struct state *state, const struct map_batch *batch)
{
	uint32_t count = htole32(batch->count);
	const struct iovec pieces[] = {
		{ &count, sizeof(count) },
		{ (void *)batch->keys, (size_t)batch->count * state->info.key_size },
		{ (void *)batch->values, state->keys_only ? 0 : batch->count * state->stride },
	};
	size_t size = 0;

	for (size_t i = 0; i < 3; i++) {
		state->crc = (uint32_t)crc32_z(state->crc, pieces[i].iov_base, pieces[i].iov_len);
		size += pieces[i].iov_len;
	}
	state->bytes += size;
	if (state->compress)
		return add_deflated(run, state, pieces, 3, size);
	out_frame(run_out(run), FRAME_ENTRIES, pieces, 3);
	return 0;
}

static void finish(struct run *run, struct state *state)
{
	const struct {
		uint64_t entries, bytes;
		uint32_t crc;
	} __attribute__((packed)) end = { htole64(state->entries), htole64(state->bytes), htole32(state->crc) };

	if (state->binary)
		out_frame(run_out(run), FRAME_END, &(struct iovec){ (void *)&end, sizeof(end) }, 1);
	run_end(run);
}

static int work(struct run *run)
{
	struct state *state = run_state(run, sizeof(*state));
	struct map_batch batch;
	int result;

	if (!state->told_map)
		tell_map(run, state);
	result = map_walk_next(state->walk, &batch);
	if (result == -EAGAIN) {
		run_note(run, "changes-too-fast", "The map changes faster than it can be read: what was told is not all of it.");
		finish(run, state);
		return 0;
	}
	if (result < 0)
		return run_fail(run, "not-readable", "Maps of sockets, of packets and of perf events do not show their values.",
				"The map %u (%s) could not be read after %llu entries: %s", state->info.id,
				map_type_name(state->info.type), (unsigned long long)state->entries, strerror(-result));
	if (batch.count > state->limit - state->entries)
		batch.count = (uint32_t)(state->limit - state->entries);
	if (batch.count && state->binary) {
		if (frame_entries(run, state, &batch))
			return -1;
	} else {
		batch.count = tell_entries(run, state, &batch);
	}
	state->entries += batch.count;
	state->complete = result == 0;
	if (state->complete || state->entries == state->limit)
		finish(run, state);
	return 0;
}

static void summary(struct run *run, struct out *out)
{
	const struct state *state = run_state(run, sizeof(*state));
	struct map_walk_figures figures = map_walk_figures(state->walk);

	out_u64(out, "entries", state->entries);
	out_bool(out, "complete", state->complete);
	out_str(out, "way", figures.way);
	out_u64(out, "repeated", figures.repeated);
	out_u64(out, "restarts", figures.restarts);
	out_u64(out, "without_value", figures.without_value);
}

static void stop(struct run *run)
{
	struct state *state = run_state(run, sizeof(*state));

	map_walk_free(state->walk);
	state->walk = NULL;
	if (state->deflating)
		deflateEnd(&state->deflate);
	state->deflating = false;
	free(state->deflated);
	state->deflated = NULL;
	if (state->fd > 0)
		close(state->fd);
	state->fd = -1;
}

static const struct tracer tracer = {
	.meta = &mapdump_meta, .start = start, .work = work, .summary = summary, .stop = stop
};
REGISTER_TRACER(tracer);
