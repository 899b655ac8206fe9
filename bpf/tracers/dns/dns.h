/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What the programs of `dns` tell the user side. */
#ifndef BPFDESK_DNS_H
#define BPFDESK_DNS_H

#include <linux/types.h>
#include "../../include/process.h"

#define DNS_PORTS 8

enum dns_flag {
	DNS_EGRESS = 1 << 0,
	/* The watched port is this socket's own: it answers. */
	DNS_SERVER = 1 << 1,
	/* `process` is behind the packet. */
	DNS_HAS_PROCESS = 1 << 2,
	/* That process has used the socket last; who sent this packet is not known. */
	DNS_HOLDER = 1 << 3,
	/* It has answered queries itself. */
	DNS_FORWARDER = 1 << 4,
	/* Nothing of this direction was there before `next`. */
	DNS_START = 1 << 5,
	DNS_FIN = 1 << 6,
	DNS_RST = 1 << 7,
};

/* A datagram, or a piece of a TCP segment. Behind it: a struct process if flagged, then `kept` bytes of the message. */
struct dns_packet {
	__u64 time_ns;
	/* Of the socket. */
	__u64 cookie;
	__u32 netns;
	/* TCP: of the first byte that follows, and what this direction's receiver or sender took for the next then. */
	__u32 seq;
	__u32 next;
	/* Bytes of the datagram or piece. */
	__u32 length;
	__u16 kept;
	__u16 flags;
	/* IPPROTO_x. */
	__u8 protocol;
	/* 4 or 6. */
	__u8 version;
	/* Host byte order. */
	__u16 sport;
	__u16 dport;
	/* Whom the socket is connected to, whatever the packet's address was translated to; port 0: nobody. */
	__u16 peer_port;
	__u8 source[16];
	__u8 destination[16];
	__u8 peer[16];
	__u32 spare;
};

/* What was counted of a process, over UDP; in the map `totals`. */
struct dns_process_key {
	__u64 start_ns;
	__u32 tgid;
	__u32 spare;
};

struct dns_process_total {
	/* As it was at its first query. */
	struct process process;
	/* Messages, also those sent again. */
	__u64 queries;
	__u64 answers;
	__u64 nxdomain;
	/* Response codes other than NOERROR and NXDOMAIN. */
	__u64 failed;
	__u64 last_ns;
};

enum dns_count {
	/* Messages seen over UDP. */
	DNS_SEEN_QUERIES,
	DNS_SEEN_ANSWERS,
	/* Of these, those that had no room in the ring. */
	DNS_LOST_QUERIES,
	DNS_LOST_ANSWERS,
	DNS_LOST_SEGMENTS,
	DNS_COUNTS,
};

/* Queries and their answers are left out together, or an answer that was left out would look like one that never came. */
static inline __u32 dns_thin_hash(__u64 cookie, __u16 id)
{
	__u32 mixed = (__u32)(cookie ^ cookie >> 32) * 2654435761u ^ (__u32)id * 40503u;

	return mixed ^ mixed >> 15;
}

#endif
