// SPDX-License-Identifier: Apache-2.0
/* retrans, user side: filters, events whose owner is found out a moment later, and the run's order of things. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "destinations.h"
#include "exe.h"
#include "netns.h"
#include "owners.h"
#include "retrans.h"
#include "retrans.meta.h"
#include "retrans.skel.h"

#define SECOND_NS UINT64_C(1000000000)
/* Events that wait for their owner; more are told without. */
#define MAX_WAITING 4096
/* The longest they wait, where no scan comes by. */
#define PATIENCE_NS (5 * SECOND_NS)

static const char *const kind_names[KINDS] = {
	[KIND_TIMEOUT] = "timeout", [KIND_AFTER_TIMEOUT] = "after_timeout", [KIND_FAST] = "fast",
	[KIND_PROBE] = "probe",	    [KIND_SYN] = "syn",			    [KIND_SYNACK] = "synack",
	[KIND_OTHER] = "other",	    [KIND_REFUSED] = NULL,
};

/* include/net/tcp_states.h; the order is the ABI of tcp_info. */
static const char *const state_names[] = {
	NULL,	      "established", "syn_sent",   "syn_recv", "fin_wait1", "fin_wait2",   "time_wait",
	"close",      "close_wait",  "last_ack",   "listen",   "closing",   "new_syn_recv",
};

struct waiting {
	struct retrans_event event;
	/* The last complete scan when it came. */
	uint32_t scan;
};

struct state {
	struct retrans_bpf *skeleton;
	struct owners owners;
	struct cgroups *cgroups;
	struct destinations *destinations;
	struct waiting *waiting;
	size_t waiting_count;
	/* One of the kernel's ticks. */
	uint64_t tick_us;
	uint64_t tgid;
	bool detached;
};

/* Nothing for a kernel thread, and for a process that was at its end when its name was read. */
static void write_exe(struct out *out, const struct process *owner)
{
	const char *path = exe_path(owner);

	if (path[0])
		out_str(out, "exe", path);
	else
		out_null(out, "exe");
}

static void write_event(struct run *run, const struct retrans_event *event)
{
	struct state *state = run_state(run, sizeof(*state));
	struct out *out = emit(run, RETRANS_RETRANSMIT);

	out_u64(out, "time_us", epoch_us(run, event->time_ns));
	out_str(out, "kind", kind_names[event->kind]);
	out_u64(out, "segments", event->segments);
	out_bool(out, "sent", event->error == 0);
	if (event->state > 0 && event->state < sizeof(state_names) / sizeof(state_names[0]))
		out_str(out, "state", state_names[event->state]);
	else
		out_null(out, "state");
	out_ip(out, "saddr", AF_INET6, event->saddr);
	out_u64(out, "sport", event->sport);
	out_ip(out, "daddr", AF_INET6, event->daddr);
	out_u64(out, "dport", event->dport);
	if (event->owner_known) {
		out_u64(out, "pid", event->owner.tgid);
		out_text(out, "comm", event->owner.comm, sizeof(event->owner.comm));
		write_exe(out, &event->owner);
	} else {
		out_null(out, "pid");
		out_null(out, "comm");
		out_null(out, "exe");
	}
	cgroups_write(state->cgroups, out, "cgroup", event->cgroup_id);
	out_u64(out, "netns", event->netns);
	/* None measured yet: before the handshake is over. */
	if (event->srtt_us)
		out_u64(out, "srtt_us", event->srtt_us);
	else
		out_null(out, "srtt_us");
	/* A SYN-ACK is sent before there is a socket that has these. */
	if (event->rto_ticks) {
		out_u64(out, "rto_us", event->rto_ticks * state->tick_us);
		out_u64(out, "cwnd", event->cwnd);
	} else {
		out_null(out, "rto_us");
		out_null(out, "cwnd");
	}
	out_u64(out, "timeouts", event->timeouts);
	emit_end(run);
}

/* The kernel's `struct flow` begins with it. */
static bool is_still_watched(const struct state *state, const struct flow_key *flow)
{
	const struct bpf_map *map = state->skeleton->maps.flows;
	union {
		uint64_t begun_ns;
		uint8_t whole[256];
	} value;

	if (!flow->begun_ns)
		return true;
	return !bpf_map__lookup_elem(map, &flow->socket, sizeof(flow->socket), &value, bpf_map__value_size(map), 0) &&
	       value.begun_ns == flow->begun_ns;
}

/* Now, or when the socket was freed. */
static bool find_owner(const struct state *state, struct retrans_event *event)
{
	event->owner_known =
		(is_still_watched(state, &event->flow) &&
		 owners_find(&state->owners, event->flow.socket, &event->owner)) ||
		!bpf_map_lookup_elem(bpf_map__fd(state->skeleton->maps.gone), &event->flow, &event->owner);
	return event->owner_known;
}

