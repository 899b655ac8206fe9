// SPDX-License-Identifier: Apache-2.0
/*
 * Totals by owner and peer: what the programs counted of connections that have ended, and on top what those that are open
 * have done so far.
 */
#include <stdlib.h>
#include <string.h>

#include "connect.meta.h"
#include "connect.skel.h"
#include "state.h"

#define FIRST_ROOM 256
/* Rows beyond are put together in the one without a name. */
#define MOST_ROWS 32768
#define TOLD_EACH_TICK 1024
#define IN_SUMMARY 100

struct totals {
	struct peer ended;
	uint64_t open;
};

struct row {
	struct peer_key key;
	struct totals now, told;
	bool used;
};

/* An open hash: `room` is a power of two, at most half of it used. */
struct peers {
	struct row *rows;
	size_t room, count;
	/* Where the next tick begins to tell. */
	size_t next;
};

int peers_begin(struct run *run, struct connect_state *state)
{
	int fd = bpf_map__fd(state->skeleton->maps.peers);
	const struct peer_key others = {};
	const struct peer none = {};

	state->peers = calloc(1, sizeof(*state->peers));
	if (!state->peers)
		abort();
	rows_begin(&state->ended, fd, sizeof(struct peer_key), sizeof(struct peer),
		   bpf_map__max_entries(state->skeleton->maps.peers));
	if (bpf_map_update_elem(fd, &others, &none, BPF_ANY))
		return run_fail(run, "no-table", "The node may be out of memory.", "The table of peers is not there.");
	return 0;
}

void peers_end(struct connect_state *state)
{
	if (state->peers)
		free(state->peers->rows);
	free(state->peers);
	state->peers = NULL;
	rows_end(&state->ended);
}

/* FNV-1a. */
static size_t hash(const struct peer_key *key)
{
	const unsigned char *bytes = (const unsigned char *)key;
	uint64_t value = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < sizeof(*key); i++)
		value = (value ^ bytes[i]) * UINT64_C(0x100000001b3);
	return (size_t)(value ^ value >> 32);
}

static struct row *slot(struct row *rows, size_t room, const struct peer_key *key)
{
	size_t at = hash(key) & (room - 1);

	while (rows[at].used && memcmp(&rows[at].key, key, sizeof(*key)))
		at = (at + 1) & (room - 1);
	return &rows[at];
}

static void grow(struct peers *peers)
{
	size_t room = peers->room ? peers->room * 2 : FIRST_ROOM;
	struct row *rows = calloc(room, sizeof(*rows));

	if (!rows)
		abort();
	for (size_t i = 0; i < peers->room; i++)
		if (peers->rows[i].used)
			*slot(rows, room, &peers->rows[i].key) = peers->rows[i];
	free(peers->rows);
	peers->rows = rows;
	peers->room = room;
}

static struct row *row_of(struct peers *peers, const struct peer_key *key)
{
	const struct peer_key others = {};
	struct row *row;

	if (peers->count * 2 >= peers->room)
		grow(peers);
	row = slot(peers->rows, peers->room, key);
	if (row->used)
		return row;
	if (peers->count >= MOST_ROWS)
		row = slot(peers->rows, peers->room, &others);
	peers->count += !row->used;
	row->key = peers->count > MOST_ROWS ? others : *key;
	row->used = true;
	return row;
}

/* As key_of() in connect.bpf.c. */
static struct peer_key key_of(const struct connect_event *event)
{
	const struct connection *connection = &event->connection;
	struct peer_key key = {
		.cgroup_id = event->owner.cgroup_id,
		.netns = connection->netns,
		.family = connection->family,
		.direction = connection->direction,
	};

	memcpy(key.remote, connection->remote, sizeof(key.remote));
	memcpy(key.comm, event->owner.comm, sizeof(key.comm));
	if (connection->direction == DIRECTION_CONNECT)
		key.port = connection->rport;
	else if (connection->direction == DIRECTION_ACCEPT)
		key.port = connection->lport;
	return key;
}

static void add_live(struct peers *peers, const struct connect_event *event)
{
	const struct connection *connection = &event->connection;
	const struct peer_key key = key_of(event);
	struct totals *now = &row_of(peers, &key)->now;

	now->open++;
	now->ended.sent += connection->sent;
	now->ended.received += connection->received;
	if (event->time_ns > now->ended.last_ns)
		now->ended.last_ns = event->time_ns;
	now->ended.outcomes[connection->outcome < OUTCOMES ? connection->outcome : OUTCOME_PENDING]++;
	if (connection->direction == DIRECTION_CONNECT && connection->start_ns && connection->established_ns) {
		uint64_t latency = connection->established_ns - connection->start_ns;

		now->ended.latency_sum_ns += latency;
		if (latency > now->ended.latency_max_ns)
			now->ended.latency_max_ns = latency;
	}
}

