// SPDX-License-Identifier: Apache-2.0
/*
 * Traffic for the benchmarks of the tracers, until its standard input ends: traffic MODE PER_SECOND [ADDRESS]
 *   closed      a datagram to a port of 127.0.0.1 that nobody listens on
 *   taken       a datagram to a socket of its own, which takes it
 *   connect     a TCP connection to a socket of its own, which is closed at once
 *   unanswered  a TCP connection to an address where nobody answers, so that its SYN is sent again after a second
 * PER_SECOND 0 is as fast as it can. Prints "ready", and at its end "sent N".
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* Connections kept open, so that each is there when its SYN is sent again. */
#define KEPT 8192
#define CLOSED_PORT 7

static struct sockaddr_in to = { .sin_family = AF_INET };
static int own, out;

static void die(const char *what)
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

static void prepare(const char *mode, const char *address)
{
	bool is_tcp = !strcmp(mode, "connect");
	socklen_t size = sizeof(to);

	inet_pton(AF_INET, address, &to.sin_addr);
	to.sin_port = htons(CLOSED_PORT);
	if (!strcmp(mode, "taken") || is_tcp) {
		to.sin_port = 0;
		own = socket(AF_INET, is_tcp ? SOCK_STREAM : SOCK_DGRAM, 0);
		if (own < 0 || bind(own, (struct sockaddr *)&to, sizeof(to)) || (is_tcp && listen(own, 1024)) ||
		    getsockname(own, (struct sockaddr *)&to, &size))
			die("bind");
	}
	if (!strcmp(mode, "closed") || !strcmp(mode, "taken"))
		out = socket(AF_INET, SOCK_DGRAM, 0);
}

static void one(const char *mode)
{
	static int kept[KEPT];
	static unsigned int at;
	char bytes[64] = "";
	int fd;

	if (!strcmp(mode, "closed") || !strcmp(mode, "taken")) {
		/* The error of the datagram before is told here, and of no interest. */
		sendto(out, bytes, sizeof(bytes), 0, (struct sockaddr *)&to, sizeof(to));
		if (own)
			recv(own, bytes, sizeof(bytes), MSG_DONTWAIT);
		return;
	}
	fd = socket(AF_INET, SOCK_STREAM | (own ? 0 : SOCK_NONBLOCK), 0);
	if (fd < 0)
		die("socket");
	connect(fd, (struct sockaddr *)&to, sizeof(to));
	if (own) {
		/* Reset, so that no port waits. */
		struct linger at_once = { .l_onoff = 1 };
		int taken = accept(own, NULL, NULL);

		setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		close(fd);
		close(taken);
		return;
	}
	if (kept[at % KEPT])
		close(kept[at % KEPT]);
	kept[at++ % KEPT] = fd;
}

int main(int argc, char **argv)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	double began, rate;
	unsigned long sent = 0;

	if (argc < 3)
		return 2;
	rate = atof(argv[2]);
	prepare(argv[1], argc > 3 ? argv[3] : "127.0.0.1");
	printf("ready\n");
	fflush(stdout);
	began = now();
	for (;;) {
		unsigned long due = rate > 0 ? (unsigned long)((now() - began) * rate) : sent + 64;

		while (sent < due) {
			one(argv[1]);
			sent++;
		}
		if (poll(&input, 1, rate > 0 ? 1 : 0) > 0)
			break;
	}
	printf("sent %lu\n", sent);
	return 0;
}
