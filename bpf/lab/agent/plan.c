// SPDX-License-Identifier: GPL-2.0
/*
 * A plan: lines of words.
 *
 *   load VAR FILE [pins=DIR] [config=EP,SEC,LEAN,DROP] [map=NAME,KERNEL_NAME,PIN]… [skip=PROG]…
 *   call VAR:MAP INDEX VAR:PROG      fill a slot of a prog array
 *   put VAR:MAP HEXKEY HEXVALUE
 *   clsact IFACE                     make the qdisc unless it is there
 *   filter IFACE ingress|egress PREF HANDLE VAR:PROG
 *   tcx IFACE ingress|egress VAR:PROG [PIN]
 *   netkit IFACE primary|peer VAR:PROG [PIN]    of the primary end of a pair
 *   tcx-plain, netkit-plain IFACE POINT VAR:PROG    the same without a link: it stays until somebody detaches it
 *   xdp IFACE native|generic VAR:PROG [PIN]
 *   xdp-plain IFACE native|generic VAR:PROG    the same without a link
 *   cgroup PATH VAR:PROG [PIN]
 *   trace VAR:PROG
 *   query IFACE ingress|egress|primary|peer    print "tcx|netkit IFACE POINT ID" for each program, first to run first
 *   say WORD                         print it: all before it has been carried out
 *
 * A pin that is there already is reused: its map is shared, its link is given the new program, which
 * is how an agent takes over from itself after a restart. Prints a line for every object it made:
 * "prog|map|link ID NAME". Ends with code 1 and the failing line on stderr.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include "agent.h"

#define MAX_WORDS 32

static char current_line[1024];

void die(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "lab-agent: in \"%s\": ", current_line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static void unhex(const char *text, unsigned char *bytes, size_t size)
{
	if (strlen(text) > size * 2)
		die("too many bytes");
	for (size_t i = 0; text[i * 2] && text[i * 2 + 1]; i++)
		if (sscanf(text + i * 2, "%2hhx", &bytes[i]) != 1)
			die("not hex");
}

static void put(char **words)
{
	unsigned char key[64] = {}, value[64] = {};

	unhex(words[2], key, sizeof(key));
	unhex(words[3], value, sizeof(value));
	if (bpf_map_update_elem(map_fd(words[1]), key, value, BPF_ANY))
		die("put: %s", strerror(errno));
}

static void call(char **words)
{
	__u32 index = atoi(words[2]);
	int fd = prog_fd(words[3]);

	if (bpf_map_update_elem(map_fd(words[1]), &index, &fd, BPF_ANY))
		die("call: %s", strerror(errno));
}

static void carry_out(char *line)
{
	char *words[MAX_WORDS], *rest = line;
	int count = 0;

	for (char *word; count < MAX_WORDS && (word = strsep(&rest, " \n"));)
		if (*word)
			words[count++] = word;
	if (!count || words[0][0] == '#')
		return;
	if (!strcmp(words[0], "load") && count >= 3)
		load(words, count);
	else if (!strcmp(words[0], "call") && count == 4)
		call(words);
	else if (!strcmp(words[0], "put") && count == 4)
		put(words);
	else if (!strcmp(words[0], "clsact") && count == 2)
		clsact(words[1]);
	else if (!strcmp(words[0], "filter") && count == 6)
		filter(words);
	else if ((!strcmp(words[0], "tcx") || !strcmp(words[0], "netkit")) && count >= 4)
		mprog(words, count > 4 ? words[4] : NULL);
	else if ((!strcmp(words[0], "tcx-plain") || !strcmp(words[0], "netkit-plain")) && count == 4)
		mprog_plain(words);
	else if (!strcmp(words[0], "xdp") && count >= 4)
		xdp(words, count);
	else if (!strcmp(words[0], "xdp-plain") && count == 4)
		xdp_plain(words);
	else if (!strcmp(words[0], "cgroup") && count >= 3)
		cgroup(words, count);
	else if (!strcmp(words[0], "trace") && count == 2)
		trace(words[1]);
	else if (!strcmp(words[0], "say") && count == 2)
		printf("%s\n", words[1]);
	else if (!strcmp(words[0], "query") && count == 3)
		query(words[1], words[2]);
	else
		die("not a line of a plan");
}

void carry_out_plan(void)
{
	char line[1024];

	while (fgets(line, sizeof(line), stdin)) {
		snprintf(current_line, sizeof(current_line), "%.*s", (int)strcspn(line, "\n"), line);
		carry_out(line);
		fflush(stdout);
	}
}
