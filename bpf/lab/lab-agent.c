// SPDX-License-Identifier: GPL-2.0
/*
 * Loads, pins and attaches what a plan on stdin says, the way a CNI agent would, and holds it.
 *
 *   lab-agent --once                 carry the plan out and end: what is not pinned or on a filter goes
 *   lab-agent --stay CGROUP          carry it out as a process of CGROUP, then hold every fd until killed
 *   lab-agent --ids                  print "prog|map|link ID" for everything loaded on the machine
 *
 * A plan is lines of words:
 *   load VAR FILE [pins=DIR] [config=EP,SEC,LEAN,DROP] [map=NAME,KERNEL_NAME,PIN]… [skip=PROG]…
 *   call VAR:MAP INDEX VAR:PROG      fill a slot of a prog array
 *   put VAR:MAP HEXKEY HEXVALUE
 *   clsact IFACE                     make the qdisc unless it is there
 *   filter IFACE ingress|egress PREF HANDLE VAR:PROG
 *   tcx IFACE ingress|egress VAR:PROG [PIN]
 *   tcx-plain IFACE ingress|egress VAR:PROG    the same without a link: it stays until somebody detaches it
 *   netkit IFACE primary|peer VAR:PROG    of the primary end of a pair
 *   xdp IFACE native|generic VAR:PROG [PIN]
 *   cgroup PATH VAR:PROG [PIN]
 *   trace VAR:PROG
 *   query IFACE ingress|egress       print "tcx IFACE DIRECTION ID" for each program, first to run first
 *   say WORD                         print it: all before it has been carried out
 * A pin that is there already is reused: its map is shared, its link is given the new program, which
 * is how an agent takes over from itself after a restart. Prints a line for every object it made:
 * "prog|map|link ID NAME". Ends with code 1 and the failing line on stderr.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "lab.h"

/* Kernel 6.6 (e420bed02507); the distribution's headers may be older. */
#define TCX_INGRESS 46
#define TCX_EGRESS 47
/* Kernel 6.7 (35dfaad7188c). */
#define NETKIT_PRIMARY 54
#define NETKIT_PEER 55

#define MAX_OBJECTS 2048
#define MAX_WORDS 32

static struct { char name[64]; struct bpf_object *object; } objects[MAX_OBJECTS];
static int object_count;
static char current_line[1024];

static void die(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "lab-agent: in \"%s\": ", current_line);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static struct bpf_object *object_named(const char *name, size_t length)
{
	for (int i = object_count - 1; i >= 0; i--)
		if (strlen(objects[i].name) == length && !strncmp(objects[i].name, name, length))
			return objects[i].object;
	die("no object %.*s", (int)length, name);
	return NULL;
}

/* Splits VAR:NAME; dies when VAR was not loaded. */
static struct bpf_object *part(const char *word, const char **name)
{
	const char *colon = strchr(word, ':');

	if (!colon)
		die("%s is not VAR:NAME", word);
	*name = colon + 1;
	return object_named(word, colon - word);
}

static int prog_fd(const char *word)
{
	const char *name;
	struct bpf_object *object = part(word, &name);
	struct bpf_program *prog = bpf_object__find_program_by_name(object, name);

	if (!prog)
		die("no program %s", name);
	return bpf_program__fd(prog);
}

static int map_fd(const char *word)
{
	const char *name;
	struct bpf_object *object = part(word, &name);
	struct bpf_map *map;

	/* libbpf renames a map that it reuses from a pin to its kernel name, which map= only lengthens. */
	bpf_object__for_each_map(map, object)
		if (!strncmp(bpf_map__name(map), name, strlen(name)))
			return bpf_map__fd(map);
	die("no map %s", name);
	return -1;
}

static int ifindex_of(const char *name)
{
	int index = if_nametoindex(name);

	if (!index)
		die("no interface %s", name);
	return index;
}

