/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What the program of `drops` tells the user side, and the keys and values of its tables. */
#ifndef BPFDESK_DROPS_H
#define BPFDESK_DROPS_H

#include <linux/types.h>
#include "process.h"
#include "tuple.h"

#define DROP_CAUSES 4096
#define DROP_STACK 32
#define DROP_DEVICE 16
/* Reasons of the core a run can choose among, or call noise; those of subsystems have a number above 65535. */
#define DROP_REASONS 1024

/* Why something that is freed is no lost packet. */
enum drop_noise {
	DROP_IS_LOSS,
	/* Its reason is one of those listed in drops.c. */
	DROP_BY_REASON,
	/* A message between processes or to the kernel (AF_UNIX, netlink), which uses the same buffers. */
	DROP_NO_PACKET,
	/* The copy of a packet that a capture could not take. */
	DROP_CAPTURE,
	/* What follows is told by the place (places.c), not by the program. What nobody had read when its socket was closed. */
	DROP_CLOSED_SOCKET,
	/* The kernel has done with it what it asks for. */
	DROP_HANDLED,
	/* Sent to a group that nobody here has joined. */
	DROP_NOT_JOINED,
};

/* All zero with the location ~0: everything that had no room of its own. */
struct drop_cause_key {
	__u64 location;
	__u32 reason;
	__u32 ifindex;
	__u32 netns;
	__u32 noise;
};

struct drop_cause {
	__u64 packets;
	__u64 segments;
	__u64 bytes;
	__u64 first_ns;
	__u64 last_ns;
	/* The second in which events of it were told last, and how many in it. */
	__u32 told_s;
	__u32 told;
	char device[DROP_DEVICE];
};

struct drop_flow_key {
	struct tuple tuple;
	__u64 location;
	__u32 reason;
	__u32 ifindex;
	__u32 netns;
	__u32 pad;
};

/* Of the socket that sent it or was to get it. */
struct drop_holder {
	/* tgid 0: not known. */
	struct process process;
	/* Of the socket itself. */
	__u64 cgroup_id;
	__u32 uid;
	/* There was a socket. */
	__u32 known;
};

struct drop_flow {
	__u64 packets;
	__u64 segments;
	__u64 bytes;
	__u64 first_ns;
	__u64 last_ns;
	struct drop_holder holder;
	char device[DROP_DEVICE];
};

struct drop_event {
	__u64 time_ns;
	struct drop_cause_key cause;
	struct tuple tuple;
	struct drop_holder holder;
	struct tuple_more more;
	__u32 len;
	__u32 segments;
	__u32 mark;
	__u32 stack_depth;
	char device[DROP_DEVICE];
	__u64 stack[DROP_STACK];
};

/* Beside those of counts.h. */
enum drop_count {
	/* New rows of the table of flows. */
	DROP_FLOWS_MADE,
	DROP_COUNTS,
};

#endif
