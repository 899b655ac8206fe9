// SPDX-License-Identifier: GPL-2.0
/* Object files: loaded, told of, and found again as VAR:NAME. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "../lab.h"
#include "agent.h"

#define MAX_OBJECTS 2048

static struct { char name[64]; struct bpf_object *object; } objects[MAX_OBJECTS];
static int object_count;

static struct bpf_object *object_named(const char *name, size_t length)
{
	for (int i = object_count - 1; i >= 0; i--)
		if (strlen(objects[i].name) == length && !strncmp(objects[i].name, name, length))
			return objects[i].object;
	die("no object %.*s", (int)length, name);
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

struct bpf_program *prog_named(const char *word)
{
	const char *name;
	struct bpf_object *object = part(word, &name);
	struct bpf_program *prog = bpf_object__find_program_by_name(object, name);

	if (!prog)
		die("no program %s", name);
	return prog;
}

int prog_fd(const char *word)
{
	return bpf_program__fd(prog_named(word));
}

int map_fd(const char *word)
{
	const char *name;
	struct bpf_object *object = part(word, &name);
	struct bpf_map *map;

	/* libbpf renames a map that it reuses from a pin to its kernel name, which map= only lengthens. */
	bpf_object__for_each_map(map, object)
		if (!strncmp(bpf_map__name(map), name, strlen(name)))
			return bpf_map__fd(map);
	die("no map %s", name);
}

void make_parents(const char *path)
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

void report_link(int fd, const char *name)
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

void load(char **words, int count)
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
