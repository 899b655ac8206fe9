/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What the programs of `connect` tell the user side, and the keys and values of their tables. */
#ifndef BPFDESK_CONNECT_H
#define BPFDESK_CONNECT_H

#include <linux/types.h>
#include "process.h"

enum direction {
	/* It was there before the run began: who began it cannot be told. */
	DIRECTION_UNKNOWN,
	DIRECTION_CONNECT,
	DIRECTION_ACCEPT,
};

/* Of the handshake. */
enum outcome {
	OUTCOME_PENDING,
	OUTCOME_ESTABLISHED,
	OUTCOME_REFUSED,
	OUTCOME_TIMED_OUT,
	OUTCOME_UNREACHABLE,
	OUTCOME_RESET,
	/* The process gave up first. */
	OUTCOME_ABANDONED,
	OUTCOME_FAILED,
	OUTCOMES,
};

/* Of the connection. */
enum end {
	END_OPEN,
	/* It never was one. */
	END_NONE,
	END_CLOSED,
	END_LOCAL_RESET,
	END_REMOTE_RESET,
	END_TIMED_OUT,
	END_UNREACHABLE,
	/* An administrator ended it (ss -K). */
	END_ABORTED,
	ENDS,
};

enum side { SIDE_NONE, SIDE_LOCAL, SIDE_REMOTE };

struct connection {
	/* 0: before the run began. */
	__u64 start_ns;
	__u64 established_ns;
	__u64 end_ns;
	/* Of data, each byte once. */
	__u64 sent;
	__u64 received;
	/* Network byte order; IPv4 in the first four bytes. */
	__u8 local[16];
	__u8 remote[16];
	/* Host byte order. */
	__u16 lport;
	__u16 rport;
	__u32 netns;
	__u32 segs_out;
	__u32 segs_in;
	__u32 retrans;
	__u32 srtt_us;
	/* errno; 0: none. */
	__s32 error;
	/* TUPLE_IPV4 or TUPLE_IPV6. */
	__u8 family;
	__u8 direction;
	__u8 outcome;
	__u8 end;
	/* Who sent the first FIN. */
	__u8 closed_by;
	/* It has ended and waits for its owner. */
	__u8 waiting;
	__u8 pad[2];
};

/* An event of the ring, and a row of the list of live connections. */
struct connect_event {
	__u64 time_ns;
	struct connection connection;
	/* tgid 0: not known. */
	struct process owner;
};

/* All zero: everything that had no row of its own. */
struct peer_key {
	__u8 remote[16];
	__u64 cgroup_id;
	char comm[16];
	__u32 netns;
	/* The one that was connected to, on whichever side. 0: not known. */
	__u16 port;
	__u8 family;
	__u8 direction;
};

/* Of connections that have ended. */
struct peer {
	__u64 outcomes[OUTCOMES];
	__u64 resets;
	__u64 latency_sum_ns;
	__u64 latency_max_ns;
	__u64 sent;
	__u64 received;
	__u64 last_ns;
};

#endif
