// SPDX-License-Identifier: Apache-2.0
/*
 * The hooks of an interface. XDP comes with the interface (IFLA_XDP), tcx and netkit from BPF_PROG_QUERY, clsact from a dump of
 * its filters. libbpf 1.1 knows neither tcx nor netkit, so the query is laid out here.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "hooks.h"

/* enum bpf_attach_type; tcx: e420bed02507 (6.6), netkit: 35dfaad7188c (6.7). */
enum { TCX_INGRESS = 46, TCX_EGRESS = 47, NETKIT_PRIMARY = 54, NETKIT_PEER = 55 };
/* BPF_MPROG_MAX of kernel/bpf/mprog.c: no hook of these kinds holds more. */
#define MPROG_MAX 64

/* The member `query` of union bpf_attr as of e420bed02507. */
struct mprog_query {
	uint32_t target_ifindex;
	uint32_t attach_type;
	uint32_t query_flags;
	uint32_t attach_flags;
	uint64_t prog_ids;
	uint32_t count;
	uint32_t unused;
	uint64_t prog_attach_flags;
	uint64_t link_ids;
	uint64_t link_attach_flags;
	uint64_t revision;
};

struct walk {
	uint32_t ifindex;
	int (*each)(const struct hook_entry *entry, void *context);
	void *context;
	uint32_t *unknown;
};

const char *hook_kind_name(enum hook_kind kind)
{
	static const char *const names[] = { "xdp", "tcx", "clsact", "netkit" };

	return names[kind];
}

const char *hook_direction_name(enum hook_direction direction)
{
	static const char *const names[] = { "ingress", "egress", "primary", "peer" };

	return names[direction];
}

uint32_t hook_attach_type(enum hook_kind kind, enum hook_direction direction)
{
	if (kind == HOOK_TCX)
		return direction == HOOK_INGRESS ? TCX_INGRESS : TCX_EGRESS;
	return direction == HOOK_PRIMARY ? NETKIT_PRIMARY : NETKIT_PEER;
}

uint32_t hook_tc_parent(enum hook_direction direction)
{
	return TC_H_MAKE(TC_H_CLSACT, direction == HOOK_INGRESS ? TC_H_MIN_INGRESS : TC_H_MIN_EGRESS);
}

struct interface_walk {
	int (*each)(const struct interface *interface, void *context);
	void *context;
};

static void read_xdp(const struct rtattr *attr, struct interface *interface)
{
	const struct rtattr *attached = rtnl_nested(attr, IFLA_XDP_ATTACHED);
	uint32_t only = rtnl_u32(rtnl_nested(attr, IFLA_XDP_PROG_ID));
	uint8_t mode = attached && RTA_PAYLOAD(attached) ? *(const uint8_t *)RTA_DATA(attached) : XDP_ATTACHED_NONE;

	interface->xdp.hw = mode == XDP_ATTACHED_HW ? only : rtnl_u32(rtnl_nested(attr, IFLA_XDP_HW_PROG_ID));
	interface->xdp.drv = mode == XDP_ATTACHED_DRV ? only : rtnl_u32(rtnl_nested(attr, IFLA_XDP_DRV_PROG_ID));
	interface->xdp.skb = mode == XDP_ATTACHED_SKB ? only : rtnl_u32(rtnl_nested(attr, IFLA_XDP_SKB_PROG_ID));
}

static int on_link(const struct nlmsghdr *message, void *context)
{
	const size_t header = sizeof(struct ifinfomsg);
	const struct ifinfomsg *link = NLMSG_DATA(message);
	const struct interface_walk *walk = context;
	const struct rtattr *netnsid;
	struct interface interface = { .peer_netnsid = -1 };

	if (message->nlmsg_type != RTM_NEWLINK || message->nlmsg_len < NLMSG_LENGTH(header))
		return 0;
	interface.ifindex = (uint32_t)link->ifi_index;
	interface.peer_ifindex = rtnl_u32(rtnl_attr(message, header, IFLA_LINK));
	netnsid = rtnl_attr(message, header, IFLA_LINK_NETNSID);
	if (netnsid)
		interface.peer_netnsid = (int32_t)rtnl_u32(netnsid);
	rtnl_text(rtnl_attr(message, header, IFLA_IFNAME), interface.name, sizeof(interface.name));
	rtnl_text(rtnl_nested(rtnl_attr(message, header, IFLA_LINKINFO), IFLA_INFO_KIND), interface.kind,
		  sizeof(interface.kind));
	read_xdp(rtnl_attr(message, header, IFLA_XDP), &interface);
	return walk->each(&interface, walk->context);
}

