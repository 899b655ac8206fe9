// SPDX-License-Identifier: Apache-2.0
/*
 * From parameters to programs: those that were named, wherever they are attached, or all of one hook of an interface, in the
 * order in which the kernel runs them.
 */
#include <bpf/btf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "verdict_targets.h"

struct choosing {
	struct run *run;
	struct targets *targets;
	/* Where interfaces are looked through: the entry before, and how many of its hook there were. */
	const struct interface *interface;
	struct hook_entry last;
	uint32_t position;
	int failed;
};

/* Its whole name and its function's: the kernel keeps 15 bytes of it, its BTF has all. */
static void read_names(struct target *target, uint32_t btf_id, const char *short_name)
{
	struct bpf_func_info func = {};
	struct bpf_prog_info info = {
		.nr_func_info = 1,
		.func_info_rec_size = sizeof(func),
		.func_info = (uintptr_t)&func,
	};
	uint32_t size = sizeof(info);
	const struct btf_type *type;
	struct btf *btf;

	snprintf(target->name, sizeof(target->name), "%s", short_name);
	if (!btf_id || bpf_obj_get_info_by_fd(target->fd, &info, &size) || !info.nr_func_info)
		return;
	btf = btf__load_from_kernel_by_id(btf_id);
	if (!btf)
		return;
	type = btf__type_by_id(btf, func.type_id);
	if (type && btf_is_func(type)) {
		snprintf(target->function, sizeof(target->function), "%s", btf__name_by_offset(btf, type->name_off));
		snprintf(target->name, sizeof(target->name), "%s", target->function);
	}
	btf__free(btf);
}

/* The target of that program, made when there is none. NULL: `failed` is set, or the program is gone. */
static struct target *target_of(struct choosing *choosing, uint32_t prog_id)
{
	struct targets *targets = choosing->targets;
	struct target *target = targets->list;
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);

	for (; target < targets->list + targets->count; target++)
		if (target->prog_id == prog_id)
			return target;
	if (targets->count == MAX_TARGETS) {
		choosing->failed = run_fail(choosing->run, "too-many-programs", "Choose fewer of them.",
					    "More than %d programs were chosen", MAX_TARGETS);
		return NULL;
	}
	*target = (struct target){ .prog_id = prog_id, .fd = bpf_prog_get_fd_by_id(prog_id) };
	if (target->fd < 0)
		return NULL;
	targets->count++;
	bpf_obj_get_info_by_fd(target->fd, &info, &size);
	target->type = info.type;
	target->naming = info.type == BPF_PROG_TYPE_XDP ? NAMES_XDP : NAMES_TC;
	read_names(target, info.btf_id, info.name);
	return target;
}

static enum naming naming_of(const struct hook_entry *entry)
{
	switch (entry->kind) {
	case HOOK_XDP:
		return NAMES_XDP;
	case HOOK_TCX:
		return NAMES_TCX;
	case HOOK_NETKIT:
		return NAMES_NETKIT;
	case HOOK_CLSACT:
	case HOOK_KINDS:
		break;
	}
	return entry->direct_action ? NAMES_TC : NAMES_CLASS;
}

/* Ingress is what comes in on the interface; on a netkit pair that is what its peer sends. */
static uint8_t direction_of(const struct hook_entry *entry)
{
	return entry->direction == HOOK_INGRESS || entry->direction == HOOK_PEER ? VERDICT_INGRESS : VERDICT_EGRESS;
}

/* Counts the entries of a hook: tcx and clsact of one direction are one, in this order. */
static void step(struct choosing *choosing, const struct hook_entry *entry)
{
	const struct hook_entry *last = &choosing->last;

	if (last->ifindex != entry->ifindex || last->direction != entry->direction ||
	    (last->kind == HOOK_XDP) != (entry->kind == HOOK_XDP))
		choosing->position = 0;
	choosing->position++;
	choosing->last = *entry;
}

