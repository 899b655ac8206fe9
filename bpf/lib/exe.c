// SPDX-License-Identifier: Apache-2.0
/*
 * Paths of binaries, remembered for the processes that were seen last. What was once read stays right for a process
 * until it runs another file, which the name in the event would show; of two files with one name the first is kept.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exe.h"

/* A power of two: a process has one place, and whoever comes to the same place later takes it. */
#define PLACES 4096
#define LONGEST 512

struct known {
	uint32_t tgid;
	uint64_t start_ns;
	char name[sizeof(((struct process *)0)->exe)];
	char path[LONGEST];
};

static struct known *places[PLACES];

/* Whether the path ends in that name, as far as the kernel side told it. */
static bool ends_in(const char *path, const char *name)
{
	const char *last = strrchr(path, '/');
	size_t length = strlen(name);

	if (!last || strncmp(last + 1, name, length))
		return false;
	return length == sizeof(places[0]->name) - 1 || !last[1 + length] || !strcmp(last + 1 + length, " (deleted)");
}

/* Processes begin one after the other, numbered so: their places should not follow. */
static size_t place_of(const struct process *process)
{
	return ((process->tgid ^ process->start_ns) * UINT64_C(0x9e3779b97f4a7c15) >> 40) % PLACES;
}

const char *exe_path(const struct process *process)
{
	struct known **place = &places[place_of(process)];
	struct known *known = *place;
	char link[32];
	ssize_t length;

	if (!process->exe[0])
		return "";
	if (known && known->tgid == process->tgid && known->start_ns == process->start_ns &&
	    !strncmp(known->name, process->exe, sizeof(known->name)))
		return known->path;
	if (!known)
		known = *place = calloc(1, sizeof(*known));
	if (!known)
		abort();
	known->tgid = process->tgid;
	known->start_ns = process->start_ns;
	snprintf(known->name, sizeof(known->name), "%s", process->exe);
	snprintf(link, sizeof(link), "/proc/%u/exe", process->tgid);
	length = readlink(link, known->path, sizeof(known->path) - 1);
	known->path[length > 0 ? length : 0] = '\0';
	if (!ends_in(known->path, known->name))
		snprintf(known->path, sizeof(known->path), "%s", known->name);
	return known->path;
}
