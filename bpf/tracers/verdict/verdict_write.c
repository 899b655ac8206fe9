// SPDX-License-Identifier: Apache-2.0
/* The records of verdict: what has changed since the last second. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tuple_write.h"
#include "verdict.h"
#include "verdict.meta.h"
#include "verdict_hook.skel.h"
#include "verdict_state.h"

#define FLOWS_AT_ONCE 256
/*
 * A packet has its time a moment before it is in its flow, so a flow is told again when its last packet is not older than this
 * before the reading that may have missed it.
 */
#define FLOW_MARGIN_NS UINT64_C(1000000000)

static const char *direction_name(uint8_t direction)
{
	return direction == VERDICT_EGRESS ? "egress" : "ingress";
}

static uint64_t drops_of(const struct target *target)
{
	uint32_t slots = verdict_drops(target->naming);
	uint64_t drops = 0;

	for (uint32_t slot = 0; slot < VERDICT_SLOTS; slot++)
		if (slots & 1u << slot)
			drops += target->counts[slot];
	return drops;
}

static void write_verdicts(struct out *out, const struct target *target)
{
	uint64_t unnamed = 0;

	out_begin_object(out, "verdicts");
	for (uint32_t slot = 0; slot < VERDICT_SLOTS; slot++) {
		const char *name = verdict_name(target->naming, slot);

		/* Several slots may share a name: "other", "class". */
		if (slot == VERDICT_SLOT_OTHER || !strcmp(name, verdict_name(target->naming, VERDICT_SLOT_OTHER)))
			unnamed += target->counts[slot];
		else if (target->counts[slot])
			out_u64(out, name, target->counts[slot]);
	}
	if (unnamed)
		out_u64(out, verdict_name(target->naming, VERDICT_SLOT_OTHER), unnamed);
	out_end_object(out);
}

static void write_program(struct out *out, const struct verdict_state *state, const struct target *target)
{
	bool has_runs = target->exact || state->has_runs;

	if (target->position)
		out_u64(out, "position", target->position);
	else
		out_null(out, "position");
	out_u64(out, "prog_id", target->prog_id);
	out_str(out, "name", target->name);
	out_str(out, "place", target->place);
	out_str(out, "evidence", target->exact ? "program" : "hook");
	if (has_runs)
		out_u64(out, "runs", target->runs);
	else
		out_null(out, "runs");
	if (!target->exact) {
		out_null(out, "drops");
		out_null(out, "drop_pct");
		out_null(out, "verdicts");
		return;
	}
	out_u64(out, "drops", drops_of(target));
	if (target->runs)
		out_f64(out, "drop_pct", 100.0 * (double)drops_of(target) / (double)target->runs);
	else
		out_null(out, "drop_pct");
	write_verdicts(out, target);
}

void write_programs(struct run *run, struct verdict_state *state)
{
	struct targets *targets = &state->targets;

	for (struct target *target = targets->list; target < targets->list + targets->count; target++) {
		struct out *out;

		if (target->said && target->runs == target->said_runs)
			continue;
		target->said = true;
		target->said_runs = target->runs;
		out = emit(run, VERDICT_PROGRAM);
		out_u64(out, "time_us", epoch_us(run, ktime_now()));
		write_program(out, state, target);
		emit_end(run);
	}
}

static void write_hook(struct out *out, const struct hook *hook)
{
	out_u64(out, "ifindex", hook->key.ifindex);
	out_u64(out, "netns", hook->key.netns);
	out_str(out, "direction", hook->key.xdp ? "xdp" : direction_name(hook->key.direction));
	out_str(out, "ifname", hook->ifname);
	if (hook->has_drops) {
		out_u64(out, "drops", hook->drops);
		out_u64(out, "others", hook->others);
		out_bool(out, "complete", hook->is_complete);
		out_u64(out, "bytes", hook->bytes);
	} else {
		out_null(out, "drops");
		out_null(out, "others");
		out_null(out, "complete");
		out_null(out, "bytes");
	}
	if (hook->has_clsact)
		out_u64(out, "qdisc_drops", hook->qdisc_drops);
	else
		out_null(out, "qdisc_drops");
}

/* True when its figures are others than before. */
static bool read_hook(const struct verdict_state *state, struct hook *hook)
{
	struct verdict_hook now = { .drops = hook->drops, .bytes = hook->bytes, .others = hook->others };
	bool changed;

	if (state->hook)
		bpf_map__lookup_elem(state->hook->maps.hooks, &hook->key, sizeof(hook->key), &now, sizeof(now), 0);
	changed = !hook->said || now.drops != hook->drops || hook->qdisc_drops != hook->qdisc_said;
	hook->said = true;
	hook->drops = now.drops;
	hook->bytes = now.bytes;
	hook->others = now.others;
	hook->qdisc_said = hook->qdisc_drops;
	return changed;
}

void read_qdiscs(struct run *run, struct verdict_state *state)
{
	int error = targets_read_qdiscs(&state->targets);

	if (error)
		run_note(run, "qdiscs-unread", "The counters of the qdiscs could not be read: %s", strerror(-error));
}

