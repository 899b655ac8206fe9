// SPDX-License-Identifier: Apache-2.0
/* verdict, user side: loads one object for each traced program, and reads what they counted. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "verdict.h"
#include "verdict.meta.h"
#include "verdict.skel.h"
#include "verdict_state.h"

#define PACKETS_BYTES (256 * 1024)

static struct verdict_state *state_of(struct run *run)
{
	return run_state(run, sizeof(struct verdict_state));
}

static int add_word(const char *word, void *context)
{
	struct run *run = context;
	char known[512];

	if (verdict_word(word, state_of(run)->told_slots))
		return 0;
	return run_refuse_param(run, "verdicts", "\"%s\" is none of %s", word, verdict_words(known, sizeof(known)));
}

static int make_maps(struct run *run)
{
	struct verdict_state *state = state_of(run);
	const uint32_t zero = 0;
	const uint64_t none = 0;

	state->maps.flows = bpf_map_create(BPF_MAP_TYPE_HASH, "flows", sizeof(struct verdict_flow_key),
					   sizeof(struct verdict_flow), (uint32_t)param_u64(run, "flows"), NULL);
	state->maps.packets = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "packets", 0, 0, PACKETS_BYTES, NULL);
	state->maps.told = bpf_map_create(BPF_MAP_TYPE_ARRAY, "told", sizeof(zero), sizeof(none), 1, NULL);
	state->maps.dropping = bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "dropping", sizeof(zero), sizeof(none), 1, NULL);
	state->has_maps = true;
	if (state->maps.flows < 0 || state->maps.packets < 0 || state->maps.told < 0 || state->maps.dropping < 0)
		return run_fail(run, "no-maps", "Ask for fewer flows, or free memory.", "Its tables could not be made: %s",
				strerror(errno));
	return run_add_ring(run, state->maps.packets, write_packet, run);
}

int share_maps(const struct verdict_state *state, struct bpf_object *object)
{
	const struct {
		const char *name;
		int fd;
	} shared[] = {
		{ "flows", state->maps.flows },
		{ "packets", state->maps.packets },
		{ "told", state->maps.told },
		{ "dropping", state->maps.dropping },
	};
	int error = 0;

	for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]) && !error; i++)
		error = bpf_map__reuse_fd(bpf_object__find_map_by_name(object, shared[i].name), shared[i].fd);
	return error;
}

static struct verdict_config config_of(struct run *run, const struct target *target)
{
	const struct verdict_state *state = state_of(run);
	struct verdict_config config = {
		.prog_id = target->prog_id,
		.told_slots = state->told_slots[target->naming],
		.drop_slots = verdict_drops(target->naming),
		.packets_per_s = (uint32_t)param_u64(run, "packets_per_s"),
	};

	if (target->netkit) {
		/* Its programs see the packet as the other device's already (netkit_xmit): neither device nor direction tell. */
		config.direction = target->direction;
		return config;
	}
	config.ifindex = state->targets.ifindex;
	config.members = state->targets.is_bond;
	config.netns = state->targets.ifindex ? state->targets.netns.inum : 0;
	if (state->targets.ifindex && target->naming != NAMES_XDP)
		config.only_direction = state->targets.direction;
	return config;
}

/* Sees what one program returns. False when it cannot; libbpf said why. */
static bool attach_to(struct run *run, struct target *target)
{
	struct verdict_state *state = state_of(run);
	struct verdict_bpf *skeleton = verdict_bpf__open();
	struct bpf_program *program;

	if (!skeleton)
		return false;
	target->skeleton = skeleton;
	skeleton->rodata->config = config_of(run, target);
	program = target->type == BPF_PROG_TYPE_XDP ? skeleton->progs.on_xdp : skeleton->progs.on_tc;
	bpf_program__set_autoload(skeleton->progs.on_xdp, program == skeleton->progs.on_xdp);
	bpf_program__set_autoload(skeleton->progs.on_tc, program == skeleton->progs.on_tc);
	if (share_maps(state, skeleton->obj) ||
	    bpf_program__set_attach_target(program, target->fd, target->function) || verdict_bpf__load(skeleton) ||
	    verdict_bpf__attach(skeleton))
		return false;
	/* Only now: an object that is taken out again would take out all. */
	target->exact = !run_add_object(run, skeleton->obj);
	return target->exact;
}

/* The object of a program that could not be traced; those that were attached stay. */
static void detach_from(struct target *target)
{
	verdict_bpf__destroy(target->skeleton);
	target->skeleton = NULL;
	target->exact = false;
}

/* How many programs are traced. */
static size_t attach_to_all(struct run *run)
{
	struct targets *targets = &state_of(run)->targets;
	size_t traced = 0;

	for (struct target *target = targets->list; target < targets->list + targets->count; target++) {
		char wanted[32];

		snprintf(wanted, sizeof(wanted), "verdicts of %s", target->name);
		if (!*target->function) {
			run_without(run, wanted, "program %u (%s) was loaded without BTF, which tracing it needs",
				    target->prog_id, target->name);
		} else if (attach_to(run, target)) {
			traced++;
		} else {
			run_without(run, wanted, "program %u (%s) cannot be traced: %s", target->prog_id, target->name,
				    last_libbpf_warning());
			detach_from(target);
		}
	}
	return traced;
}

