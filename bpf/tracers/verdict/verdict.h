/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What the programs of `verdict` and its user side share. */
#ifndef BPFDESK_VERDICT_H
#define BPFDESK_VERDICT_H

#include <linux/types.h>
#include "tuple.h"

/* A return value from -1 (TC_ACT_UNSPEC, TCX_NEXT) upwards has the slot behind its own number; all others share the last. */
#define VERDICT_SLOTS 16
#define VERDICT_SLOT_OTHER (VERDICT_SLOTS - 1)
#define VERDICT_SLOT(value) ((__u32)((value) + 1))

enum verdict_direction { VERDICT_ANY_DIRECTION, VERDICT_INGRESS, VERDICT_EGRESS };

/* Which packets of a program are counted and which of these are told of. */
struct verdict_config {
	__u32 prog_id;
	/* Of packets on this interface only; 0: wherever the program runs. */
	__u32 ifindex;
	__u32 netns;
	/* Bit 1 << slot for each verdict that flows are told of. */
	__u32 told_slots;
	/* And for each after which the kernel drops the packet. */
	__u32 drop_slots;
	__u32 packets_per_s;
	/* Of packets in this direction only. */
	__u8 only_direction;
	/* The direction that flows are told with; any: that of the packet. */
	__u8 direction;
	/* The interface is a bond, whose native XDP the drivers of its members run. */
	__u8 members;
};

/* No padding: it is a key. */
struct verdict_flow_key {
	struct tuple tuple;
	/* 0: a program of this hook, nobody knows which. */
	__u32 prog_id;
	__u32 netns;
	__u32 ifindex;
	__u8 direction;
	__u8 slot;
	/* Of XDP; the drops of a hook are told by the same table. */
	__u8 xdp;
	__u8 unused;
};

struct verdict_flow {
	__u64 count;
	__u64 bytes;
	__u64 first_ns;
	__u64 last_ns;
};

struct verdict_packet {
	__u64 time_ns;
	struct verdict_flow_key flow;
	struct tuple_more more;
	__u32 len;
	__u32 mark;
};

/* A hook whose drops are counted where the kernel frees the packet. */
struct verdict_hook_key {
	__u32 netns;
	__u32 ifindex;
	__u8 direction;
	__u8 xdp;
	__u16 unused;
};

/* Code of the kernel that frees a packet only because of XDP. */
#define VERDICT_XDP_PLACES 8

struct verdict_place {
	__u64 begin;
	__u64 end;
};

struct verdict_hook {
	__u64 drops;
	__u64 bytes;
	/* Of these drops: what no traced program returned. */
	__u64 others;
};

#endif
