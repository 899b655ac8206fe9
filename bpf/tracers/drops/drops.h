/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What the program of `drops` tells the user side. */
#ifndef BPFDESK_DROPS_H
#define BPFDESK_DROPS_H

#include <linux/types.h>

struct drop_event {
	__u64 time_ns;
	__u32 reason;
	__u32 len;
	__u32 pid;
	char comm[16];
};

#endif
