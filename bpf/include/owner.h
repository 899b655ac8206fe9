/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Who holds a socket. Shared by owner.bpf.h and bpf/lib/owners.c. */
#ifndef BPFDESK_OWNER_H
#define BPFDESK_OWNER_H

#include <linux/types.h>
#include "process.h"

/*
 * Of one socket. Its process is `other` when the scan `scan` found the socket and did not find it with `first`: the
 * child that a connection was left to by the process that accepted it.
 */
struct owner_entry {
	/* Who connected or accepted, or whom a scan found with it first. Its comm is the process's (the first thread's). */
	struct process first;
	struct process other;
	/* The number of the last scan that found the socket with any process; 0: none did yet. */
	__u32 scan;
	/* In that scan: processes that hold it, and whether `first` is one of them. */
	__u32 holders;
	__u32 first_holds;
	__u32 pad;
};

/* The scan that goes on (or the last one), and the last one that went through. */
struct owner_scans {
	__u32 current;
	__u32 complete;
};

#endif