static void write_found(struct run *run, struct retrans_event *event)
{
	struct state *state = run_state(run, sizeof(*state));

	if (state->tgid && (!event->owner_known || event->owner.tgid != state->tgid))
		return;
	if (event->owner_known && !event->cgroup_id)
		event->cgroup_id = event->owner.cgroup_id;
	write_event(run, event);
}

/*
 * An accept(2) that waited already when this run began, and any where accepts are not seen, is unknown until the next
 * scan or its close(2).
 */
static int on_event(void *context, void *data, size_t size)
{
	struct run *run = context;
	struct state *state = run_state(run, sizeof(*state));
	/* The ring can only be read. */
	struct waiting one = { .event = *(const struct retrans_event *)data, .scan = state->owners.scans.complete };

	if (one.event.owner_known || find_owner(state, &one.event) || state->waiting_count == MAX_WAITING)
		write_found(run, &one.event);
	else
		state->waiting[state->waiting_count++] = one;
	return 0;
}

/* Those whose owner is known meanwhile, and those whose owner no scan found. */
static void write_waiting(struct run *run, bool last)
{
	struct state *state = run_state(run, sizeof(*state));
	size_t kept = 0;

	for (size_t i = 0; i < state->waiting_count; i++) {
		struct waiting *waiting = &state->waiting[i];
		bool scanned = waiting->scan != state->owners.scans.complete;
		bool late = ktime_now() - waiting->event.time_ns > PATIENCE_NS;

		if (find_owner(state, &waiting->event) || scanned || late || last)
			write_found(run, &waiting->event);
		else
			state->waiting[kept++] = *waiting;
	}
	state->waiting_count = kept;
}

