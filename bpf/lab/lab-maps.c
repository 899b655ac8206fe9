// SPDX-License-Identifier: Apache-2.0
/*
 * lab-maps TYPE KEY_SIZE VALUE_SIZE ROOM STAY [CHANGE]: makes a map of that type (a number of enum bpf_map_type), puts STAY
 * entries into it, prints "map ID typeTYPE" and "ready", and holds it until its standard input ends. With CHANGE so many more keys are put in and taken
 * out again all the time. Entry n has n in the last four bytes of its key, and n in every four bytes of its value (for each CPU plus
 * the CPU's number).
 */
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

/* Changes between two looks at standard input. */
#define CHANGES 256

static unsigned int type, key_size, value_size, cpus;
static int map;
static unsigned char key[512];
static unsigned char *value;

static void fill_key(unsigned int n)
{
	unsigned int prefix = (key_size - 4) * 8;

	memset(key, 0, sizeof(key));
	if (type == BPF_MAP_TYPE_LPM_TRIE)
		memcpy(key, &prefix, sizeof(prefix));
	memcpy(key + key_size - sizeof(n), &n, sizeof(n));
}

static void put(unsigned int n)
{
	size_t stride = cpus > 1 ? (value_size + 7) / 8 * 8 : value_size;

	fill_key(n);
	for (unsigned int cpu = 0; cpu < cpus; cpu++) {
		unsigned int word = n + cpu;

		for (unsigned int at = 0; at + sizeof(word) <= value_size; at += sizeof(word))
			memcpy(value + cpu * stride + at, &word, sizeof(word));
	}
	if (bpf_map_update_elem(map, key, value, BPF_ANY)) {
		perror("lab-maps: update");
		exit(1);
	}
}

static bool stdin_ended(int wait_ms)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	char byte;

	return poll(&input, 1, wait_ms) > 0 && read(STDIN_FILENO, &byte, 1) <= 0;
}

int main(int argc, char **argv)
{
	LIBBPF_OPTS(bpf_map_create_opts, options);
	unsigned int room, stay, change, at = 0;
	struct bpf_map_info info = {};
	__u32 size = sizeof(info);

	if (argc < 6)
		return 2;
	type = atoi(argv[1]);
	key_size = atoi(argv[2]);
	value_size = atoi(argv[3]);
	room = atoi(argv[4]);
	stay = atoi(argv[5]);
	change = argc > 6 ? atoi(argv[6]) : 0;
	options.map_flags = type == BPF_MAP_TYPE_LPM_TRIE ? BPF_F_NO_PREALLOC : 0;
	cpus = type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_PERCPU_ARRAY || type == BPF_MAP_TYPE_LRU_PERCPU_HASH ?
		libbpf_num_possible_cpus() : 1;
	value = calloc(cpus, value_size + 8);
	map = bpf_map_create(type, "lab_maps", key_size, value_size, room, &options);
	if (map < 0 || bpf_obj_get_info_by_fd(map, &info, &size)) {
		perror("lab-maps");
		return 1;
	}
	for (unsigned int n = 0; n < stay; n++)
		put(n);
	printf("map %u type%u\nready\n", info.id, type);
	fflush(stdout);
	while (!stdin_ended(change ? 0 : -1)) {
		for (int i = 0; i < CHANGES && change; i++) {
			put(stay + at);
			at = (at + 1) % change;
			/* The oldest of those that come and go. */
			fill_key(stay + at);
			bpf_map_delete_elem(map, key);
		}
	}
	return 0;
}
