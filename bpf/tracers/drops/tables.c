// SPDX-License-Identifier: Apache-2.0
/* The tables of causes and of flows: read from the kernel, told when they change, and summed up at the end. */
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "drops.meta.h"
#include "drops.skel.h"
#include "tables.h"
#include "tuple_write.h"

#define FLOWS_EACH_TICK 256
#define CAUSES_IN_SUMMARY 256
/* A program writes the time of its run at first and its counts at last; so far apart they may be seen. */
#define SLACK_NS UINT64_C(100000000)

void write_reason(struct drops_state *state, struct out *out, uint32_t reason)
{
	if (state->reasons)
		out_str(out, "reason", drop_reason_name(state->reasons, reason));
	else
		out_null(out, "reason");
}

void write_location(struct drops_state *state, struct out *out, uint64_t location)
{
	char name[160];

	if (location == ~UINT64_C(0))
		out_str(out, "location", "(others)");
	else
		out_str(out, "location", ksyms_name(state->syms, location, name, sizeof(name)));
}

void write_place(struct drops_state *state, struct out *out, const char *device, uint32_t ifindex, uint32_t netns)
{
	char name[IF_NAMESIZE];

	if (*device)
		out_text(out, "device", device, DROP_DEVICE);
	else if (ifindex && netns == state->own_netns && if_indextoname(ifindex, name))
		out_str(out, "device", name);
	else
		out_null(out, "device");
	if (ifindex)
		out_u64(out, "ifindex", ifindex);
	else
		out_null(out, "ifindex");
	if (netns)
		out_u64(out, "netns", netns);
	else
		out_null(out, "netns");
}

void write_noise(struct out *out, uint32_t noise)
{
	static const char *const words[] = {
		[DROP_BY_REASON] = "reason",
		[DROP_NO_PACKET] = "no_packet",
		[DROP_CAPTURE] = "capture",
		[DROP_CLOSED_SOCKET] = "closed_socket",
		[DROP_HANDLED] = "handled",
		[DROP_NOT_JOINED] = "not_joined",
	};

	if (noise == DROP_IS_LOSS)
		out_null(out, "noise");
	else
		out_str(out, "noise", words[noise]);
}

void write_holder(struct drops_state *state, struct out *out, const struct drop_holder *holder)
{
	const struct process *process = &holder->process;

	if (process->tgid) {
		out_u64(out, "pid", process->tgid);
		out_text(out, "comm", process->comm, sizeof(process->comm));
		out_text(out, "exe", process->exe, sizeof(process->exe));
	} else {
		out_null(out, "pid");
		out_null(out, "comm");
		out_null(out, "exe");
	}
	if (holder->known)
		out_u64(out, "uid", holder->uid);
	else
		out_null(out, "uid");
	cgroups_write(state->cgroups, out, "cgroup", holder->cgroup_id ? holder->cgroup_id : process->cgroup_id);
}

int tables_begin(struct run *run, struct drops_state *state)
{
	const struct drop_cause_key others = { .location = ~UINT64_C(0) };
	struct drops_bpf *skeleton = state->skeleton;
	int causes = bpf_map__fd(skeleton->maps.causes), flows = bpf_map__fd(skeleton->maps.flows);
	struct drop_cause none = {};
	struct stat own;

	if (!stat("/proc/self/ns/net", &own))
		state->own_netns = (uint32_t)own.st_ino;
	rows_begin(&state->causes, causes, sizeof(struct drop_cause_key), sizeof(struct drop_cause),
		   bpf_map__max_entries(skeleton->maps.causes));
	rows_begin(&state->flows, flows, sizeof(struct drop_flow_key), sizeof(struct drop_flow),
		   bpf_map__max_entries(skeleton->maps.flows));
	if (bpf_map_update_elem(causes, &others, &none, BPF_ANY))
		return run_fail(run, "no-table", "The node may be out of memory.", "The table of causes is not there.");
	return 0;
}

void tables_end(struct drops_state *state)
{
	rows_end(&state->causes);
	rows_end(&state->flows);
}

