// SPDX-License-Identifier: Apache-2.0
/* The drops of a hook, counted where the kernel frees the packet: what is left when a program cannot be traced. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "drop_reasons.h"
#include "ksyms.h"
#include "verdict.h"
#include "verdict_hook.skel.h"
#include "verdict_state.h"

static bool kernel_gives_reasons(void)
{
	struct btf *kernel = btf__load_vmlinux_btf();
	struct drop_reasons *reasons = kernel ? drop_reasons_new(kernel) : NULL;
	uint32_t number;
	bool known = reasons && drop_reason_number(reasons, "TC_INGRESS", &number);

	drop_reasons_free(reasons);
	btf__free(kernel);
	return known;
}

/* Whether the kernel's code was found; otherwise `why` says it. */
static bool find_xdp_places(struct verdict_hook_bpf *hook, char *why, size_t size)
{
	/* Those that the compiler did not inline into one another. Of drivers veth has a packet before XDP. */
	static const char *const functions[] = { "do_xdp_generic", "netif_receive_generic_xdp", "veth_xdp_rcv_skb" };
	struct ksyms *syms = ksyms_new();
	const char *missing = ksyms_missing(syms);
	size_t found = 0;

	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
		struct ksym_range ranges[VERDICT_XDP_PLACES];
		size_t count = ksyms_ranges(syms, functions[i], ranges, VERDICT_XDP_PLACES - found);

		for (size_t at = 0; at < count; at++, found++)
			hook->rodata->xdp_places[found] = (struct verdict_place){ ranges[at].begin, ranges[at].end };
	}
	snprintf(why, size, "%s", missing ? missing : "the kernel's code that drops for XDP was not found");
	ksyms_free(syms);
	return found;
}

/* Says what of the hooks' drops cannot be seen. */
static void judge_hooks(struct run *run, struct targets *targets, struct verdict_hook_bpf *hook)
{
	bool has_reasons = kernel_gives_reasons(), has_places = false;
	char why[200] = "";

	for (struct hook *one = targets->hooks; one < targets->hooks + targets->hook_count; one++) {
		if (one->key.xdp && !has_places)
			has_places = find_xdp_places(hook, why, sizeof(why));
		one->has_drops = one->key.xdp ? has_places : has_reasons;
		one->is_complete = one->has_drops && !one->native;
		if (!one->has_drops)
			run_without(run, "drops of the hook", "%s: %s", one->ifname,
				    one->key.xdp ? why :
						   "this kernel does not say why it frees a packet (before 5.18): there are "
						   "run counts and the qdisc's counter only");
		else if (one->native)
			run_without(run, "drops of native XDP",
				    "%s: seen only where a frame was a packet already, as on veth: a driver frees its own unseen",
				    one->ifname);
	}
}

/* False when it cannot be had; libbpf said why. */
static bool attach_hook(struct run *run, struct verdict_state *state)
{
	const struct targets *targets = &state->targets;
	struct verdict_hook_bpf *hook = state->hook;
	const struct verdict_hook none = {};

	hook->rodata->packets_per_s = (uint32_t)param_u64(run, "packets_per_s");
	for (enum naming naming = 0; naming < NAMINGS; naming++)
		if (state->told_slots[naming] & verdict_drops(naming))
			hook->rodata->told_drops = true;
	if (share_maps(state, hook->obj) || verdict_hook_bpf__load(hook))
		return false;
	for (size_t i = 0; i < targets->hook_count; i++)
		if (bpf_map__update_elem(hook->maps.hooks, &targets->hooks[i].key, sizeof(targets->hooks[i].key), &none,
					 sizeof(none), BPF_ANY))
			return false;
	/* Only then: an object that is taken out again would take out all. */
	return !verdict_hook_bpf__attach(hook) && !run_add_object(run, hook->obj);
}

void watch_hooks(struct run *run, struct verdict_state *state)
{
	struct targets *targets = &state->targets;
	const char *why;

	if (!targets->hook_count) {
		run_without(run, "drops of the hook", "the programs are on no hook of network namespace %u",
			    targets->netns.inum);
		return;
	}
	if (!feature_available(FEATURE_raw_tp, &why)) {
		run_without(run, "drops of the hook", "%s", why);
		return;
	}
	state->hook = verdict_hook_bpf__open();
	if (state->hook)
		judge_hooks(run, targets, state->hook);
	if (state->hook && attach_hook(run, state))
		return;
	run_without(run, "drops of the hook", "its program cannot be used: %s", last_libbpf_warning());
	for (size_t i = 0; i < targets->hook_count; i++)
		targets->hooks[i].has_drops = targets->hooks[i].is_complete = false;
	unwatch_hooks(state);
}

void count_in_hooks(struct verdict_state *state, bool counting)
{
	if (state->hook)
		state->hook->bss->counting = counting;
}

/* Softirq freed a packet while the program ran on that CPU: maybe one of a hook (recursion_misses, of raw tracepoints since 6.1). */
void judge_misses(struct run *run, struct verdict_state *state)
{
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);

	if (!state->hook || bpf_obj_get_info_by_fd(bpf_program__fd(state->hook->progs.on_kfree_skb), &info, &size) ||
	    info.recursion_misses <= state->hook_misses)
		return;
	state->hook_misses = info.recursion_misses;
	for (size_t i = 0; i < state->targets.hook_count; i++)
		state->targets.hooks[i].is_complete = false;
	run_note(run, "missed-drops",
		 "%llu freed packets were not looked at, because the kernel does not run the tracer within itself: the hooks' drops may be more.",
		 (unsigned long long)info.recursion_misses);
}

void unwatch_hooks(struct verdict_state *state)
{
	verdict_hook_bpf__destroy(state->hook);
	state->hook = NULL;
}
