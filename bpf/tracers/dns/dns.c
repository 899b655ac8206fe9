// SPDX-License-Identifier: Apache-2.0
/* dns, user side: its parameters, its programs on the root cgroup, its seconds. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../include/counts.h"
#include "state.h"
#include "dns.skel.h"

static struct state *state_of(struct run *run)
{
	return run_state(run, sizeof(struct state));
}

static int add_port(const char *text, void *context)
{
	struct state *state = context;
	char *end;
	unsigned long port = strtoul(text, &end, 10);

	if (*end || port < 1 || port > 65535)
		return run_refuse_param(state->run, "ports", "\"%s\" is no port", text);
	if (state->port_count == DNS_PORTS)
		return run_refuse_param(state->run, "ports", "more than %d", DNS_PORTS);
	state->ports[state->port_count++] = (uint16_t)port;
	return 0;
}

static int read_params(struct run *run, struct state *state)
{
	static char name[1024];
	size_t length;

	state->port_count = 0;
	if (param_each(run, "ports", add_port, state))
		return -1;
	if (state->port_count == 0)
		return run_refuse_param(run, "ports", "there is none");
	state->unanswered_after_ns = (uint64_t)(param_f64(run, "unanswered_after_s") * 1e9);
	state->include_answers = param_bool(run, "include_answers");
	state->packets = param_bool(run, "packets");
	state->problems_only = !strcmp(param_text(run, "report"), "problems");
	state->cgroup = param_given(run, "cgroup") ? param_text(run, "cgroup") : NULL;
	strncpy(name, param_text(run, "name"), sizeof(name) - 1);
	length = strlen(name);
	/* Names are written without their last dot. */
	if (length > 1 && name[length - 1] == '.')
		name[length - 1] = '\0';
	state->name = param_given(run, "name") ? name : NULL;
	state->filtered = state->name || state->cgroup || param_given(run, "pid");
	return 0;
}

static void configure(struct run *run, struct state *state)
{
	struct dns_bpf *skeleton = state->skeleton;
	const char *role = param_text(run, "role");

	for (size_t i = 0; i < state->port_count; i++)
		skeleton->rodata->ports[i] = htons(state->ports[i]);
	skeleton->rodata->port_count = (uint32_t)state->port_count;
	skeleton->rodata->want_client = strcmp(role, "server") != 0;
	skeleton->rodata->want_server = strcmp(role, "client") != 0;
	skeleton->rodata->want_messages = strcmp(param_text(run, "report"), "totals") != 0;
	skeleton->rodata->only_tgid = (uint32_t)param_u64(run, "pid");
	bpf_map__set_max_entries(skeleton->maps.events, (uint32_t)param_u64(run, "ring_mb") << 20);
}

static int attach(struct run *run, struct state *state)
{
	int root = cgroups_root_fd(state->cgroups);

	if (root < 0)
		return run_fall_back(run, "this kernel has no cgroup2 to attach to");
	state->skeleton->links.on_ingress = bpf_program__attach_cgroup(state->skeleton->progs.on_ingress, root);
	if (state->skeleton->links.on_ingress)
		state->skeleton->links.on_egress = bpf_program__attach_cgroup(state->skeleton->progs.on_egress, root);
	if (!state->skeleton->links.on_egress)
		return run_fall_back(run, "the root of cgroup2 does not take its programs: %s", strerror(errno));
	return 0;
}

static int start(struct run *run)
{
	struct state *state = state_of(run);

	state->run = run;
	state->sample_every = 1;
	if (read_params(run, state))
		return -1;
	state->skeleton = dns_bpf__open();
	if (!state->skeleton)
		return run_fail(run, "no-memory", "", "its programs could not be opened: %s", strerror(errno));
	configure(run, state);
	if (dns_bpf__load(state->skeleton))
		return run_fall_back(run, "its programs do not load: %s", last_libbpf_warning());
	state->cgroups = cgroups_new(run);
	state->queries = dns_queries_new(param_u64(run, "max_open"), 2 * state->unanswered_after_ns);
	state->streams = dns_streams_new(dns_take_message, state);
	state->askers = askers_new(run, bpf_map__fd(state->skeleton->maps.totals));
	if (run_add_object(run, state->skeleton->obj) ||
	    run_add_ring(run, bpf_map__fd(state->skeleton->maps.events), dns_take, state))
		return -1;
	return attach(run, state);
}

/* What the kernel side counted over all CPUs. */
static uint64_t counted(struct state *state, enum dns_count slot)
{
	int cpus = libbpf_num_possible_cpus();
	uint64_t values[cpus > 0 ? cpus : 1], sum = 0;
	uint32_t key = slot;

	if (cpus <= 0 || bpf_map_lookup_elem(bpf_map__fd(state->skeleton->maps.dns_counts), &key, values))
		return 0;
	for (int i = 0; i < cpus; i++)
		sum += values[i];
	return sum;
}

static void read_control(struct state *state)
{
	struct control control;
	uint32_t zero = 0;

	if (!bpf_map_lookup_elem(bpf_map__fd(state->skeleton->maps.control), &zero, &control) && control.sample_every)
		state->sample_every = control.sample_every;
}

static void read_losses(struct state *state)
{
	uint64_t lost = counted(state, DNS_LOST_QUERIES) + counted(state, DNS_LOST_ANSWERS) +
			counted(state, DNS_LOST_SEGMENTS);

	if (lost != state->lost)
		state->last_loss_ns = ktime_now();
	state->lost = lost;
}

static int tick(struct run *run)
{
	struct state *state = state_of(run);

	cgroups_tick(state->cgroups);
	read_control(state);
	read_losses(state);
	run_count_evicted(run, dns_streams_evicted(state->streams));
	dns_expire(state, state->detached);
	askers_read(state->askers);
	askers_each(state->askers, state->detached, dns_write_process, state);
	return 0;
}

static void detach(struct run *run)
{
	struct state *state = state_of(run);

	bpf_link__destroy(state->skeleton->links.on_egress);
	bpf_link__destroy(state->skeleton->links.on_ingress);
	state->skeleton->links.on_egress = NULL;
	state->skeleton->links.on_ingress = NULL;
	state->detached = true;
}

static void summary(struct run *run, struct out *out)
{
	struct state *state = state_of(run);

	out_begin_object(out, "udp");
	out_u64(out, "queries", counted(state, DNS_SEEN_QUERIES));
	out_u64(out, "answers", counted(state, DNS_SEEN_ANSWERS));
	out_u64(out, "lost_queries", counted(state, DNS_LOST_QUERIES));
	out_u64(out, "lost_answers", counted(state, DNS_LOST_ANSWERS));
	out_end_object(out);
	out_u64(out, "lost_tcp_segments", counted(state, DNS_LOST_SEGMENTS));
	dns_write_summary(run, out);
}

static void stop(struct run *run)
{
	struct state *state = state_of(run);

	dns_bpf__destroy(state->skeleton);
	state->skeleton = NULL;
	askers_free(state->askers);
	state->askers = NULL;
	dns_streams_free(state->streams);
	state->streams = NULL;
	dns_queries_free(state->queries);
	state->queries = NULL;
	cgroups_free(state->cgroups);
	state->cgroups = NULL;
}

static const struct tracer tracer = {
	.meta = &dns_meta,
	.start = start,
	.tick = tick,
	.detach = detach,
	.summary = summary,
	.stop = stop,
};
REGISTER_TRACER(tracer);