static void write_counts(struct run *run, struct out *out, uint64_t packets, uint64_t segments, uint64_t bytes,
			 uint64_t first_ns, uint64_t last_ns)
{
	out_u64(out, "packets", packets);
	out_u64(out, "segments", segments);
	out_u64(out, "bytes", bytes);
	out_u64(out, "first_us", epoch_us(run, first_ns));
	out_u64(out, "last_us", epoch_us(run, last_ns));
}

/* Is it to be told now? */
static bool is_news(const struct drops_state *state, uint64_t packets, uint64_t last_ns)
{
	return packets && (state->ending || last_ns + SLACK_NS >= state->told_ns);
}

static enum drop_noise noise_of_cause(struct drops_state *state, const struct drop_cause_key *key)
{
	return noise_of_place(state, key->noise, key->reason, key->location);
}

static void tell_causes(struct run *run, struct drops_state *state)
{
	for (size_t i = 0; i < state->causes.count; i++) {
		const struct drop_cause_key *key = rows_key(&state->causes, i);
		const struct drop_cause *cause = rows_value(&state->causes, i);
		enum drop_noise noise;
		struct out *out;

		if (!is_news(state, cause->packets, cause->last_ns))
			continue;
		noise = noise_of_cause(state, key);
		if (noise != DROP_IS_LOSS && !state->tell_noise)
			continue;
		out = emit(run, DROPS_CAUSE);
		write_reason(state, out, key->reason);
		write_location(state, out, key->location);
		write_place(state, out, cause->device, key->ifindex, key->netns);
		write_noise(out, noise);
		write_counts(run, out, cause->packets, cause->segments, cause->bytes, cause->first_ns, cause->last_ns);
		emit_end(run);
	}
}

static int by_packets(const void *a, const void *b)
{
	const struct drop_flow *const *left = a, *const *right = b;

	return (*left)->packets < (*right)->packets ? 1 : (*left)->packets > (*right)->packets ? -1 : 0;
}

/* The flows to be told, those with most packets first. To be freed. */
static const struct drop_flow **flows_to_tell(struct drops_state *state, size_t *count)
{
	const struct drop_flow **found = calloc(state->flows.count + 1, sizeof(*found));

	if (!found)
		abort();
	*count = 0;
	for (size_t i = 0; i < state->flows.count; i++) {
		const struct drop_flow_key *key = rows_key(&state->flows, i);
		const struct drop_flow *flow = rows_value(&state->flows, i);

		if (!is_news(state, flow->packets, flow->last_ns))
			continue;
		if (state->tell_noise || !noise_of_place(state, DROP_IS_LOSS, key->reason, key->location))
			found[(*count)++] = flow;
	}
	qsort(found, *count, sizeof(*found), by_packets);
	return found;
}

static const struct drop_flow_key *key_of(const struct drops_state *state, const struct drop_flow *flow)
{
	return rows_key(&state->flows, (size_t)((const char *)flow - state->flows.values) / state->flows.value_size);
}

static void tell_flows(struct run *run, struct drops_state *state)
{
	size_t count;
	const struct drop_flow **found = flows_to_tell(state, &count);

	if (!state->ending && count > FLOWS_EACH_TICK)
		count = FLOWS_EACH_TICK;
	for (size_t i = 0; i < count; i++) {
		const struct drop_flow_key *key = key_of(state, found[i]);
		struct out *out = emit(run, DROPS_FLOW);

		write_reason(state, out, key->reason);
		tuple_write(out, &key->tuple);
		write_place(state, out, found[i]->device, key->ifindex, key->netns);
		write_location(state, out, key->location);
		write_holder(state, out, &found[i]->holder);
		write_counts(run, out, found[i]->packets, found[i]->segments, found[i]->bytes, found[i]->first_ns,
			     found[i]->last_ns);
		emit_end(run);
	}
	free(found);
}

static uint64_t flows_made(const struct drops_state *state)
{
	int cpus = libbpf_num_possible_cpus();
	const uint32_t slot = DROP_FLOWS_MADE;
	uint64_t *each = calloc(cpus > 0 ? (size_t)cpus : 1, sizeof(*each)), sum = 0;

	if (!each)
		abort();
	if (!bpf_map_lookup_elem(bpf_map__fd(state->skeleton->maps.drop_counts), &slot, each))
		for (int i = 0; i < cpus; i++)
			sum += each[i];
	free(each);
	return sum;
}

