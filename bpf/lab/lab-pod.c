// SPDX-License-Identifier: GPL-2.0
/*
 * The lab's pods and their traffic.
 *
 *   lab-pod start < TABLE     a line a process: "CGROUP HOSTNAME NETNS_NAME|- new|join|host EXE"; prints its pid.
 *                             "new" makes the pod's network namespace and names it under /run/netns, "join"
 *                             enters the one of that name, "host" stays in the node's.
 *   lab-pod traffic < TABLE   a line a flow: "NETNS_PATH ADDRESS UDP_COUNT TCP_COUNT"; prints
 *                             "ADDRESS udp SENT ANSWERED tcp TRIED ANSWERED"
 *   lab-pod serve             answers every datagram and the first bytes of every connection on port 8080
 *   any other name            (pause, kubelet, …) sleeps until it is killed; "app-*" and "serve" serve
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORT 8080
#define ANSWER_MS 200

static void die(const char *what)
{
	fprintf(stderr, "lab-pod: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request))
		die("lo");
	close(fd);
}

static int listen_on(int type)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	int fd = socket(AF_INET, type, 0), on = 1;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) || (type == SOCK_STREAM && listen(fd, 64)))
		die("listen");
	return fd;
}

_Noreturn static void serve(void)
{
	struct pollfd ready[2] = { { .fd = listen_on(SOCK_DGRAM), .events = POLLIN },
				   { .fd = listen_on(SOCK_STREAM), .events = POLLIN } };
	struct sockaddr_in from;
	char bytes[2048];

	for (;;) {
		if (poll(ready, 2, -1) < 0)
			continue;
		if (ready[0].revents) {
			socklen_t size = sizeof(from);
			ssize_t got = recvfrom(ready[0].fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &size);

			if (got >= 0)
				sendto(ready[0].fd, bytes, got, 0, (struct sockaddr *)&from, size);
		}
		if (ready[1].revents) {
			int fd = accept(ready[1].fd, NULL, NULL);
			struct timeval limit = { .tv_sec = 1 };

			setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
			ssize_t got = recv(fd, bytes, sizeof(bytes), 0);
			if (got > 0)
				send(fd, bytes, got, MSG_NOSIGNAL);
			close(fd);
		}
	}
}

_Noreturn static void by_name(const char *path)
{
	const char *name = strrchr(path, '/') ? strrchr(path, '/') + 1 : path;

	if (!strncmp(name, "app-", 4))
		serve();
	for (;;)
		pause();
}

/* One process of a pod: own pid namespace as a container runtime makes it, then the binary of its role. */
static void start_one(const char *cgroup, const char *host, const char *netns, const char *how, char *exe)
{
	char path[600];
	pid_t child;
	int fd, log;

	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, "0", 1) != 1)
		die(path);
	close(fd);
	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	if (!strcmp(how, "new")) {
		if (unshare(CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC) || sethostname(host, strlen(host)))
			die("unshare");
		fd = open(path, O_CREAT | O_RDONLY, 0);
		if (fd < 0 || mount("/proc/self/ns/net", path, NULL, MS_BIND, NULL))
			die(path);
		close(fd);
		loopback_up();
	} else if (!strcmp(how, "join")) {
		fd = open(path, O_RDONLY);
		if (fd < 0 || setns(fd, CLONE_NEWNET) || unshare(CLONE_NEWUTS) || sethostname(host, strlen(host)))
			die(path);
		close(fd);
	}
	if (strcmp(how, "host") && unshare(CLONE_NEWPID))
		die("pid namespace");
	child = fork();
	if (child < 0)
		die("fork");
	if (child) {
		printf("%d\n", child);
		fflush(stdout);
		_exit(0);
	}
	setsid();
	log = open("/dev/null", O_RDWR);
	dup2(log, 0);
	dup2(log, 1);
	dup2(log, 2);
	if (log > 2)
		close(log);
	execl(exe, exe, NULL);
	_exit(1);
}

static int start(void)
{
	char cgroup[512], host[128], netns[128], how[8], exe[128];

	while (scanf("%511s %127s %127s %7s %127s", cgroup, host, netns, how, exe) == 5) {
		pid_t child = fork();
		siginfo_t end;

		if (child < 0)
			die("fork");
		if (child == 0)
			start_one(cgroup, host, netns, how, exe);
		if (waitid(P_PID, child, &end, WEXITED) || end.si_status)
			return 1;
	}
	return 0;
}

/* Sends and waits for the echo; 1 when it came in time. */
static int exchange(int type, struct sockaddr_in *to)
{
	struct timeval limit = { .tv_usec = ANSWER_MS * 1000 };
	char bytes[256] = "bpfdesk lab";
	int fd = socket(AF_INET, type, 0), answered;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	answered = !connect(fd, (struct sockaddr *)to, sizeof(*to)) && send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL) > 0 &&
		   recv(fd, bytes, sizeof(bytes), 0) > 0;
	close(fd);
	return answered;
}

static int traffic(void)
{
	char netns[128], address[64];
	int udp, tcp;

	while (scanf("%127s %63s %d %d", netns, address, &udp, &tcp) == 4) {
		struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT) };
		int fd = open(netns, O_RDONLY), udp_answered = 0, tcp_answered = 0;

		if (fd < 0 || setns(fd, CLONE_NEWNET) || inet_pton(AF_INET, address, &to.sin_addr) != 1)
			die(netns);
		close(fd);
		for (int i = 0; i < udp; i++)
			udp_answered += exchange(SOCK_DGRAM, &to);
		for (int i = 0; i < tcp; i++)
			tcp_answered += exchange(SOCK_STREAM, &to);
		printf("%s udp %d %d tcp %d %d\n", address, udp, udp_answered, tcp, tcp_answered);
		fflush(stdout);
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 1)
		by_name(argv[0]);
	if (argc == 2 && !strcmp(argv[1], "start"))
		return start();
	if (argc == 2 && !strcmp(argv[1], "traffic"))
		return traffic();
	if (argc == 2 && !strcmp(argv[1], "serve"))
		serve();
	fprintf(stderr, "usage: lab-pod start|traffic|serve < TABLE\n");
	return 2;
}