/* mkdir -p of everything above the last slash. */
static void make_parents(const char *path)
{
	char copy[512];

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		if (mkdir(copy, 0755) && errno != EEXIST)
			die("mkdir %s: %s", copy, strerror(errno));
		*slash = '/';
	}
}

static void report_prog(int fd, const char *name)
{
	struct bpf_prog_info info = {};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		die("program info: %s", strerror(errno));
	printf("prog %u %s\n", info.id, name);
}

static void report_map(int fd, const char *name)
{
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		die("map info: %s", strerror(errno));
	printf("map %u %s\n", info.id, name);
}

static void report_link(int fd, const char *name)
{
	struct bpf_link_info info = {};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		die("link info: %s", strerror(errno));
	printf("link %u %s\n", info.id, name);
}

/*
 * Makes a map of this object under the kernel name an agent would give it and pins it. libbpf then
 * finds the pin and uses it; it has no call to rename a map of an object file.
 */
static void prepare_map(struct bpf_object *object, char *spec)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts);
	char *name = strsep(&spec, ","), *kernel_name = strsep(&spec, ","), *pin = spec;
	struct bpf_map *map = name ? bpf_object__find_map_by_name(object, name) : NULL;
	char short_name[BPF_OBJ_NAME_LEN];
	int fd;

	if (!map || !kernel_name || !pin)
		die("bad map=");
	if (access(pin, F_OK)) {
		opts.map_flags = bpf_map__map_flags(map);
		snprintf(short_name, sizeof(short_name), "%s", kernel_name);
		fd = bpf_map_create(bpf_map__type(map), short_name, bpf_map__key_size(map),
				    bpf_map__value_size(map), bpf_map__max_entries(map), &opts);
		make_parents(pin);
		if (fd < 0 || bpf_obj_pin(fd, pin))
			die("map %s: %s", name, strerror(errno));
		close(fd);
	}
	if (bpf_map__set_pin_path(map, pin))
		die("pin path of %s", name);
}

static void set_config(struct bpf_object *object, const char *text)
{
	struct lab_config config = {};
	struct bpf_map *map = bpf_object__find_map_by_name(object, ".rodata.config");

	if (!map || sscanf(text, "%u,%u,%u,%u", &config.endpoint_id, &config.security_id, &config.lean,
			   &config.drop_every) != 4 ||
	    bpf_map__set_initial_value(map, &config, sizeof(config)))
		die("bad config=");
}

static void load(char **words, int count)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts);
	struct bpf_object *object;
	struct bpf_program *prog;
	struct bpf_map *map;

	for (int i = 3; i < count; i++)
		if (!strncmp(words[i], "pins=", 5))
			opts.pin_root_path = words[i] + 5;
	if (opts.pin_root_path) {
		char inside[512];

		snprintf(inside, sizeof(inside), "%s/x", opts.pin_root_path);
		make_parents(inside);
	}
	object = bpf_object__open_file(words[2], &opts);
	if (!object)
		die("open: %s", strerror(errno));
	for (int i = 3; i < count; i++) {
		if (!strncmp(words[i], "config=", 7))
			set_config(object, words[i] + 7);
		if (!strncmp(words[i], "map=", 4))
			prepare_map(object, words[i] + 4);
		if (!strncmp(words[i], "skip=", 5)) {
			prog = bpf_object__find_program_by_name(object, words[i] + 5);
			if (!prog)
				die("no program to skip");
			bpf_program__set_autoload(prog, false);
		}
	}
	if (bpf_object__load(object))
		die("load: %s", strerror(errno));
	bpf_object__for_each_program(prog, object)
		if (bpf_program__autoload(prog))
			report_prog(bpf_program__fd(prog), bpf_program__name(prog));
	bpf_object__for_each_map(map, object)
		if (bpf_map__fd(map) >= 0)
			report_map(bpf_map__fd(map), bpf_map__name(map));
	if (object_count == MAX_OBJECTS)
		die("too many objects");
	snprintf(objects[object_count].name, sizeof(objects[0].name), "%s", words[1]);
	objects[object_count++].object = object;
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

