// SPDX-License-Identifier: GPL-2.0
/*
 * lab-agent: loads, pins and attaches what a plan on stdin says (plan.c), the way a CNI agent would, and holds it.
 *
 *   lab-agent --once                 carry the plan out and end: what is not pinned or on a filter goes
 *   lab-agent --stay CGROUP          carry it out as a process of CGROUP, then hold every fd until killed
 *   lab-agent --ids                  print "prog|map|link ID" for everything loaded on the machine
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "agent.h"

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	return level == LIBBPF_WARN && !strstr(format, "Exclusivity flag") ? vfprintf(stderr, format, args) : 0;
}

/* The child is the agent: it is older than everything it loads. The parent ends when it is done. */
static int stay(const char *cgroup)
{
	char procs[512];
	int done[2], code = 0;
	char byte;
	pid_t child;
	FILE *file;

	if (pipe(done))
		return 1;
	child = fork();
	if (child) {
		close(done[1]);
		if (read(done[0], &byte, 1) == 1)
			return 0;
		waitpid(child, &code, 0);
		return 1;
	}
	close(done[0]);
	setsid();
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", cgroup);
	file = fopen(procs, "w");
	if (!file || fprintf(file, "0\n") < 0 || fclose(file))
		die("%s: %s", procs, strerror(errno));
	carry_out_plan();
	printf("pid %d agent\n", getpid());
	fflush(stdout);
	freopen("/dev/null", "r", stdin);
	freopen("/dev/null", "w", stdout);
	freopen("/dev/null", "w", stderr);
	if (write(done[1], "", 1) != 1)
		return 1;
	close(done[1]);
	for (;;)
		pause();
}

/*
 * Ids only, nothing is opened. Opening a prog array by id while the kernel clears it takes and drops its
 * last user reference again; prog_array_map_clear (kernel/bpf/arraymap.c) then takes a reference for work
 * that is queued already, and the map stays for ever. Seen on 6.18 with `bpftool map show` in a loop.
 */
static void print_ids(const char *kind, int (*next)(__u32, __u32 *))
{
	for (__u32 id = 0; !next(id, &id);)
		printf("%s %u\n", kind, id);
}

int main(int argc, char **argv)
{
	struct rlimit files;

	/* An agent of fifty endpoints holds about a thousand fds. */
	if (!getrlimit(RLIMIT_NOFILE, &files)) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	libbpf_set_print(quiet);
	if (argc == 2 && !strcmp(argv[1], "--once")) {
		carry_out_plan();
		return 0;
	}
	if (argc == 3 && !strcmp(argv[1], "--stay"))
		return stay(argv[2]);
	if (argc == 2 && !strcmp(argv[1], "--ids")) {
		print_ids("prog", bpf_prog_get_next_id);
		print_ids("map", bpf_map_get_next_id);
		print_ids("link", bpf_link_get_next_id);
		return 0;
	}
	fprintf(stderr, "usage: lab-agent --once < PLAN | --stay CGROUP < PLAN | --ids\n");
	return 2;
}