static void set_counting(struct verdict_state *state, bool counting)
{
	struct targets *targets = &state->targets;

	for (struct target *target = targets->list; target < targets->list + targets->count; target++)
		if (target->exact)
			target->skeleton->bss->counting = counting;
	count_in_hooks(state, counting);
}

/* Attaching takes a while for each program, in which packets go by: what is compared must begin at once. */
static int begin(struct verdict_state *state)
{
	targets_begin(&state->targets);
	set_counting(state, true);
	return 0;
}

static int start(struct run *run)
{
	struct verdict_state *state = state_of(run);

	memset(state->told_slots, 0, sizeof(state->told_slots));
	if (param_each(run, "verdicts", add_word, run) || targets_choose(run, &state->targets) || make_maps(run))
		return -1;
	state->has_runs = feature_available(FEATURE_bpf_stats, NULL);
	if (run_variant_is(run, "fexit")) {
		size_t traced = attach_to_all(run);

		if (!traced)
			return run_fall_back(run, "none of the programs can be traced");
		if (traced == state->targets.count && !state->targets.has_others)
			return begin(state);
	}
	watch_hooks(run, state);
	return begin(state);
}

static void read_counts(struct target *target)
{
	int cpus = libbpf_num_possible_cpus();
	uint64_t values[cpus > 0 ? cpus : 1];

	target->runs = 0;
	for (uint32_t slot = 0; slot < VERDICT_SLOTS; slot++) {
		if (bpf_map__lookup_elem(target->skeleton->maps.verdicts, &slot, sizeof(slot), values, sizeof(values), 0))
			continue;
		target->counts[slot] = 0;
		for (int cpu = 0; cpu < cpus; cpu++)
			target->counts[slot] += values[cpu];
		target->runs += target->counts[slot];
	}
}

/* The kernel does not run a tracing program within itself on one CPU; it counts what it left out (since 5.12). */
static void read_misses(struct run *run, struct target *target)
{
	struct bpf_program *program =
		target->type == BPF_PROG_TYPE_XDP ? target->skeleton->progs.on_xdp : target->skeleton->progs.on_tc;
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size) || info.recursion_misses <= target->misses)
		return;
	run_count_lost(run, info.recursion_misses - target->misses);
	target->misses = info.recursion_misses;
	run_note(run, "missed-verdicts", "%llu returns of program %u were not seen: the kernel did not run the tracer within itself.",
		 (unsigned long long)target->misses, target->prog_id);
}

static void read_runs(struct run *run, struct target *target)
{
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);

	if (state_of(run)->has_runs && !bpf_obj_get_info_by_fd(target->fd, &info, &size))
		target->runs = info.run_cnt - target->runs_before;
}

static int tick(struct run *run)
{
	struct verdict_state *state = state_of(run);
	struct targets *targets = &state->targets;
	const uint32_t zero = 0;
	const uint64_t none = 0;

	for (struct target *target = targets->list; target < targets->list + targets->count; target++) {
		if (target->exact) {
			read_counts(target);
			read_misses(run, target);
		} else if (!state->ending) {
			read_runs(run, target);
		}
	}
	judge_misses(run, state);
	chain_watch(run, targets);
	write_programs(run, state);
	write_hooks(run, state);
	write_flows(run, state);
	bpf_map_update_elem(state->maps.told, &zero, &none, BPF_ANY);
	return 0;
}

/* All figures end at once, too. */
static void detach(struct run *run)
{
	struct verdict_state *state = state_of(run);
	struct targets *targets = &state->targets;

	set_counting(state, false);
	for (struct target *target = targets->list; target < targets->list + targets->count; target++)
		if (!target->exact)
			read_runs(run, target);
	read_qdiscs(run, state);
	state->ending = true;
}

static void summary(struct run *run, struct out *out)
{
	write_summary_of(run, state_of(run), out);
}

static void stop(struct run *run)
{
	struct verdict_state *state = state_of(run);
	struct targets *targets = &state->targets;

	run_forget_objects(run);
	for (struct target *target = targets->list; target < targets->list + targets->count; target++)
		detach_from(target);
	unwatch_hooks(state);
	if (state->has_maps) {
		close(state->maps.flows);
		close(state->maps.packets);
		close(state->maps.told);
		close(state->maps.dropping);
		state->has_maps = false;
	}
	targets_free(targets);
}

static const struct tracer tracer = {
	.meta = &verdict_meta, .start = start, .tick = tick, .detach = detach, .summary = summary, .stop = stop,
};
REGISTER_TRACER(tracer);
