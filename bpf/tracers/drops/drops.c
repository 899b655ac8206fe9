// SPDX-License-Identifier: Apache-2.0
/* drops, user side: chooses what is counted, loads the program, and tells of single drops. */
#include <string.h>

#include "drops.meta.h"
#include "drops.skel.h"
#include "tables.h"
#include "tuple_write.h"

/*
 * Reasons that say that something was put away, not that something is missing. Why each of them: README.md.
 * A kernel that does not have one of them does not mind.
 */
static const char *const noise_reasons[] = {
	"CONSUMED",	   "SKB_CONSUMED",	"SOCKET_CLOSE",	  "QUEUE_PURGE",  "UNIX_DISCONNECT", "UNIX_SKIP_OOB",
	"TCP_OLD_DATA",	   "TCP_OLD_SEQUENCE",	"TCP_OLD_ACK",	  "TCP_OFOMERGE", "DUP_FRAG",	     "OTHERHOST",
	"PACKET_SOCK_ERROR",
};

static struct drops_state *state_of(struct run *run)
{
	return run_state(run, sizeof(struct drops_state));
}

/* From the place of the drop on: in front of it are the tracepoint's own frames. */
static void write_stack(struct drops_state *state, struct out *out, const struct drop_event *event)
{
	size_t depth = event->stack_depth < DROP_STACK ? event->stack_depth : DROP_STACK, first = 0;
	char text[160];

	while (first < depth && event->stack[first] != event->cause.location)
		first++;
	if (first == depth)
		first = 0;
	out_begin_list(out, "stack");
	for (size_t i = first; i < depth; i++)
		out_str(out, NULL, ksyms_name(state->syms, event->stack[i], text, sizeof(text)));
	out_end_list(out);
}

static int on_event(void *context, void *data, size_t size)
{
	struct run *run = context;
	struct drops_state *state = state_of(run);
	const struct drop_event *event = data;
	const struct drop_cause_key *cause = &event->cause;
	enum drop_noise noise = noise_of_place(state, cause->noise, cause->reason, cause->location);
	struct out *out;
	char text[160];

	if (noise != DROP_IS_LOSS && !state->tell_noise)
		return 0;
	out = emit(run, DROPS_DROP);
	out_u64(out, "time_us", epoch_us(run, event->time_ns));
	write_reason(state, out, cause->reason);
	write_location(state, out, cause->location);
	write_place(state, out, event->device, cause->ifindex, cause->netns);
	tuple_write(out, &event->tuple);
	if (event->more.tcp_flags)
		out_str(out, "tcp_flags", tcp_flags_text(event->more.tcp_flags, text, sizeof(text)));
	else
		out_null(out, "tcp_flags");
	out_u64(out, "len", event->len);
	out_u64(out, "segments", event->segments);
	out_u64(out, "mark", event->mark);
	write_noise(out, noise);
	write_holder(state, out, &event->holder);
	write_stack(state, out, event);
	emit_end(run);
	return 0;
}

static void set_bit(uint64_t *bits, uint32_t reason)
{
	if (reason < DROP_REASONS)
		bits[reason / 64] |= UINT64_C(1) << reason % 64;
}

static int choose_reason(const char *name, void *context)
{
	struct run *run = context;
	struct drops_state *state = state_of(run);
	uint32_t reason;

	if (!state->reasons)
		return run_refuse_param(run, "reasons", "this kernel gives no reasons (it is older than 5.17)");
	if (!drop_reason_number(state->reasons, name, &reason))
		return run_refuse_param(run, "reasons", "this kernel has no reason \"%s\"", name);
	set_bit((uint64_t *)state->skeleton->rodata->chosen_reasons, reason);
	state->skeleton->rodata->some_reasons = true;
	return 0;
}

