/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What the program of `snapshot` tells the user side: how many entries the kernel counts in a map. */
#ifndef BPFDESK_SNAPSHOT_H
#define BPFDESK_SNAPSHOT_H

#include <linux/types.h>

struct map_count {
	__u64 entries;
	__u32 id;
	__u32 padding;
};

#endif
