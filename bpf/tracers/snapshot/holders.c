// SPDX-License-Identifier: Apache-2.0
/* Which process holds which object: the descriptors of all processes that are programs, maps or links. */
#include "snapshot.meta.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "parts.h"

/* Processes looked at in one step. */
#define AT_ONCE 16

enum object { PROG, MAP, LINK, OBJECTS };
static const char *const kinds[] = { "prog", "map", "link" };

static enum object object_of(const char *path)
{
	/* anon_inode_getfd() of kernel/bpf/syscall.c; a link's has one dash or an underscore, by its age. */
	static const char *const names[] = { "anon_inode:bpf-prog", "anon_inode:bpf-map", "anon_inode:bpf_link" };
	char target[32] = "";
	ssize_t length = readlink(path, target, sizeof(target) - 1);
	int object;

	for (object = 0; object < OBJECTS && length > 0; object++)
		if (!strcmp(target, names[object]) || (object == LINK && !strcmp(target, "anon_inode:bpf-link")))
			return object;
	return OBJECTS;
}

/* `prog_id:\t12` of fdinfo; 0 when the process or the descriptor is gone. */
static uint32_t id_of(const char *pid, const char *fd, enum object object)
{
	char path[64], line[128], wanted[16];
	uint32_t id = 0;
	FILE *info;

	snprintf(path, sizeof(path), "/proc/%.16s/fdinfo/%.16s", pid, fd);
	snprintf(wanted, sizeof(wanted), "%s_id:", kinds[object]);
	info = fopen(path, "re");
	while (info && !id && fgets(line, sizeof(line), info))
		if (!strncmp(line, wanted, strlen(wanted)))
			id = (uint32_t)strtoul(line + strlen(wanted), NULL, 10);
	if (info)
		fclose(info);
	return id;
}

static void read_comm(const char *pid, char *comm, size_t size)
{
	char path[64];
	FILE *file;
	size_t got = 0;

	snprintf(path, sizeof(path), "/proc/%.16s/comm", pid);
	file = fopen(path, "re");
	if (file) {
		got = fread(comm, 1, size - 1, file);
		fclose(file);
	}
	if (got && comm[got - 1] == '\n')
		got--;
	comm[got] = '\0';
}

static void look_at(struct run *run, struct snapshot *snapshot, const char *pid)
{
	char path[64], comm[64] = "";
	struct dirent *entry;
	DIR *fds;

	snprintf(path, sizeof(path), "/proc/%.16s/fd", pid);
	fds = opendir(path);
	while (fds && (entry = readdir(fds))) {
		enum object object;
		struct out *out;
		uint32_t id;

		snprintf(path, sizeof(path), "/proc/%.16s/fd/%.16s", pid, entry->d_name);
		object = object_of(path);
		id = object == OBJECTS ? 0 : id_of(pid, entry->d_name, object);
		if (!id)
			continue;
		if (!*comm)
			read_comm(pid, comm, sizeof(comm));
		out = emit(run, SNAPSHOT_OWNER);
		out_u64(out, "pid", strtoul(pid, NULL, 10));
		out_u64(out, "fd", strtoul(entry->d_name, NULL, 10));
		out_str(out, "comm", comm);
		out_str(out, "kind", kinds[object]);
		out_u64(out, "object_id", id);
		emit_end(run);
		snapshot->told[SNAPSHOT_OWNER]++;
	}
	if (fds)
		closedir(fds);
}

int holders_step(struct run *run, struct snapshot *snapshot)
{
	if (!snapshot->proc)
		snapshot->proc = opendir("/proc");
	if (!snapshot->proc)
		return run_fail(run, "no-proc", "It needs /proc.", "/proc: %s", strerror(errno));
	for (int i = 0; i < AT_ONCE; i++) {
		struct dirent *entry = readdir(snapshot->proc);
		unsigned long pid;

		if (!entry)
			return 0;
		pid = strtoul(entry->d_name, NULL, 10);
		if (pid && pid != (unsigned long)getpid())
			look_at(run, snapshot, entry->d_name);
	}
	return 1;
}

void holders_stop(struct snapshot *snapshot)
{
	if (snapshot->proc)
		closedir(snapshot->proc);
	snapshot->proc = NULL;
}
