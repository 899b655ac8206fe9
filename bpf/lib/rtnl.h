/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to rtnetlink, about the network namespace the thread is in when it opens the socket. */
#ifndef BPFDESK_RTNL_H
#define BPFDESK_RTNL_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rtnl {
	int fd;
	uint32_t sequence;
	/* What was listed changed while it was listed: something may be missing or told twice. */
	bool changed;
};

/* 0 or a negative errno. */
int rtnl_open(struct rtnl *rtnl);
void rtnl_close(struct rtnl *rtnl);

/*
 * Sends a request and calls `each` for every message of the answer. 0, a negative errno (the kernel's answer, or -ETIMEDOUT when
 * there is none), or what `each` returned when that was not 0 (the rest is not read: close the socket).
 */
int rtnl_ask(struct rtnl *rtnl, struct nlmsghdr *request, int (*each)(const struct nlmsghdr *message, void *context),
	     void *context);

/* The attribute of that type among those of a message, which begin `header` bytes into its payload; or within an attribute. */
const struct rtattr *rtnl_attr(const struct nlmsghdr *message, size_t header, unsigned short type);
const struct rtattr *rtnl_nested(const struct rtattr *outer, unsigned short type);
/* 0 when there is none or when it is too short. */
uint32_t rtnl_u32(const struct rtattr *attr);
/* Copies its text with an end; empty when there is none. */
void rtnl_text(const struct rtattr *attr, char *to, size_t size);

#endif