static int ask_links(struct rtnl *rtnl, uint32_t ifindex, struct interface_walk *walk)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg link;
	} request = {
		.header = { .nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETLINK, .nlmsg_flags = ifindex ? 0 : NLM_F_DUMP },
		.link = { .ifi_index = (int)ifindex },
	};

	return rtnl_ask(rtnl, &request.header, on_link, walk);
}

int interfaces_each(struct rtnl *rtnl, int (*each)(const struct interface *interface, void *context), void *context)
{
	return ask_links(rtnl, 0, &(struct interface_walk){ each, context });
}

static int walk_xdp(const struct interface *interface, struct walk *walk)
{
	const struct {
		const char *mode;
		uint32_t prog_id;
	} found[] = { { "hw", interface->xdp.hw }, { "drv", interface->xdp.drv }, { "skb", interface->xdp.skb } };
	struct hook_entry entry = { .kind = HOOK_XDP, .direction = HOOK_INGRESS, .ifindex = walk->ifindex };
	int result = 0;

	for (size_t i = 0; i < sizeof(found) / sizeof(found[0]) && !result; i++) {
		if (!found[i].prog_id)
			continue;
		entry.mode = found[i].mode;
		entry.prog_id = found[i].prog_id;
		result = walk->each(&entry, walk->context);
		entry.position++;
	}
	return result;
}

static int walk_mprog(enum hook_kind kind, enum hook_direction direction, struct walk *walk)
{
	uint32_t prog_ids[MPROG_MAX] = {}, link_ids[MPROG_MAX] = {};
	struct mprog_query query = {
		.target_ifindex = walk->ifindex,
		.attach_type = hook_attach_type(kind, direction),
		.prog_ids = (uint64_t)(uintptr_t)prog_ids,
		.count = MPROG_MAX,
		.link_ids = (uint64_t)(uintptr_t)link_ids,
	};
	struct hook_entry entry = { .kind = kind, .direction = direction, .ifindex = walk->ifindex, .mode = "" };
	int result = 0;

	if (syscall(__NR_bpf, BPF_PROG_QUERY, &query, sizeof(query))) {
		/* ENOENT: a hook nothing was ever attached to (tcx_prog_query). */
		if (errno == ENOENT)
			return 0;
		if (errno == EINVAL || errno == E2BIG) {
			*walk->unknown |= 1u << kind;
			return 0;
		}
		/* ENXIO: no netkit device after all. EACCES: the peer end, which shows nothing; the primary shows both. */
		if (kind == HOOK_NETKIT && (errno == ENXIO || errno == EACCES))
			return 0;
		return -errno;
	}
	for (uint32_t i = 0; i < query.count && i < MPROG_MAX && !result; i++) {
		entry.position = i;
		entry.prog_id = prog_ids[i];
		entry.link_id = link_ids[i];
		result = walk->each(&entry, walk->context);
	}
	return result;
}

struct filters {
	struct hook_entry *entries;
	size_t count, room;
	struct hook_entry like;
};

/* Keeps the order of the kernel within a chain, and has chain 0 first, which is the one that is entered. */
static int add_filter(struct filters *filters, const struct hook_entry *entry)
{
	size_t at = filters->count;

	if (filters->count == filters->room) {
		size_t room = filters->room ? filters->room * 2 : 8;
		struct hook_entry *entries = realloc(filters->entries, room * sizeof(*entries));

		if (!entries)
			return -ENOMEM;
		filters->entries = entries;
		filters->room = room;
	}
	for (; at && filters->entries[at - 1].chain > entry->chain; at--)
		filters->entries[at] = filters->entries[at - 1];
	filters->entries[at] = *entry;
	filters->count++;
	return 0;
}