/* Everything but the time of the last look. */
static bool has_changed(const struct row *row)
{
	struct totals now = row->now;

	now.ended.last_ns = row->told.ended.last_ns;
	return memcmp(&now, &row->told, sizeof(now)) != 0;
}

static uint64_t attempts(const struct totals *now)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < OUTCOMES; i++)
		sum += now->ended.outcomes[i];
	return sum;
}

static void write_row(struct connect_state *state, struct out *out, const struct row *row)
{
	const struct peer_key *key = &row->key;
	const struct peer *ended = &row->now.ended;
	uint64_t established = ended->outcomes[OUTCOME_ESTABLISHED];
	uint64_t failed = attempts(&row->now) - established - ended->outcomes[OUTCOME_PENDING];

	if (key->direction == DIRECTION_UNKNOWN)
		out_null(out, "direction");
	else
		out_str(out, "direction", direction_name(key->direction));
	if (key->comm[0])
		out_text(out, "comm", key->comm, sizeof(key->comm));
	else
		out_null(out, "comm");
	cgroups_write(state->cgroups, out, "cgroup", key->cgroup_id);
	if (key->family)
		out_ip(out, "remote", key->family, key->remote);
	else
		out_null(out, "remote");
	if (key->port)
		out_u64(out, "port", key->port);
	else
		out_null(out, "port");
	out_u64(out, "netns", key->netns);
	out_u64(out, "connections", attempts(&row->now));
	out_u64(out, "open", row->now.open);
	out_u64(out, "failed", failed);
	out_u64(out, "refused", ended->outcomes[OUTCOME_REFUSED]);
	out_u64(out, "timed_out", ended->outcomes[OUTCOME_TIMED_OUT]);
	out_u64(out, "unreachable", ended->outcomes[OUTCOME_UNREACHABLE]);
	out_u64(out, "resets", ended->resets);
	if (key->direction == DIRECTION_CONNECT && established) {
		out_u64(out, "latency_us", ended->latency_sum_ns / established / 1000);
		out_u64(out, "latency_max_us", ended->latency_max_ns / 1000);
	} else {
		out_null(out, "latency_us");
		out_null(out, "latency_max_us");
	}
	out_u64(out, "bytes_sent", ended->sent);
	out_u64(out, "bytes_received", ended->received);
}

static void tell_rows(struct run *run, struct connect_state *state)
{
	struct peers *peers = state->peers;
	size_t told = 0;

	for (size_t i = 0; i < peers->room; i++) {
		struct row *row = &peers->rows[(peers->next + i) & (peers->room - 1)];
		struct out *out;

		if (!row->used || !attempts(&row->now) || (!state->ending && !has_changed(row)))
			continue;
		/* The others are told by the next ticks. */
		if (!state->ending && told++ == TOLD_EACH_TICK) {
			peers->next += i;
			return;
		}
		out = emit(run, CONNECT_PEER);
		write_row(state, out, row);
		out_u64(out, "last_us", epoch_us(run, row->now.ended.last_ns));
		emit_end(run);
		row->told = row->now;
	}
}

int peers_tell(struct run *run, struct connect_state *state)
{
	struct peers *peers = state->peers;

	if (rows_read(&state->ended))
		return run_fail(run, "no-table", "The node may be out of memory.", "The table of peers could not be read.");
	for (size_t i = 0; i < peers->room; i++)
		peers->rows[i].now = (struct totals){};
	for (size_t i = 0; i < state->ended.count; i++)
		row_of(peers, rows_key(&state->ended, i))->now.ended = *(const struct peer *)rows_value(&state->ended, i);
	for (size_t i = 0; i < state->live_count; i++)
		add_live(peers, &state->live[i]);
	tell_rows(run, state);
	return 0;
}

static int by_attempts(const void *a, const void *b)
{
	const struct row *left = *(const struct row *const *)a, *right = *(const struct row *const *)b;
	uint64_t more = attempts(&left->now), than = attempts(&right->now);

	return more < than ? 1 : more > than ? -1 : 0;
}

void peers_summary(struct connect_state *state, struct out *out)
{
	struct peers *peers = state->peers;
	const struct row **sorted = calloc(peers->count + 1, sizeof(*sorted));
	size_t count = 0;

	if (!sorted)
		abort();
	for (size_t i = 0; i < peers->room; i++)
		if (peers->rows[i].used && attempts(&peers->rows[i].now))
			sorted[count++] = &peers->rows[i];
	qsort(sorted, count, sizeof(*sorted), by_attempts);
	out_begin_list(out, "peers");
	for (size_t i = 0; i < count && i < IN_SUMMARY; i++) {
		out_begin_object(out, NULL);
		write_row(state, out, sorted[i]);
		out_end_object(out);
	}
	out_end_list(out);
	free(sorted);
}
