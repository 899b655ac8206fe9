// SPDX-License-Identifier: Apache-2.0
/*
 * Asks a resolver in one way of many, for tests of the dns tracer: dns-client HOW ADDRESS PORT LABEL COUNT. Names are
 * <label><number>.lab.test, type A (sendmmsg: A and AAAA in one call). Each is asked when the one before was answered;
 * HOW may end in "!" to wait for no answer. The asking is done by a thread called "asker". Exit code 77: this kernel
 * has no io_uring for us.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/io_uring.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define ANSWER_MS 20000

static struct addrinfo *resolver;
static const char *how, *label;
static int count;
static bool waits;

static void fail(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", how, what, strerror(errno));
	exit(1);
}

static size_t write_query(unsigned char *to, int number, int type)
{
	char name[64];
	size_t length = (size_t)snprintf(name, sizeof(name), "%s%d", label, number);
	const unsigned char head[12] = { (unsigned char)(number >> 7), (unsigned char)(number << 1 | (type == 28)), 1, 0, 0, 1 };
	const unsigned char tail[] = { 3, 'l', 'a', 'b', 4, 't', 'e', 's', 't', 0, 0, (unsigned char)type, 0, 1 };

	memcpy(to, head, sizeof(head));
	to[12] = (unsigned char)length;
	memcpy(to + 13, name, length);
	memcpy(to + 13 + length, tail, sizeof(tail));
	return 13 + length + sizeof(tail);
}

static void wait_for(int fd, int answers)
{
	unsigned char bytes[4096];

	while (waits && answers-- > 0) {
		struct pollfd ready = { .fd = fd, .events = POLLIN };

		if (poll(&ready, 1, ANSWER_MS) != 1 || read(fd, bytes, sizeof(bytes)) < 0)
			fail("no answer");
	}
}

/* One submission, waited for. The ring is left for the process's end to take down. */
static void write_by_uring(int fd, const void *bytes, size_t size)
{
	static struct io_uring_params params;
	static unsigned char *sq, *cq;
	static struct io_uring_sqe *sqes;
	static int ring;
	unsigned *tail, index;

	if (!ring) {
		ring = (int)syscall(SYS_io_uring_setup, 4, &params);
		if (ring < 0)
			exit(77);
		sq = mmap(NULL, params.sq_off.array + params.sq_entries * sizeof(unsigned), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_SQ_RING);
		cq = mmap(NULL, params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_POPULATE, ring, IORING_OFF_CQ_RING);
		sqes = mmap(NULL, params.sq_entries * sizeof(*sqes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring,
			    IORING_OFF_SQES);
		if (sq == MAP_FAILED || cq == MAP_FAILED || sqes == MAP_FAILED)
			fail("mmap");
	}
	tail = (unsigned *)(sq + params.sq_off.tail);
	index = *tail & *(unsigned *)(sq + params.sq_off.ring_mask);
	memset(&sqes[index], 0, sizeof(*sqes));
	sqes[index].opcode = IORING_OP_SEND;
	/* By a worker thread of the kernel, not by this one. */
	sqes[index].flags = IOSQE_ASYNC;
	sqes[index].fd = fd;
	sqes[index].addr = (unsigned long)bytes;
	sqes[index].len = (unsigned)size;
	((unsigned *)(sq + params.sq_off.array))[index] = index;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		fail("io_uring_enter");
	__atomic_fetch_add((unsigned *)(cq + params.cq_off.head), 1, __ATOMIC_RELEASE);
}

/* A byte at a time, and the length apart: as many segments as can be. */
static void write_by_tcp(int fd, const unsigned char *bytes, size_t size)
{
	unsigned char framed[514] = { (unsigned char)(size >> 8), (unsigned char)size };

	memcpy(framed + 2, bytes, size);
	for (size_t i = 0; i < size + 2; i++)
		if (write(fd, framed + i, 1) != 1)
			fail("write");
}

static void ask(int fd, int number)
{
	unsigned char first[512], second[512];
	size_t size = write_query(first, number, 1);
	struct iovec piece = { first, size };
	struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1 };
	ssize_t sent = (ssize_t)size;

	if (!strcmp(how, "sendto")) {
		sent = sendto(fd, first, size, 0, resolver->ai_addr, resolver->ai_addrlen);
	} else if (!strcmp(how, "send")) {
		sent = send(fd, first, size, 0);
	} else if (!strcmp(how, "sendmsg")) {
		message.msg_name = resolver->ai_addr;
		message.msg_namelen = resolver->ai_addrlen;
		sent = sendmsg(fd, &message, 0);
	} else if (!strcmp(how, "sendmmsg")) {
		struct iovec other = { second, write_query(second, number, 28) };
		struct mmsghdr messages[2] = { { .msg_hdr = message },
					       { .msg_hdr = { .msg_iov = &other, .msg_iovlen = 1 } } };

		if (sendmmsg(fd, messages, 2, 0) != 2)
			fail("sendmmsg");
	} else if (!strcmp(how, "write")) {
		sent = write(fd, first, size);
	} else if (!strcmp(how, "io_uring")) {
		write_by_uring(fd, first, size);
	} else {
		write_by_tcp(fd, first, size);
	}
	if (sent != (ssize_t)size)
		fail("not sent");
	wait_for(fd, strcmp(how, "sendmmsg") ? 1 : 2);
}

static void *ask_all(void *unused)
{
	bool tcp = !strcmp(how, "tcp"), connected = tcp || (strcmp(how, "sendto") && strcmp(how, "sendmsg"));
	int fd = socket(resolver->ai_family, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0), one = 1;

	(void)unused;
	prctl(PR_SET_NAME, "asker");
	if (fd < 0)
		fail("socket");
	if (tcp)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connected && connect(fd, resolver->ai_addr, resolver->ai_addrlen))
		fail("connect");
	for (int i = 0; i < count; i++)
		ask(fd, i);
	close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_DGRAM };
	pthread_t thread;
	size_t last;

	if (argc != 6 || getaddrinfo(argv[2], argv[3], &hints, &resolver)) {
		fprintf(stderr, "usage: dns-client HOW ADDRESS PORT LABEL COUNT\n");
		return 2;
	}
	last = strlen(argv[1]) - 1;
	waits = argv[1][last] != '!';
	if (!waits)
		argv[1][last] = '\0';
	how = argv[1];
	label = argv[4];
	count = atoi(argv[5]);
	if (pthread_create(&thread, NULL, ask_all, NULL))
		fail("pthread_create");
	pthread_join(thread, NULL);
	return 0;
}