static void filter(char **words)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex_of(words[1]),
		    .attach_point = is_ingress(words[2]) ? BPF_TC_INGRESS : BPF_TC_EGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .priority = atoi(words[3]), .handle = atoi(words[4]),
		    .prog_fd = prog_fd(words[5]), .flags = BPF_TC_F_REPLACE);
	int error = bpf_tc_attach(&hook, &opts);

	if (error)
		die("filter: %s", strerror(-error));
}

static void clsact(const char *name)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = ifindex_of(name), .attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS);
	int error = bpf_tc_hook_create(&hook);

	if (error && error != -EEXIST)
		die("clsact: %s", strerror(-error));
}

static void xdp(char **words, int count)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts,
		    .flags = strcmp(words[2], "native") ? XDP_FLAGS_SKB_MODE : XDP_FLAGS_DRV_MODE);

	attach_link(prog_fd(words[3]), ifindex_of(words[1]), BPF_XDP, &opts, count > 4 ? words[4] : NULL);
}

static void cgroup(char **words, int count)
{
	const char *name;
	struct bpf_object *object = part(words[2], &name);
	struct bpf_program *prog = bpf_object__find_program_by_name(object, name);
	int dir = open(words[1], O_RDONLY | O_DIRECTORY);

	if (!prog || dir < 0)
		die("cgroup: %s", strerror(errno));
	attach_link(bpf_program__fd(prog), dir, bpf_program__expected_attach_type(prog), NULL,
		    count > 3 ? words[3] : NULL);
	close(dir);
}

static void trace(const char *word)
{
	const char *name;
	struct bpf_object *object = part(word, &name);
	struct bpf_link *link = bpf_program__attach(bpf_object__find_program_by_name(object, name));

	if (!link)
		die("trace: %s", strerror(errno));
	report_link(bpf_link__fd(link), name);
}

/* The target is an interface: target_ifindex and target_fd are one member of union bpf_attr. */
static void tcx_plain(char **words)
{
	if (bpf_prog_attach(prog_fd(words[3]), ifindex_of(words[1]), is_ingress(words[2]) ? TCX_INGRESS : TCX_EGRESS, 0))
		die("tcx-plain: %s", strerror(errno));
}

/* Older bpftools do not list tcx, so the lab asks the kernel itself. */
static void query(const char *name, const char *direction)
{
	__u32 ids[64], count = 64, flags = 0;

	if (bpf_prog_query(ifindex_of(name), is_ingress(direction) ? TCX_INGRESS : TCX_EGRESS, 0, &flags, ids, &count))
		die("query: %s", strerror(errno));
	for (__u32 i = 0; i < count; i++)
		printf("tcx %s %s %u\n", name, direction, ids[i]);
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
	else if (!strcmp(words[0], "tcx") && count >= 4)
		attach_link(prog_fd(words[3]), ifindex_of(words[1]), is_ingress(words[2]) ? TCX_INGRESS : TCX_EGRESS,
			    NULL, count > 4 ? words[4] : NULL);
	else if (!strcmp(words[0], "tcx-plain") && count == 4)
		tcx_plain(words);
	else if (!strcmp(words[0], "netkit") && count == 4)
		attach_link(prog_fd(words[3]), ifindex_of(words[1]), strcmp(words[2], "peer") ? NETKIT_PRIMARY : NETKIT_PEER,
			    NULL, NULL);
	else if (!strcmp(words[0], "xdp") && count >= 4)
		xdp(words, count);
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

static void carry_out_plan(void)
{
	char line[1024];

	while (fgets(line, sizeof(line), stdin)) {
		snprintf(current_line, sizeof(current_line), "%.*s", (int)strcspn(line, "\n"), line);
		carry_out(line);
		fflush(stdout);
	}
}

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
