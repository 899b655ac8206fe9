// SPDX-License-Identifier: GPL-2.0
/* Programs on hooks: by link, which goes with its last holder unless it is pinned, or as a filter or without a link, which stay. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "agent.h"

/* Members of enum bpf_attach_type; the distribution's headers may be older. tcx: e420bed02507 (6.6), netkit: 35dfaad7188c (6.7). */
static const struct { const char *name; const char *kind; int type; } points[] = {
	{ "ingress", "tcx", 46 },
	{ "egress", "tcx", 47 },
	{ "primary", "netkit", 54 },
	{ "peer", "netkit", 55 },
};

static int ifindex_of(const char *name)
{
	int index = if_nametoindex(name);

	if (!index)
		die("no interface %s", name);
	return index;
}

/* Attaches by link, or gives the link at `pin` the new program. */
static void attach_link(int fd, int target, int type, const struct bpf_link_create_opts *opts, const char *pin)
{
	int link = -1;

	if (pin && !access(pin, F_OK)) {
		link = bpf_obj_get(pin);
		if (link < 0 || bpf_link_update(link, fd, NULL))
			die("link update: %s", strerror(errno));
		return;
	}
	link = bpf_link_create(fd, target, type, opts);
	if (link < 0)
		die("link: %s", strerror(errno));
	if (pin) {
		make_parents(pin);
		if (bpf_obj_pin(link, pin))
			die("pin %s: %s", pin, strerror(errno));
	}
	report_link(link, pin ? pin : "-");
}

static bool is_ingress(const char *word)
{
	if (strcmp(word, "ingress") && strcmp(word, "egress"))
		die("%s is no direction", word);
	return word[0] == 'i';
}

void filter(char **words)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex_of(words[1]),
		    .attach_point = is_ingress(words[2]) ? BPF_TC_INGRESS : BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .priority = atoi(words[3]), .handle = atoi(words[4]),
		    .prog_fd = prog_fd(words[5]), .flags = BPF_TC_F_REPLACE);
	int error = bpf_tc_attach(&hook, &opts);

	if (error)
		die("filter: %s", strerror(-error));
}

void clsact(const char *name)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex_of(name), .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	int error = bpf_tc_hook_create(&hook);

	if (error && error != -EEXIST)
		die("clsact: %s", strerror(-error));
}

static __u32 xdp_mode(const char *word)
{
	return strcmp(word, "native") ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE;
}

void xdp(char **words, int count)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = xdp_mode(words[2]));

	attach_link(prog_fd(words[3]), ifindex_of(words[1]), BPF_XDP, &opts, count > 4 ? words[4] : NULL);
}

void xdp_plain(char **words)
{
	__u32 flags = xdp_mode(words[2]) | XDP_FLAGS_UPDATE_IF_NOEXIST;
	int error = bpf_xdp_attach(ifindex_of(words[1]), prog_fd(words[3]), flags, NULL);

	if (error)
		die("xdp-plain: %s", strerror(-error));
}

void cgroup(char **words, int count)
{
	struct bpf_program *prog = prog_named(words[2]);
	int dir = open(words[1], O_RDONLY | O_DIRECTORY);

	if (dir < 0)
		die("cgroup: %s", strerror(errno));
	attach_link(bpf_program__fd(prog), dir, bpf_program__expected_attach_type(prog), NULL,
		    count > 3 ? words[3] : NULL);
	close(dir);
}

void trace(const char *word)
{
	struct bpf_link *link = bpf_program__attach(prog_named(word));

	if (!link)
		die("trace: %s", strerror(errno));
	report_link(bpf_link__fd(link), strchr(word, ':') + 1);
}

/* The index in `points` of one that `line` (tcx, netkit-plain, …) can have; any for NULL. */
static size_t point_of(const char *line, const char *name)
{
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++)
		if (!strcmp(points[i].name, name) && (!line || !strncmp(line, points[i].kind, strlen(points[i].kind))))
			return i;
	die("%s is no place to attach to", name);
}

void mprog(char **words, const char *pin)
{
	attach_link(prog_fd(words[3]), ifindex_of(words[1]), points[point_of(words[0], words[2])].type, NULL, pin);
}

/* The target is an interface: target_ifindex and target_fd are one member of union bpf_attr. */
void mprog_plain(char **words)
{
	if (bpf_prog_attach(prog_fd(words[3]), ifindex_of(words[1]), points[point_of(words[0], words[2])].type, 0))
		die("%s: %s", words[0], strerror(errno));
}

/* Older bpftools list neither, so the lab asks the kernel itself. */
void query(const char *name, const char *point)
{
	__u32 ids[64], count = 64, flags = 0;
	size_t at = point_of(NULL, point);

	if (bpf_prog_query(ifindex_of(name), points[at].type, 0, &flags, ids, &count))
		die("query: %s", strerror(errno));
	for (__u32 i = 0; i < count; i++)
		printf("%s %s %s %u\n", points[at].kind, name, point, ids[i]);
}