/* "10.1.0.0/16" or "2001:db8::1" as an address and a mask of 16 bytes. False when it is neither. */
static bool parse_prefix(const char *text, uint8_t *address, uint8_t *mask)
{
	char host[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	size_t length = slash ? (size_t)(slash - text) : strlen(text);
	unsigned long bits = 128, most = 128;
	char *end;

	if (length >= sizeof(host))
		return false;
	memcpy(host, text, length);
	host[length] = '\0';
	memset(address, 0, 16);
	if (inet_pton(AF_INET, host, address + 12) == 1) {
		address[10] = address[11] = 0xff;
		most = 32;
	} else if (inet_pton(AF_INET6, host, address) != 1) {
		return false;
	}
	if (slash) {
		if (slash[1] < '0' || slash[1] > '9')
			return false;
		bits = strtoul(slash + 1, &end, 10);
		if (*end || bits > most)
			return false;
		bits += 128 - most;
	}
	for (size_t i = 0; i < 16; i++) {
		size_t left = bits > i * 8 ? bits - i * 8 : 0;

		mask[i] = left >= 8 ? 0xff : (uint8_t)(0xff00 >> left);
		address[i] &= mask[i];
	}
	return true;
}

static int set_filters(struct run *run, struct retrans_bpf__rodata *rodata)
{
	struct state *state = run_state(run, sizeof(*state));
	uint8_t address[16] = {}, mask[16] = {};

	if (param_given(run, "ip") && param_text(run, "ip")[0] && !parse_prefix(param_text(run, "ip"), address, mask))
		return run_refuse_param(run, "ip", "it is no address and no prefix such as 10.20.0.0/16");
	memcpy((void *)rodata->filter_addr, address, sizeof(address));
	memcpy((void *)rodata->filter_mask, mask, sizeof(mask));
	if (param_text(run, "netns")[0]) {
		struct netns netns;
		char why[256];

		if (netns_open(&netns, param_text(run, "netns"), why, sizeof(why)))
			return run_refuse_param(run, "netns", "%s", why);
		rodata->filter_netns = netns.inum;
		netns_close(&netns);
	}
	state->tgid = param_u64(run, "pid");
	rodata->filter_tgid = (uint32_t)state->tgid;
	rodata->filter_port = (uint16_t)param_u64(run, "port");
	rodata->by_port = param_bool(run, "by_port");
	rodata->owner_protocol = IPPROTO_TCP;
	return 0;
}

/* The coarse clock moves once a tick (clock_getres(2)). */
static uint64_t kernel_tick_us(void)
{
	struct timespec tick = {};

	clock_getres(CLOCK_MONOTONIC_COARSE, &tick);
	return (uint64_t)tick.tv_nsec / 1000;
}

static int prepare(struct run *run, struct state *state)
{
	const struct bpf_map *map = state->skeleton->maps.destinations;
	struct destinations_options options = {
		.map_fd = bpf_map__fd(map),
		.sums_fd = bpf_map__fd(state->skeleton->maps.sums),
		.max_entries = bpf_map__max_entries(map),
		.quiet = param_bool(run, "quiet"),
		.min_segments = param_u64(run, "min_segments"),
		.top = param_u64(run, "top"),
	};

	state->tick_us = kernel_tick_us();
	state->waiting = calloc(MAX_WAITING, sizeof(*state->waiting));
	state->destinations = destinations_new(&options);
	if (!state->waiting || !state->destinations)
		return run_fail(run, "no-memory", "", "There is no memory for the totals");
	return 0;
}

/*
 * Retransmissions last: who listens and who owns what is known by then, from the first scan. The second takes in the
 * connections that are open; who began them follows from the ports.
 */
static int attach(struct run *run, bool sampled)
{
	struct state *state = run_state(run, sizeof(*state));
	struct retrans_bpf *skeleton = state->skeleton;

	if (retrans_bpf__attach(skeleton))
		return run_fall_back(run, "its programs do not attach: %s", last_libbpf_warning());
	if (sampled && owners_start(&state->owners, run, skeleton->obj))
		return -1;
	skeleton->bss->counting = true;
	skeleton->links.on_retransmit = bpf_program__attach(skeleton->progs.on_retransmit);
	skeleton->links.on_retransmit_again = bpf_program__attach(skeleton->progs.on_retransmit_again);
	skeleton->links.on_retransmit_synack = bpf_program__attach(skeleton->progs.on_retransmit_synack);
	if (!skeleton->links.on_retransmit || !skeleton->links.on_retransmit_again ||
	    !skeleton->links.on_retransmit_synack)
		return run_fall_back(run, "its programs do not attach: %s", last_libbpf_warning());
	if (sampled && !owners_scan(&state->owners, true))
		return run_fail(run, "no-scan", "", "Open files could not be looked through: %s", strerror(errno));
	return 0;
}

static int start(struct run *run)
{
	struct state *state = run_state(run, sizeof(*state));
	bool sampled = run_variant_is(run, "sampled");
	struct retrans_bpf *skeleton = retrans_bpf__open();

	state->skeleton = skeleton;
	if (!skeleton)
		return run_fall_back(run, "its programs cannot be read: %s", last_libbpf_warning());
	if (set_filters(run, skeleton->rodata))
		return -1;
	owners_choose(run, skeleton->obj);
	bpf_program__set_autoload(skeleton->progs.owner_scan, sampled);
	bpf_program__set_autoattach(skeleton->progs.on_retransmit, false);
	bpf_program__set_autoattach(skeleton->progs.on_retransmit_again, false);
	bpf_program__set_autoattach(skeleton->progs.on_retransmit_synack, false);
	if (retrans_bpf__load(skeleton))
		return run_fall_back(run, "its programs do not load: %s", last_libbpf_warning());
	state->cgroups = cgroups_new(run);
	if (prepare(run, state) || run_add_object(run, skeleton->obj) ||
	    run_add_ring(run, bpf_map__fd(skeleton->maps.events), on_event, run))
		return -1;
	return attach(run, sampled);
}

static int tick(struct run *run)
{
	struct state *state = run_state(run, sizeof(*state));

	if (!state->detached)
		owners_scan(&state->owners, false);
	cgroups_tick(state->cgroups);
	write_waiting(run, state->detached);
	return destinations_tick(state->destinations, run, state->cgroups, state->detached);
}

/* What was retransmitted is counted once more after the last event, so that the totals hold all that was told. */
static void detach(struct run *run)
{
	struct state *state = run_state(run, sizeof(*state));

	struct retrans_bpf *skeleton = state->skeleton;

	bpf_link__destroy(skeleton->links.on_retransmit);
	bpf_link__destroy(skeleton->links.on_retransmit_again);
	bpf_link__destroy(skeleton->links.on_retransmit_synack);
	skeleton->links.on_retransmit = NULL;
	skeleton->links.on_retransmit_again = NULL;
	skeleton->links.on_retransmit_synack = NULL;
	/* The first settles who owns what, the second counts all. */
	owners_scan(&state->owners, true);
	owners_scan(&state->owners, true);
	retrans_bpf__detach(skeleton);
	state->detached = true;
}

static void summary(struct run *run, struct out *out)
{
	struct state *state = run_state(run, sizeof(*state));

	destinations_summary(state->destinations, run, state->cgroups, out);
}

static void stop(struct run *run)
{
	struct state *state = run_state(run, sizeof(*state));

	owners_stop(&state->owners);
	destinations_free(state->destinations);
	cgroups_free(state->cgroups);
	free(state->waiting);
	run_forget_objects(run);
	retrans_bpf__destroy(state->skeleton);
	memset(state, 0, sizeof(*state));
}

static const struct tracer tracer = {
	.meta = &retrans_meta, .start = start, .tick = tick, .detach = detach, .summary = summary, .stop = stop,
};
REGISTER_TRACER(tracer);
