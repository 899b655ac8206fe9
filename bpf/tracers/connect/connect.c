// SPDX-License-Identifier: Apache-2.0
/* connect, user side: chooses what is followed, loads the programs, and tells of single connections. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "connect.meta.h"
#include "connect.skel.h"
#include "state.h"

static struct connect_state *state_of(struct run *run)
{
	return run_state(run, sizeof(struct connect_state));
}

const char *direction_name(uint8_t direction)
{
	return direction == DIRECTION_ACCEPT ? "accept" : "connect";
}

static void write_name(struct out *out, const char *field, const char *const *names, size_t count, uint8_t value)
{
	if (value < count && names[value])
		out_str(out, field, names[value]);
	else
		out_null(out, field);
}

static void write_owner(struct connect_state *state, struct out *out, const struct process *owner)
{
	if (owner->tgid) {
		out_u64(out, "pid", owner->tgid);
		out_text(out, "comm", owner->comm, sizeof(owner->comm));
		out_text(out, "exe", owner->exe, sizeof(owner->exe));
	} else {
		out_null(out, "pid");
		out_null(out, "comm");
		out_null(out, "exe");
	}
	cgroups_write(state->cgroups, out, "cgroup", owner->cgroup_id);
}

/* From `from` to `to`, null when either is not known. */
static void write_span(struct out *out, const char *field, uint64_t from, uint64_t to)
{
	if (from && to >= from)
		out_u64(out, field, (to - from) / 1000);
	else
		out_null(out, field);
}

void tell_connection(struct run *run, struct connect_state *state, const struct connect_event *event)
{
	static const char *const outcomes[] = { "pending",     "established", "refused",   "timed_out",
						"unreachable", "reset",	      "abandoned", "failed" };
	static const char *const ends[] = { "open",	    NULL,	   "closed",	  "local_reset",
					    "remote_reset", "timed_out", "unreachable", "aborted" };
	static const char *const sides[] = { NULL, "local", "remote" };
	const struct connection *connection = &event->connection;
	bool was_one = connection->outcome == OUTCOME_ESTABLISHED;
	struct out *out = emit(run, CONNECT_CONNECTION);

	out_u64(out, "time_us", epoch_us(run, event->time_ns));
	if (connection->direction == DIRECTION_UNKNOWN)
		out_null(out, "direction");
	else
		out_str(out, "direction", direction_name(connection->direction));
	write_owner(state, out, &event->owner);
	out_ip(out, "local", connection->family, connection->local);
	out_u64(out, "lport", connection->lport);
	out_ip(out, "remote", connection->family, connection->remote);
	out_u64(out, "rport", connection->rport);
	out_u64(out, "netns", connection->netns);
	write_name(out, "outcome", outcomes, sizeof(outcomes) / sizeof(outcomes[0]), connection->outcome);
	write_name(out, "end", ends, sizeof(ends) / sizeof(ends[0]), connection->end);
	write_name(out, "closed_by", sides, sizeof(sides) / sizeof(sides[0]), connection->closed_by);
	if (connection->error)
		out_str(out, "error", strerrorname_np(connection->error));
	else
		out_null(out, "error");
	if (connection->start_ns)
		out_u64(out, "start_us", epoch_us(run, connection->start_ns));
	else
		out_null(out, "start_us");
	/* Of one that was accepted, the kernel sees the socket only when all is done. */
	write_span(out, "latency_us", connection->direction == DIRECTION_CONNECT ? connection->start_ns : 0,
		   was_one ? connection->established_ns : connection->end_ns);
	write_span(out, "duration_us", connection->established_ns, connection->end_ns ?: event->time_ns);
	out_u64(out, "bytes_sent", connection->sent);
	out_u64(out, "bytes_received", connection->received);
	out_u64(out, "segs_out", connection->segs_out);
	out_u64(out, "segs_in", connection->segs_in);
	out_u64(out, "retrans", connection->retrans);
	out_u64(out, "srtt_us", connection->srtt_us);
	emit_end(run);
}

static int on_event(void *context, void *data, size_t size)
{
	tell_connection(context, state_of(context), data);
	return 0;
}

static void configure(struct run *run, struct connect_state *state)
{
	const char *direction = param_text(run, "direction");

	if (!strcmp(direction, "connect"))
		state->skeleton->rodata->chosen_direction = DIRECTION_CONNECT;
	else if (!strcmp(direction, "accept"))
		state->skeleton->rodata->chosen_direction = DIRECTION_ACCEPT;
	state->skeleton->rodata->chosen_port = (uint16_t)param_u64(run, "port");
	state->skeleton->rodata->only_failed = param_bool(run, "failed");
	state->skeleton->rodata->tell_opened = param_bool(run, "opened");
	/* TCP only. */
	state->skeleton->rodata->owner_protocol = 6;
	bpf_map__set_max_entries(state->skeleton->maps.connections, (uint32_t)param_u64(run, "connections"));
}

static int start(struct run *run)
{
	struct connect_state *state = state_of(run);

	state->skeleton = connect_bpf__open();
	if (!state->skeleton)
		return run_fail(run, "no-program", "", "Its programs cannot be opened: %s", last_libbpf_warning());
	configure(run, state);
	owners_choose(run, state->skeleton->obj);
	bpf_program__set_autoattach(state->skeleton->progs.list_live, false);
	state->cgroups = cgroups_new(run);
	if (connect_bpf__load(state->skeleton))
		return run_fall_back(run, "its programs do not load: %s", last_libbpf_warning());
	if (peers_begin(run, state) || run_add_object(run, state->skeleton->obj) ||
	    run_add_ring(run, bpf_map__fd(state->skeleton->maps.events), on_event, run))
		return -1;
	live_begin(run, state);
	if (connect_bpf__attach(state->skeleton))
		return run_fall_back(run, "its programs do not attach: %s", last_libbpf_warning());
	return owners_start(&state->owners, run, state->skeleton->obj);
}

static bool knows_all_owners(const struct connect_state *state)
{
	for (size_t i = 0; i < state->live_count; i++)
		if (!state->live[i].owner.tgid && state->live[i].connection.outcome == OUTCOME_ESTABLISHED)
			return false;
	return true;
}

static int tick(struct run *run)
{
	struct connect_state *state = state_of(run);

	run_count_misses(run, state->skeleton->obj);
	cgroups_tick(state->cgroups);
	if (live_read(run, state))
		return -1;
	/* Who they are found to be is in the list when it is read the next time, which at the end is now. */
	if (!knows_all_owners(state) && owners_scan(&state->owners, state->ending) && state->ending && live_read(run, state))
		return -1;
	/* Of an older look, what has ended since would be counted twice. */
	if (state->looked && peers_tell(run, state))
		return -1;
	for (size_t i = 0; state->ending && i < state->live_count; i++)
		tell_connection(run, state, &state->live[i]);
	return 0;
}

static void detach(struct run *run)
{
	struct connect_state *state = state_of(run);

	connect_bpf__detach(state->skeleton);
	state->ending = true;
}

static void summary(struct run *run, struct out *out)
{
	peers_summary(state_of(run), out);
}

static void stop(struct run *run)
{
	struct connect_state *state = state_of(run);

	run_forget_objects(run);
	live_end(state);
	peers_end(state);
	owners_stop(&state->owners);
	cgroups_free(state->cgroups);
	connect_bpf__destroy(state->skeleton);
	*state = (struct connect_state){};
}

static const struct tracer tracer = {
	.meta = &connect_meta,
	.start = start,
	.tick = tick,
	.detach = detach,
	.summary = summary,
	.stop = stop,
};
REGISTER_TRACER(tracer);