static int on_filter(const struct nlmsghdr *message, void *context)
{
	const size_t header = sizeof(struct tcmsg);
	const struct tcmsg *filter = NLMSG_DATA(message);
	struct filters *filters = context;
	struct hook_entry entry = filters->like;
	const struct rtattr *options;

	if (message->nlmsg_type != RTM_NEWTFILTER || message->nlmsg_len < NLMSG_LENGTH(header))
		return 0;
	options = rtnl_attr(message, header, TCA_OPTIONS);
	/* One message is about the priority itself (tcf_fill_node without a filter), which runs nothing. */
	if (!options && !filter->tcm_handle)
		return 0;
	entry.pref = filter->tcm_info >> 16;
	entry.protocol = (uint16_t)__builtin_bswap16((uint16_t)filter->tcm_info);
	entry.handle = filter->tcm_handle;
	entry.chain = rtnl_u32(rtnl_attr(message, header, TCA_CHAIN));
	if (filter->tcm_ifindex == (int)TCM_IFINDEX_MAGIC_BLOCK)
		entry.block = filter->tcm_parent;
	rtnl_text(rtnl_attr(message, header, TCA_KIND), entry.classifier, sizeof(entry.classifier));
	if (!strcmp(entry.classifier, "bpf")) {
		entry.prog_id = rtnl_u32(rtnl_nested(options, TCA_BPF_ID));
		entry.direct_action = rtnl_u32(rtnl_nested(options, TCA_BPF_FLAGS)) & TCA_BPF_FLAG_ACT_DIRECT;
		rtnl_text(rtnl_nested(options, TCA_BPF_NAME), entry.name, sizeof(entry.name));
	}
	return add_filter(filters, &entry);
}

/* Filters of the qdisc clsact, or of ingress, which has the first direction only. */
static int walk_clsact(struct rtnl *rtnl, enum hook_direction direction, struct walk *walk)
{
	struct {
		struct nlmsghdr header;
		struct tcmsg filter;
	} request = {
		.header = { .nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETTFILTER, .nlmsg_flags = NLM_F_DUMP },
		.filter = { .tcm_ifindex = (int)walk->ifindex, .tcm_parent = hook_tc_parent(direction) },
	};
	struct filters filters = {
		.like = { .kind = HOOK_CLSACT, .direction = direction, .ifindex = walk->ifindex, .mode = "" },
	};
	int result = rtnl_ask(rtnl, &request.header, on_filter, &filters);

	for (size_t i = 0; i < filters.count && !result; i++) {
		struct hook_entry *entry = &filters.entries[i];

		entry->position = i && entry->chain == entry[-1].chain ? entry[-1].position + 1 : 0;
		result = walk->each(entry, walk->context);
	}
	free(filters.entries);
	return result;
}

int hooks_of(struct rtnl *rtnl, const struct interface *interface,
	     int (*each)(const struct hook_entry *entry, void *context), void *context, uint32_t *unknown)
{
	struct walk walk = { interface->ifindex, each, context, unknown };
	int result = walk_xdp(interface, &walk);

	if (!result)
		result = walk_mprog(HOOK_TCX, HOOK_INGRESS, &walk);
	if (!result)
		result = walk_clsact(rtnl, HOOK_INGRESS, &walk);
	if (!result)
		result = walk_mprog(HOOK_TCX, HOOK_EGRESS, &walk);
	if (!result)
		result = walk_clsact(rtnl, HOOK_EGRESS, &walk);
	/* Only such a device can have them, so a kernel without netkit has nothing to be asked. */
	if (!result && !strcmp(interface->kind, "netkit"))
		result = walk_mprog(HOOK_NETKIT, HOOK_PRIMARY, &walk);
	if (!result && !strcmp(interface->kind, "netkit"))
		result = walk_mprog(HOOK_NETKIT, HOOK_PEER, &walk);
	return result;
}

static int keep_interface(const struct interface *interface, void *context)
{
	*(struct interface *)context = *interface;
	return 0;
}

int hooks_of_ifindex(uint32_t ifindex, int (*each)(const struct hook_entry *entry, void *context), void *context,
		     uint32_t *unknown)
{
	struct interface interface = {};
	struct rtnl rtnl;
	int result = rtnl_open(&rtnl);

	if (result)
		return result;
	result = ask_links(&rtnl, ifindex, &(struct interface_walk){ keep_interface, &interface });
	if (!result)
		result = interface.ifindex ? hooks_of(&rtnl, &interface, each, context, unknown) : -ENODEV;
	rtnl_close(&rtnl);
	return result;
}
