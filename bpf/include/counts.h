/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/*
 * What every tracer counts in the kernel and how it is told to do less. Shared by both sides; the user
 * side finds the two maps of `counts.bpf.h` by their names.
 */
#ifndef BPFDESK_COUNTS_H
#define BPFDESK_COUNTS_H

#include <linux/types.h>

enum count_slot {
	/* No room in the ring buffer: the event is known to have happened and its content is lost. */
	COUNT_LOST,
	/* A bounded table gave up an entry, or had no room for one. */
	COUNT_EVICTED,
	/* Left out on purpose, to stay within the budget. */
	COUNT_THINNED,
	COUNT_SLOTS,
};

struct control {
	/* Of so many events one is told; 1: all. Written by the user side only. */
	__u32 sample_every;
};

#endif