/* What the program is told before it is loaded. */
static int configure(struct run *run, struct drops_state *state)
{
	struct drops_bpf__rodata *rodata = state->skeleton->rodata;
	const char *device = param_text(run, "ifname");
	uint32_t reason;

	rodata->arguments = kfree_skb_arguments(state->kernel);
	rodata->with_stack = param_bool(run, "stacks");
	rodata->samples = (uint32_t)param_u64(run, "samples");
	rodata->tell_noise = state->tell_noise = param_bool(run, "noise");
	if (strlen(device) >= sizeof(rodata->chosen_device))
		return run_refuse_param(run, "ifname", "a name of an interface has at most 15 characters");
	memcpy((char *)rodata->chosen_device, device, strlen(device));
	for (size_t i = 0; state->reasons && i < sizeof(noise_reasons) / sizeof(noise_reasons[0]); i++)
		if (drop_reason_number(state->reasons, noise_reasons[i], &reason))
			set_bit((uint64_t *)rodata->noise_reasons, reason);
	bpf_map__set_max_entries(state->skeleton->maps.flows, (uint32_t)param_u64(run, "flows"));
	return param_each(run, "reasons", choose_reason, run);
}

static int start(struct run *run)
{
	struct drops_state *state = state_of(run);

	state->kernel = btf__load_vmlinux_btf();
	if (!state->kernel)
		return run_fall_back(run, "the kernel's types cannot be read: %s", last_libbpf_warning());
	state->reasons = drop_reasons_new(state->kernel);
	if (!state->reasons && run_variant_is(run, "reasons"))
		return run_fall_back(run, "this kernel has no enum skb_drop_reason: it does not say why it drops");
	state->syms = ksyms_new();
	state->skeleton = drops_bpf__open();
	if (!state->skeleton)
		return run_fail(run, "no-program", "", "Its program cannot be opened: %s", last_libbpf_warning());
	if (configure(run, state) < 0)
		return -1;
	owners_choose(run, state->skeleton->obj);
	/* Runs at each receive of TCP: too much, only to know sooner whose a dropped packet is. The scan says it. */
	bpf_program__set_autoload(state->skeleton->progs.owner_receive, false);
	state->cgroups = cgroups_new(run);
	if (drops_bpf__load(state->skeleton))
		return run_fall_back(run, "its program does not load: %s", last_libbpf_warning());
	if (tables_begin(run, state) || run_add_object(run, state->skeleton->obj) ||
	    run_add_ring(run, bpf_map__fd(state->skeleton->maps.events), on_event, run))
		return -1;
	if (drops_bpf__attach(state->skeleton))
		return run_fall_back(run, "its program does not attach: %s", last_libbpf_warning());
	return owners_start(&state->owners, run, state->skeleton->obj);
}

static int tick(struct run *run)
{
	struct drops_state *state = state_of(run);
	uint64_t unknown = state->skeleton->bss->unknown_holders;

	run_count_misses(run, state->skeleton->obj);
	cgroups_tick(state->cgroups);
	if (unknown != state->unknown_holders && !state->ending && owners_scan(&state->owners, false))
		state->unknown_holders = unknown;
	return tables_tell(run, state);
}

static void detach(struct run *run)
{
	struct drops_state *state = state_of(run);

	drops_bpf__detach(state->skeleton);
	state->ending = true;
}

static void summary(struct run *run, struct out *out)
{
	tables_summary(state_of(run), out);
}

static void stop(struct run *run)
{
	struct drops_state *state = state_of(run);

	run_forget_objects(run);
	tables_end(state);
	owners_stop(&state->owners);
	cgroups_free(state->cgroups);
	drops_bpf__destroy(state->skeleton);
	ksyms_free(state->syms);
	drop_reasons_free(state->reasons);
	btf__free(state->kernel);
	*state = (struct drops_state){};
}

static const struct tracer tracer = {
	.meta = &drops_meta,
	.start = start,
	.tick = tick,
	.detach = detach,
	.summary = summary,
	.stop = stop,
};
REGISTER_TRACER(tracer);
