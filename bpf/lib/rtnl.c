// SPDX-License-Identifier: Apache-2.0
/* rtnetlink: one request, all its answers. libbpf has the like and does not export it. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rtnl.h"

/* Longer than the kernel's largest piece of a dump (rtnetlink_rcv_msg asks for up to 32 KiB). */
#define ANSWER_ROOM (64 * 1024)
/* An answer is made at once; more means that the kernel holds the rtnl lock for something else. In s. */
#define PATIENCE_S 10

int rtnl_open(struct rtnl *rtnl)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	struct timeval patience = { .tv_sec = PATIENCE_S };
	int error;

	*rtnl = (struct rtnl){ .fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE) };
	if (rtnl->fd >= 0 && !bind(rtnl->fd, (struct sockaddr *)&address, sizeof(address)) &&
	    !setsockopt(rtnl->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)))
		return 0;
	error = -errno;
	rtnl_close(rtnl);
	return error;
}

void rtnl_close(struct rtnl *rtnl)
{
	if (rtnl->fd >= 0)
		close(rtnl->fd);
	rtnl->fd = -1;
}

static int error_of(const struct nlmsghdr *message)
{
	const struct nlmsgerr *error = NLMSG_DATA(message);

	return message->nlmsg_len < NLMSG_LENGTH(sizeof(*error)) ? -EBADMSG : error->error;
}

/* 1 when more is to come, otherwise what rtnl_ask() returns. */
static int read_piece(struct rtnl *rtnl, bool is_dump, int (*each)(const struct nlmsghdr *, void *), void *context)
{
	char answer[ANSWER_ROOM] __attribute__((aligned(NLMSG_ALIGNTO)));
	const struct nlmsghdr *message = (const struct nlmsghdr *)answer;
	ssize_t got = recv(rtnl->fd, answer, sizeof(answer), MSG_TRUNC);
	int left = (int)got, result;

	if (got < 0)
		return errno == EINTR ? 1 : errno == EAGAIN ? -ETIMEDOUT : -errno;
	if ((size_t)got > sizeof(answer))
		return -EMSGSIZE;
	for (; NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
		if (message->nlmsg_seq != rtnl->sequence)
			continue;
		if (message->nlmsg_flags & NLM_F_DUMP_INTR)
			rtnl->changed = true;
		if (message->nlmsg_type == NLMSG_DONE)
			return 0;
		if (message->nlmsg_type == NLMSG_ERROR)
			return error_of(message);
		result = each(message, context);
		if (result)
			return result;
		if (!is_dump)
			return 0;
	}
	return 1;
}

int rtnl_ask(struct rtnl *rtnl, struct nlmsghdr *request, int (*each)(const struct nlmsghdr *message, void *context),
	     void *context)
{
	bool is_dump = (request->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	int result = 1;

	request->nlmsg_seq = ++rtnl->sequence;
	request->nlmsg_flags |= NLM_F_REQUEST;
	if (send(rtnl->fd, request, request->nlmsg_len, 0) < 0)
		return -errno;
	while (result == 1)
		result = read_piece(rtnl, is_dump, each, context);
	return result;
}

static const struct rtattr *find(const struct rtattr *attr, int left, unsigned short type)
{
	for (; RTA_OK(attr, left); attr = RTA_NEXT(attr, left))
		if ((attr->rta_type & NLA_TYPE_MASK) == type)
			return attr;
	return NULL;
}

const struct rtattr *rtnl_attr(const struct nlmsghdr *message, size_t header, unsigned short type)
{
	size_t before = NLMSG_SPACE(header);

	if (message->nlmsg_len < before)
		return NULL;
	return find((const struct rtattr *)((const char *)message + before), (int)(message->nlmsg_len - before), type);
}

const struct rtattr *rtnl_nested(const struct rtattr *outer, unsigned short type)
{
	return outer ? find(RTA_DATA(outer), (int)RTA_PAYLOAD(outer), type) : NULL;
}

uint32_t rtnl_u32(const struct rtattr *attr)
{
	uint32_t value = 0;

	if (attr && RTA_PAYLOAD(attr) >= sizeof(value))
		memcpy(&value, RTA_DATA(attr), sizeof(value));
	return value;
}

void rtnl_text(const struct rtattr *attr, char *to, size_t size)
{
	size_t length = attr ? strnlen(RTA_DATA(attr), RTA_PAYLOAD(attr)) : 0;

	if (length >= size)
		length = size - 1;
	if (length)
		memcpy(to, RTA_DATA(attr), length);
	to[length] = '\0';
}
