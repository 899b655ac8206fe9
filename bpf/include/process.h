/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Who did something, as programs tell the user side. */
#ifndef BPFDESK_PROCESS_H
#define BPFDESK_PROCESS_H

#include <linux/types.h>

struct process {
	/* In cgroup2; see bpf/lib/cgroups.h for its path. */
	__u64 cgroup_id;
	/* When its first thread began, ns since boot (as in /proc/<pid>/stat): tells it from a later process of the same number. */
	__u64 start_ns;
	/* What user space calls pid and tid, in the first pid namespace. */
	__u32 tgid;
	__u32 tid;
	/* Of the thread. */
	char comm[16];
	/* The file it runs, without its directory; empty for a kernel thread. See bpf/lib/exe.h for the whole path. */
	char exe[40];
};

#endif
