/* SPDX-License-Identifier: Apache-2.0 */
/* Network namespaces: finding one, and doing something in it. */
#ifndef BPFDESK_NETNS_H
#define BPFDESK_NETNS_H

#include <stddef.h>
#include <stdint.h>

struct netns {
	int fd;
	/* Its inode number: what the kernel calls it everywhere. */
	uint32_t inum;
};

/*
 * `which` is "" for the one this process is in, an inode number ("4026532001"), the path of one ("/proc/812/ns/net",
 * "/run/netns/blue"), or a name of `ip netns`. 0, or negative with the reason in `why`.
 */
int netns_open(struct netns *netns, const char *which, char *why, size_t size);
void netns_close(struct netns *netns);
/* Runs `work` in it and comes back. A negative errno when it cannot be entered, otherwise what `work` returned. */
int netns_within(const struct netns *netns, int (*work)(void *context), void *context);

#endif