static void add_place(struct target *target, const struct hook_entry *entry, const char *ifname)
{
	size_t used = strlen(target->place);
	char *to = target->place + used;
	size_t room = sizeof(target->place) - used;
	const char *and = used ? "; " : "";

	if (entry->kind == HOOK_CLSACT)
		snprintf(to, room, "%s%s clsact %s pref %u handle 0x%x%s", and, ifname, hook_direction_name(entry->direction),
			 entry->pref, entry->handle, entry->chain ? ", not in chain 0" : "");
	else if (entry->kind == HOOK_XDP)
		snprintf(to, room, "%s%s xdp %s", and, ifname,
			 !strcmp(entry->mode, "skb") ? "generic" : !strcmp(entry->mode, "drv") ? "native" : "offloaded");
	else
		snprintf(to, room, "%s%s %s %s", and, ifname, hook_kind_name(entry->kind),
			 hook_direction_name(entry->direction));
}

static void add_hook(struct choosing *choosing, const struct hook_entry *entry)
{
	struct targets *targets = choosing->targets;
	const struct verdict_hook_key key = {
		.netns = targets->netns.inum,
		.ifindex = entry->ifindex,
		.direction = direction_of(entry),
		.xdp = entry->kind == HOOK_XDP,
	};
	struct hook *hook = targets->hooks;

	/* netkit has no drop reason of its own and no qdisc that counts. */
	if (entry->kind == HOOK_NETKIT)
		return;
	while (hook < targets->hooks + targets->hook_count && memcmp(&hook->key, &key, sizeof(key)))
		hook++;
	if (hook == targets->hooks + MAX_HOOKS)
		return;
	if (hook == targets->hooks + targets->hook_count) {
		targets->hook_count++;
		*hook = (struct hook){ .key = key };
		snprintf(hook->ifname, sizeof(hook->ifname), "%s", choosing->interface->name);
		hook->native = key.xdp && strcmp(entry->mode, "skb");
	}
}

static void take(struct choosing *choosing, struct target *target, const struct hook_entry *entry)
{
	if (!target->position)
		target->position = choosing->position;
	if (!*target->place) {
		target->naming = naming_of(entry);
		target->direction = direction_of(entry);
		target->netkit = entry->kind == HOOK_NETKIT;
	}
	add_place(target, entry, choosing->interface->name);
	add_hook(choosing, entry);
}

bool is_of_chosen_hook(const struct targets *targets, const struct hook_entry *entry)
{
	return (entry->kind == HOOK_XDP) == targets->xdp && direction_of(entry) == targets->direction;
}

/* Every program of the hook that was chosen. */
static int on_chosen_hook(const struct hook_entry *entry, void *context)
{
	struct choosing *choosing = context;
	struct targets *targets = choosing->targets;
	struct target *target;

	if (!is_of_chosen_hook(targets, entry))
		return 0;
	if (targets->chain.count < MAX_TARGETS)
		targets->chain.prog_ids[targets->chain.count++] = entry->prog_id;
	step(choosing, entry);
	if (!entry->prog_id) {
		targets->has_others = true;
		run_without(choosing->run, "filter without program",
			    "position %u, pref %u, is a filter of %s, not a program: its verdicts are not seen",
			    choosing->position, entry->pref, entry->classifier);
		return 0;
	}
	/* Its program gives a class, and the filter's actions decide, which nobody sees. */
	if (entry->kind == HOOK_CLSACT && !entry->direct_action)
		targets->has_others = true;
	target = target_of(choosing, entry->prog_id);
	if (target)
		take(choosing, target, entry);
	else if (!choosing->failed)
		run_without(choosing->run, "program that went away",
			    "program %u was detached while the hook was read", entry->prog_id);
	return choosing->failed;
}

/* Programs that were named, wherever they are found. */
static int on_any_hook(const struct hook_entry *entry, void *context)
{
	struct choosing *choosing = context;
	struct targets *targets = choosing->targets;

	step(choosing, entry);
	for (struct target *target = targets->list; target < targets->list + targets->count; target++)
		if (target->prog_id == entry->prog_id)
			take(choosing, target, entry);
	return 0;
}

static int on_interface(const struct interface *interface, void *context)
{
	struct choosing *choosing = context;
	const char *wanted = param_text(choosing->run, "ifname");
	uint32_t unknown = 0;
	struct rtnl rtnl;
	int result;

	if (*wanted && strcmp(interface->name, wanted))
		return 0;
	/* The socket of the list of interfaces is still being read. */
	result = rtnl_open(&rtnl);
	if (result)
		return result;
	choosing->interface = interface;
	if (*wanted) {
		choosing->targets->ifindex = interface->ifindex;
		choosing->targets->is_bond = !strcmp(interface->kind, "bond");
	}
	result = hooks_of(&rtnl, interface, *wanted ? on_chosen_hook : on_any_hook, choosing, &unknown);
	rtnl_close(&rtnl);
	return result;
}