void write_hooks(struct run *run, struct verdict_state *state)
{
	struct targets *targets = &state->targets;

	if (!state->ending)
		read_qdiscs(run, state);
	for (struct hook *hook = targets->hooks; hook < targets->hooks + targets->hook_count; hook++) {
		struct out *out;

		if (!read_hook(state, hook) || (!hook->has_drops && !hook->has_clsact))
			continue;
		out = emit(run, VERDICT_HOOK);
		out_u64(out, "time_us", epoch_us(run, ktime_now()));
		write_hook(out, hook);
		emit_end(run);
	}
}

/* Whose verdict it was, and of what. */
static void write_flow_key(struct out *out, const struct verdict_state *state, const struct verdict_flow_key *key)
{
	const struct targets *targets = &state->targets;
	const struct target *target = targets->list;

	while (target < targets->list + targets->count && target->prog_id != key->prog_id)
		target++;
	if (key->prog_id && target < targets->list + targets->count) {
		out_u64(out, "prog_id", key->prog_id);
		out_str(out, "name", target->name);
		out_str(out, "verdict", verdict_name(target->naming, key->slot));
	} else {
		out_null(out, "prog_id");
		out_null(out, "name");
		out_str(out, "verdict", "drop");
	}
	tuple_write(out, &key->tuple);
	out_u64(out, "ifindex", key->ifindex);
	out_u64(out, "netns", key->netns);
	out_str(out, "direction", key->xdp ? "xdp" : direction_name(key->direction));
}

static void write_flow(struct run *run, const struct verdict_state *state, const struct verdict_flow_key *key,
		       const struct verdict_flow *flow)
{
	struct out *out = emit(run, VERDICT_FLOW);

	write_flow_key(out, state, key);
	out_u64(out, "count", flow->count);
	out_u64(out, "bytes", flow->bytes);
	out_u64(out, "first_us", epoch_us(run, flow->first_ns));
	out_u64(out, "last_us", epoch_us(run, flow->last_ns));
	emit_end(run);
}

void write_flows(struct run *run, struct verdict_state *state)
{
	static struct verdict_flow_key keys[FLOWS_AT_ONCE];
	static struct verdict_flow flows[FLOWS_AT_ONCE];
	uint64_t began = ktime_now(), seen = 0;
	uint64_t since = state->flows_read_ns > FLOW_MARGIN_NS ? state->flows_read_ns - FLOW_MARGIN_NS : 0;
	uint32_t at, count;
	int error = 0;

	for (bool first = true; !error; first = false) {
		count = FLOWS_AT_ONCE;
		error = bpf_map_lookup_batch(state->maps.flows, first ? NULL : &at, &at, keys, flows, &count, NULL);
		/* ENOENT comes with the last of them. */
		if (error && error != -ENOENT)
			break;
		for (uint32_t i = 0; i < count; i++)
			if (flows[i].last_ns >= since)
				write_flow(run, state, &keys[i], &flows[i]);
		seen += count;
	}
	if (error != -ENOENT)
		run_note(run, "flows-unread", "The table of flows could not be read: %s", strerror(-error));
	state->flow_count = seen;
	state->flows_read_ns = began;
	if (seen >= param_u64(run, "flows"))
		run_note(run, "flows-full",
			 "The table of %llu flows is full: packets of further flows are counted with their programs only (evicted).",
			 (unsigned long long)seen);
}

int write_packet(void *context, void *data, size_t size)
{
	struct run *run = context;
	const struct verdict_packet *packet = data;
	struct out *out;
	char flags[48];

	if (size < sizeof(*packet))
		return 0;
	out = emit(run, VERDICT_PACKET);
	out_u64(out, "time_us", epoch_us(run, packet->time_ns));
	write_flow_key(out, run_state(run, sizeof(struct verdict_state)), &packet->flow);
	out_u64(out, "len", packet->len);
	if (packet->flow.xdp)
		out_null(out, "mark");
	else
		out_u64(out, "mark", packet->mark);
	out_str(out, "tcp_flags", tcp_flags_text(packet->more.tcp_flags, flags, sizeof(flags)));
	out_bool(out, "fragment", packet->more.fragment);
	emit_end(run);
	return 0;
}

void write_summary_of(struct run *run, struct verdict_state *state, struct out *out)
{
	const struct targets *targets = &state->targets;

	out_begin_list(out, "programs");
	for (size_t i = 0; i < targets->count; i++) {
		out_begin_object(out, NULL);
		write_program(out, state, &targets->list[i]);
		out_end_object(out);
	}
	out_end_list(out);
	out_begin_list(out, "hooks");
	for (size_t i = 0; i < targets->hook_count; i++) {
		out_begin_object(out, NULL);
		write_hook(out, &targets->hooks[i]);
		out_end_object(out);
	}
	out_end_list(out);
	out_u64(out, "flows", state->flow_count);
}
