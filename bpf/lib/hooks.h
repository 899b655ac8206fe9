/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which programs sit on an interface's hooks, in the order in which the kernel runs them: XDP, tcx and clsact (ingress, then
 * egress), netkit. Of the network namespace the thread is in. Asked of the kernel itself, so that it shows what an old tc or
 * bpftool cannot.
 */
#ifndef BPFDESK_HOOKS_H
#define BPFDESK_HOOKS_H

#include <net/if.h>

#include "rtnl.h"

/* In the order in which a packet meets them. */
enum hook_kind { HOOK_XDP, HOOK_TCX, HOOK_CLSACT, HOOK_NETKIT, HOOK_KINDS };
enum hook_direction { HOOK_INGRESS, HOOK_EGRESS, HOOK_PRIMARY, HOOK_PEER };

/* "xdp", "tcx", "clsact", "netkit"; "ingress", "egress", "primary", "peer". */
const char *hook_kind_name(enum hook_kind kind);
const char *hook_direction_name(enum hook_direction direction);

/* Of a tcx or netkit hook: its enum bpf_attach_type; of clsact: what its filters' parent is. */
uint32_t hook_attach_type(enum hook_kind kind, enum hook_direction direction);
uint32_t hook_tc_parent(enum hook_direction direction);

struct interface {
	uint32_t ifindex;
	char name[IFNAMSIZ];
	/* "veth", "netkit", …; empty for hardware. */
	char kind[IFNAMSIZ];
	/* The other end of a pair, 0 for none; its namespace as an id within this one, -1: this one. */
	uint32_t peer_ifindex;
	int32_t peer_netnsid;
	/* By mode, 0 for none. A driver may run one of its own and one generic. */
	struct {
		uint32_t hw, drv, skb;
	} xdp;
};

struct hook_entry {
	enum hook_kind kind;
	enum hook_direction direction;
	uint32_t ifindex;
	/* 0 is run first, of this kind, direction and chain. */
	uint32_t position;
	/* 0: no program (a clsact filter of another classifier). */
	uint32_t prog_id;
	/* 0: attached without a link, or the kernel does not say (XDP). */
	uint32_t link_id;
	/* XDP: "hw", "drv", "skb"; otherwise empty. */
	const char *mode;
	/* clsact only. Filters of another chain than 0 are run when a filter jumps there. */
	uint32_t pref, handle, chain;
	/* ETH_P_x; 3 (ETH_P_ALL) for every packet. */
	uint16_t protocol;
	/* Shared by interfaces, 0: this interface's own. */
	uint32_t block;
	char classifier[16];
	/* What the loader called it, for example "bpf_lxc.o:[from-container]". */
	char name[256];
	/* The program's return value is the verdict ("da"); otherwise it only classifies. */
	bool direct_action;
};

/* Both: 0, a negative errno, or what `each` returned when that was not 0 (close the socket then). */
int interfaces_each(struct rtnl *rtnl, int (*each)(const struct interface *interface, void *context), void *context);
/*
 * Every program on every hook of an interface. `unknown` gets 1 << kind when this kernel knows no such hook or does not tell
 * what is on it: that it has none is then no finding.
 */
int hooks_of(struct rtnl *rtnl, const struct interface *interface,
	     int (*each)(const struct hook_entry *entry, void *context), void *context, uint32_t *unknown);
/* The same for one interface, with a socket of its own. -ENODEV when there is none. */
int hooks_of_ifindex(uint32_t ifindex, int (*each)(const struct hook_entry *entry, void *context), void *context,
		     uint32_t *unknown);

#endif
