/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What the programs of `retrans` tell the user side. */
#ifndef BPFDESK_RETRANS_H
#define BPFDESK_RETRANS_H

#include <linux/types.h>
#include "process.h"

enum retrans_kind {
	/* The retransmission timer ran out. */
	KIND_TIMEOUT,
	/* Lost, too, by the same timeout: sent again as acknowledgements come in (TcpExtTCPSlowStartRetrans). */
	KIND_AFTER_TIMEOUT,
	/* The peer's acknowledgements told of the loss (TcpExtTCPFastRetrans). */
	KIND_FAST,
	/* The last segment, sent again to learn whether it was lost (TcpExtTCPLossProbes). */
	KIND_PROBE,
	KIND_SYN,
	KIND_SYNACK,
	KIND_OTHER,
	/* Only in totals, of whatever kind: a queue or a filter of this node did not take it. */
	KIND_REFUSED,
	KINDS,
};

/* Addresses have sixteen bytes; an IPv4 one is ::ffff:a.b.c.d. Ports are numbers. */
struct destination_key {
	__u32 daddr[4];
	/* Of the socket's cgroup, or of its owner's where the socket does not say. */
	__u64 cgroup_id;
	/* 0: not known. */
	__u32 tgid;
	__u32 netns;
	/* What was connected to, and what was connected from elsewhere; 0: the other way round, or not asked for. */
	__u16 dport;
	__u16 lport;
	__u32 pad;
};

/* Counted in segments. */
struct destination {
	__u64 sent;
	__u64 retrans;
	/* Counted by the socket and told by no tracepoint: on kernels that tell of no refused ones, those. */
	__s64 untold;
	__u64 kinds[KINDS];
	__u64 connections;
	/* Smoothed round-trip times, one whenever a socket is counted. */
	__u64 srtt_sum_us;
	__u64 srtt_count;
	__u64 last_ns;
	__u32 srtt_min_us;
	char comm[16];
};

/* All that passes the filters, whoever owns it and wherever it goes. */
struct overall {
	__u64 sent;
	__u64 retrans;
	__s64 untold;
	__u64 kinds[KINDS];
};

/* A connection while it is watched; addresses of sockets are used again. */
struct flow_key {
	__u64 socket;
	__u64 begun_ns;
};

struct retrans_event {
	__u64 time_ns;
	/* Its owner may be known later. begun_ns is 0 for a SYN-ACK: `socket` is who listens. */
	struct flow_key flow;
	__u64 cgroup_id;
	struct process owner;
	__u32 owner_known;
	__u32 saddr[4];
	__u32 daddr[4];
	__u16 sport;
	__u16 dport;
	__u32 netns;
	__u32 segments;
	/* What sending it returned; 0: it went out. */
	__s32 error;
	__u32 srtt_us;
	__u32 rto_ticks;
	__u32 cwnd;
	__u8 kind;
	__u8 state;
	/* How often in a row the timer ran out, this time included. */
	__u8 timeouts;
	__u8 pad[5];
};

#endif