/* In the namespace. */
static int look_through(void *context)
{
	struct choosing *choosing = context;
	struct rtnl interfaces;
	int result = rtnl_open(&choosing->targets->rtnl);

	if (!result)
		result = rtnl_open(&interfaces);
	if (result)
		return result;
	result = interfaces_each(&interfaces, on_interface, choosing);
	rtnl_close(&interfaces);
	if (!result)
		result = targets_read_qdiscs(choosing->targets);
	return result;
}

static int read_direction(struct run *run, struct targets *targets)
{
	const char *direction = param_text(run, "direction");

	if (!*direction)
		return run_refuse_param(run, "direction", "it is needed with ifname: ingress, egress or xdp");
	targets->xdp = !strcmp(direction, "xdp");
	targets->direction = !strcmp(direction, "egress") ? VERDICT_EGRESS : VERDICT_INGRESS;
	return 0;
}

static int add_named(const char *word, void *context)
{
	struct choosing *choosing = context;
	struct run *run = choosing->run;
	struct target *target;
	char *end;
	unsigned long prog_id = strtoul(word, &end, 10);

	if (*end || !prog_id || prog_id > UINT32_MAX)
		return run_refuse_param(run, "prog_ids", "\"%s\" is no number of a program", word);
	target = target_of(choosing, (uint32_t)prog_id);
	if (choosing->failed)
		return -1;
	if (!target)
		return run_fail(run, "no-such-program", "Numbers are given anew at each load: read the node again.",
				"There is no program %lu: %s", prog_id, strerror(errno));
	if (target->type != BPF_PROG_TYPE_SCHED_CLS && target->type != BPF_PROG_TYPE_SCHED_ACT &&
	    target->type != BPF_PROG_TYPE_XDP)
		return run_refuse_param(run, "prog_ids",
					"program %lu (%s) is none of tc, tcx, netkit or XDP: what it returns is no verdict",
					prog_id, target->name);
	return 0;
}

static int check_found(struct run *run, const struct targets *targets)
{
	const char *ifname = param_text(run, "ifname");

	if (!*ifname)
		return 0;
	if (!targets->ifindex)
		return run_fail(run, "no-such-interface", "See its interfaces with: ip link (in that namespace).",
				"There is no interface %s in network namespace %u", ifname, targets->netns.inum);
	if (!targets->count)
		return run_fail(run, "no-programs", "See what is attached with: bpftool net, tc filter show dev IFNAME ingress.",
				"No program is attached to %s of %s", targets->xdp ? "XDP" : param_text(run, "direction"),
				ifname);
	return 0;
}

int targets_choose(struct run *run, struct targets *targets)
{
	struct choosing choosing = { .run = run, .targets = targets };
	bool named = param_given(run, "prog_ids"), hooked = param_given(run, "ifname");
	char why[256];
	int result;

	targets->rtnl.fd = -1;
	if (named == hooked)
		return run_refuse_param(run, "prog_ids", "give either programs or the interface whose hook they are on");
	if (netns_open(&targets->netns, param_text(run, "netns"), why, sizeof(why)))
		return run_refuse_param(run, "netns", "%s", why);
	if (hooked && read_direction(run, targets))
		return -1;
	if (named && param_each(run, "prog_ids", add_named, &choosing))
		return -1;
	result = netns_within(&targets->netns, look_through, &choosing);
	if (choosing.failed)
		return -1;
	if (result)
		return run_fail(run, "no-hooks", "It needs root in the node's own namespaces.",
				"The interfaces of network namespace %u could not be read: %s", targets->netns.inum,
				strerror(-result));
	return check_found(run, targets);
}

void targets_free(struct targets *targets)
{
	for (struct target *target = targets->list; target < targets->list + targets->count; target++)
		close(target->fd);
	targets->count = 0;
	targets->hook_count = 0;
	targets->chain.count = 0;
	targets->has_others = false;
	if (targets->netns.inum) {
		rtnl_close(&targets->rtnl);
		netns_close(&targets->netns);
		targets->netns.inum = 0;
	}
}
