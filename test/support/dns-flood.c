// SPDX-License-Identifier: Apache-2.0
/*
 * Many DNS queries a second with a resolver that answers them all, both in this process, for tests and benchmarks of
 * the dns tracer: dns-flood PORT PER_SECOND SECONDS [SOCKETS]. Prints what was sent and answered as JSON when it is done.
 * Names are q<number>.flood.test, so each is asked once.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64
#define MOST_SOCKETS 64

static atomic_ulong answered;
static atomic_bool done;
static int resolver;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void *answer_all(void *unused)
{
	static unsigned char bytes[BATCH][512];
	static const unsigned char record[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 1, 2, 3 };
	struct sockaddr_in from[BATCH];
	struct iovec pieces[BATCH];
	struct mmsghdr messages[BATCH];

	(void)unused;
	for (;;) {
		int got;

		for (int i = 0; i < BATCH; i++) {
			pieces[i] = (struct iovec){ bytes[i], sizeof(bytes[i]) - sizeof(record) };
			messages[i].msg_hdr = (struct msghdr){
				.msg_name = &from[i], .msg_namelen = sizeof(from[i]), .msg_iov = &pieces[i], .msg_iovlen = 1
			};
		}
		got = recvmmsg(resolver, messages, BATCH, MSG_WAITFORONE, NULL);
		if (got < 0) {
			if (errno == EAGAIN && !atomic_load(&done))
				continue;
			return NULL;
		}
		for (int i = 0; i < got; i++) {
			size_t size = messages[i].msg_len;

			bytes[i][2] |= 0x80;
			bytes[i][7] = 1;
			memcpy(bytes[i] + size, record, sizeof(record));
			pieces[i].iov_len = size + sizeof(record);
		}
		for (int sent = 0; sent < got;) {
			int count = sendmmsg(resolver, messages + sent, (unsigned)(got - sent), 0);

			if (count < 0)
				fail("the resolver's sendmmsg");
			sent += count;
		}
	}
}

static size_t write_query(unsigned char *to, unsigned long number)
{
	char label[32];
	size_t at = 12, length = (size_t)snprintf(label, sizeof(label), "q%lu", number);

	memset(to, 0, 12);
	to[0] = (unsigned char)(number >> 8);
	to[1] = (unsigned char)number;
	to[2] = 1;
	to[5] = 1;
	to[at++] = (unsigned char)length;
	memcpy(to + at, label, length);
	at += length;
	memcpy(to + at, "\5flood\4test\0\0\1\0\1", 16);
	return at + 16;
}

static void take_answers(int fd)
{
	static unsigned char bytes[BATCH][512];
	struct iovec pieces[BATCH];
	struct mmsghdr messages[BATCH];
	int got;

	do {
		for (int i = 0; i < BATCH; i++) {
			pieces[i] = (struct iovec){ bytes[i], sizeof(bytes[i]) };
			messages[i].msg_hdr = (struct msghdr){ .msg_iov = &pieces[i], .msg_iovlen = 1 };
		}
		got = recvmmsg(fd, messages, BATCH, MSG_DONTWAIT, NULL);
		if (got > 0)
			atomic_fetch_add(&answered, (unsigned long)got);
	} while (got == BATCH);
}

static int udp_socket(const struct sockaddr_in *bound, const struct sockaddr_in *peer)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), room = 8 << 20;

	if (fd < 0)
		fail("socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	if (bound && bind(fd, (const struct sockaddr *)bound, sizeof(*bound)))
		fail("bind");
	if (peer && connect(fd, (const struct sockaddr *)peer, sizeof(*peer)))
		fail("connect");
	return fd;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	double per_second = argc > 2 ? atof(argv[2]) : 0, seconds = argc > 3 ? atof(argv[3]) : 0, began, end;
	int sockets = argc > 4 ? atoi(argv[4]) : 4, fds[MOST_SOCKETS];
	struct timeval second = { .tv_usec = 200000 };
	static unsigned char bytes[BATCH][64];
	struct iovec pieces[BATCH];
	struct mmsghdr messages[BATCH] = {};
	unsigned long sent = 0;
	pthread_t thread;

	if (per_second <= 0 || seconds <= 0 || sockets < 1 || sockets > MOST_SOCKETS) {
		fprintf(stderr, "usage: dns-flood PORT PER_SECOND SECONDS [SOCKETS]\n");
		return 2;
	}
	address.sin_port = htons((unsigned short)atoi(argv[1]));
	resolver = udp_socket(&address, NULL);
	setsockopt(resolver, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
	for (int i = 0; i < sockets; i++)
		fds[i] = udp_socket(NULL, &address);
	if (pthread_create(&thread, NULL, answer_all, NULL))
		fail("pthread_create");
	began = now();
	for (int turn = 0; (end = now()) - began < seconds; turn++) {
		/* As many as are due, a batch at a time. */
		unsigned long due = (unsigned long)((end - began) * per_second), count = due > sent ? due - sent : 0;
		int fd = fds[turn % sockets];

		if (count == 0) {
			usleep(500);
			continue;
		}
		count = count < BATCH ? count : BATCH;
		for (unsigned long i = 0; i < count; i++) {
			pieces[i] = (struct iovec){ bytes[i], write_query(bytes[i], sent + i) };
			messages[i].msg_hdr = (struct msghdr){ .msg_iov = &pieces[i], .msg_iovlen = 1 };
		}
		for (unsigned long at = 0; at < count;) {
			int accepted = sendmmsg(fd, messages + at, (unsigned)(count - at), 0);

			if (accepted < 0)
				fail("sendmmsg");
			at += (unsigned long)accepted;
		}
		sent += count;
		take_answers(fd);
	}
	end = now() - began;
	for (int wait = 0; wait < 50 && atomic_load(&answered) < sent; wait++) {
		usleep(10000);
		for (int i = 0; i < sockets; i++)
			take_answers(fds[i]);
	}
	atomic_store(&done, true);
	pthread_join(thread, NULL);
	printf("{\"sent\":%lu,\"answered\":%lu,\"seconds\":%.3f,\"pid\":%d}\n", sent, atomic_load(&answered), end, getpid());
	return 0;
}