int tables_tell(struct run *run, struct drops_state *state)
{
	uint64_t now = ktime_now(), made = flows_made(state);

	if (rows_read(&state->causes) || rows_read(&state->flows))
		return run_fail(run, "no-table", "The node may be out of memory.", "The tables could not be read.");
	tell_causes(run, state);
	tell_flows(run, state);
	state->told_ns = now;
	/* Rows are only ever deleted to make room for others. */
	if (made > state->flows.count + state->evicted) {
		run_count_evicted(run, made - state->flows.count - state->evicted);
		state->evicted = made - state->flows.count;
		run_note(run, "flows-given-up",
			 "There are more flows than rows: the oldest were given up. The totals of the causes are complete.");
	}
	return 0;
}

struct sum {
	uint32_t reason, noise;
	uint64_t packets;
};

/* By reason, what was not told because it is no loss. */
static void write_left_out(struct drops_state *state, struct out *out)
{
	struct sum sums[DROP_CAUSES + 1];
	size_t count = 0;

	for (size_t i = 0; i < state->causes.count; i++) {
		const struct drop_cause_key *key = rows_key(&state->causes, i);
		const struct drop_cause *cause = rows_value(&state->causes, i);
		enum drop_noise noise = noise_of_cause(state, key);
		size_t at = 0;

		if (noise == DROP_IS_LOSS)
			continue;
		while (at < count && (sums[at].reason != key->reason || sums[at].noise != noise))
			at++;
		if (at == count && count < sizeof(sums) / sizeof(sums[0]))
			sums[count++] = (struct sum){ key->reason, noise, 0 };
		if (at < count)
			sums[at].packets += cause->packets;
	}
	out_begin_list(out, "left_out");
	for (size_t i = 0; i < count; i++) {
		out_begin_object(out, NULL);
		write_reason(state, out, sums[i].reason);
		write_noise(out, sums[i].noise);
		out_u64(out, "packets", sums[i].packets);
		out_end_object(out);
	}
	out_end_list(out);
}

static int causes_by_packets(const void *a, const void *b)
{
	const struct drop_cause *left = *(const struct drop_cause *const *)a, *right = *(const struct drop_cause *const *)b;

	return left->packets < right->packets ? 1 : left->packets > right->packets ? -1 : 0;
}

void tables_summary(struct drops_state *state, struct out *out)
{
	const struct drop_cause **sorted = calloc(state->causes.count + 1, sizeof(*sorted));
	uint64_t packets = 0, segments = 0, bytes = 0;
	size_t count = 0;

	if (!sorted)
		abort();
	for (size_t i = 0; i < state->causes.count; i++) {
		const struct drop_cause_key *key = rows_key(&state->causes, i);
		const struct drop_cause *cause = rows_value(&state->causes, i);

		if (!cause->packets || noise_of_cause(state, key) != DROP_IS_LOSS)
			continue;
		packets += cause->packets;
		segments += cause->segments;
		bytes += cause->bytes;
		sorted[count++] = cause;
	}
	qsort(sorted, count, sizeof(*sorted), causes_by_packets);
	out_u64(out, "packets", packets);
	out_u64(out, "segments", segments);
	out_u64(out, "bytes", bytes);
	out_begin_list(out, "causes");
	for (size_t i = 0; i < count && i < CAUSES_IN_SUMMARY; i++) {
		size_t at = (size_t)((const char *)sorted[i] - state->causes.values) / state->causes.value_size;
		const struct drop_cause_key *key = rows_key(&state->causes, at);

		out_begin_object(out, NULL);
		write_reason(state, out, key->reason);
		write_location(state, out, key->location);
		write_place(state, out, sorted[i]->device, key->ifindex, key->netns);
		out_u64(out, "packets", sorted[i]->packets);
		out_u64(out, "segments", sorted[i]->segments);
		out_u64(out, "bytes", sorted[i]->bytes);
		out_end_object(out);
	}
	out_end_list(out);
	write_left_out(state, out);
	free(sorted);
}
