// SPDX-License-Identifier: Apache-2.0
/*
 * Cgroup ids to paths. A table is filled at the start by walking the cgroup2 mount and kept up by a program that tells
 * of each new cgroup; entries stay when a cgroup is removed, because events about it may still come. An id is never
 * used again by the kernel (a generation is part of it). An id that is not in the table is opened by its handle, which
 * is the id (FILEID_KERNFS).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cgroups.h"
#include "cgroups.skel.h"

/* A power of two; it is never more than half full. */
#define SLOTS 65536
#define MOST (SLOTS / 2)
#define DEEPEST 64
#define LONGEST 4096
/* include/linux/exportfs.h */
#define HANDLE_KERNFS 0xfe

struct entry {
	uint64_t id;
	/* NULL: it was asked for and is not known. */
	char *path;
};

struct cgroups {
	struct run *run;
	struct cgroups_bpf *skeleton;
	struct ring_buffer *ring;
	int root_fd;
	/* Where it is mounted, without a trailing slash; "" for a mount of our own. */
	char mount[LONGEST];
	struct entry *slots;
	size_t used;
	/* So many are there that the table cannot hold them: the rest is looked up each time. And whether that was said. */
	bool full, said_full;
	char found[LONGEST];
};

static struct entry *slot_of(const struct cgroups *cgroups, uint64_t id)
{
	size_t at = (id * UINT64_C(0x9e3779b97f4a7c15)) >> 48;

	while (cgroups->slots[at].id && cgroups->slots[at].id != id)
		at = (at + 1) % SLOTS;
	return &cgroups->slots[at];
}

static void walk_all(struct cgroups *cgroups);

static void empty(struct cgroups *cgroups)
{
	for (size_t i = 0; i < SLOTS; i++)
		free(cgroups->slots[i].path);
	memset(cgroups->slots, 0, SLOTS * sizeof(*cgroups->slots));
	cgroups->used = 0;
}

/* Gives up the paths of cgroups that are gone. */
static void make_room(struct cgroups *cgroups)
{
	size_t before = cgroups->used;

	empty(cgroups);
	walk_all(cgroups);
	if (before > cgroups->used)
		run_count_evicted(cgroups->run, before - cgroups->used);
	/* Said by cgroups_tick(): here a line may be half written. */
	cgroups->full = cgroups->used >= MOST * 3 / 4;
}

/* Takes `path`, which may be NULL. */
static void remember(struct cgroups *cgroups, uint64_t id, char *path)
{
	struct entry *entry = slot_of(cgroups, id);

	if (entry->id) {
		free(entry->path);
		entry->path = path;
		return;
	}
	if (cgroups->used == MOST || !id) {
		free(path);
		return;
	}
	*entry = (struct entry){ .id = id, .path = path };
	cgroups->used++;
}

static void walk(struct cgroups *cgroups, int dir_fd, char *path, size_t length, int depth)
{
	DIR *dir = fdopendir(dir_fd);
	struct dirent *child;

	if (!dir) {
		close(dir_fd);
		return;
	}
	while (cgroups->used < MOST && (child = readdir(dir))) {
		size_t more = strlen(child->d_name) + 1;
		int child_fd;

		if (child->d_type != DT_DIR || child->d_name[0] == '.' || length + more >= LONGEST)
			continue;
		path[length] = '/';
		memcpy(path + length + 1, child->d_name, more);
		remember(cgroups, child->d_ino, strdup(path));
		if (depth == DEEPEST)
			continue;
		child_fd = openat(dir_fd, child->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (child_fd >= 0)
			walk(cgroups, child_fd, path, length + more, depth + 1);
	}
	path[length] = '\0';
	closedir(dir);
}

static void walk_all(struct cgroups *cgroups)
{
	char path[LONGEST] = "";
	struct stat root;
	int fd;

	if (fstat(cgroups->root_fd, &root))
		return;
	remember(cgroups, root.st_ino, strdup("/"));
	fd = openat(cgroups->root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		walk(cgroups, fd, path, 0, 0);
}

static int on_made(void *context, void *data, size_t size)
{
	struct cgroups *cgroups = context;
	const struct cgroup_made *made = data;
	const struct entry *parent = slot_of(cgroups, made->parent);
	char *path;

	if (cgroups->used == MOST && !cgroups->full)
		make_room(cgroups);
	/* Its parent is outside of the mount, or made before the table was filled: it is looked up when it is asked for. */
	if (!parent->id || !parent->path || slot_of(cgroups, made->id)->path)
		return 0;
	if (asprintf(&path, "%s/%.*s", parent->path[1] ? parent->path : "", (int)sizeof(made->name), made->name) >= 0)
		remember(cgroups, made->id, path);
	return 0;
}

static void take_made(struct cgroups *cgroups)
{
	if (cgroups->ring)
		ring_buffer__consume(cgroups->ring);
}

void cgroups_tick(struct cgroups *cgroups)
{
	take_made(cgroups);
	if (!cgroups->full || cgroups->said_full)
		return;
	cgroups->said_full = true;
	run_note(cgroups->run, "many-cgroups", "There are more than %d cgroups: the paths of short-lived ones may be missing.",
		 MOST * 3 / 4);
}

/* Undoes the \ooo of mountinfo. */
static void unescape(char *text)
{
	char *to = text;

	for (const char *from = text; *from; from++) {
		if (*from == '\\' && from[1] && from[2] && from[3]) {
			*to++ = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
			from += 3;
		} else {
			*to++ = *from;
		}
	}
	*to = '\0';
}

/* Opens the first mount of cgroup2 that shows its root, also beside the older hierarchies. */
static int open_mounted(struct cgroups *cgroups)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t room = 0;
	int fd = -1;

	if (!mounts)
		return -1;
	while (fd < 0 && getline(&line, &room, mounts) > 0) {
		char root[LONGEST], where[LONGEST];

		if (!strstr(line, " - cgroup2 ") || sscanf(line, "%*s %*s %*s %4095s %4095s", root, where) != 2)
			continue;
		if (strcmp(root, "/"))
			continue;
		unescape(where);
		fd = open(where, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0)
			snprintf(cgroups->mount, sizeof(cgroups->mount), "%s", where[1] ? where : "");
	}
	free(line);
	fclose(mounts);
	return fd;
}

/* A mount that is in no namespace. By number: glibc has these since 2.36 only. */
static int mount_own(void)
{
	int fd = -1, context = (int)syscall(SYS_fsopen, "cgroup2", FSOPEN_CLOEXEC);

	if (context < 0)
		return -1;
	if (!syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0)) {
		fd = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY);
		if (fd >= 0) {
			/* An O_PATH descriptor, which neither lists nor takes programs. */
			int opened = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

			close(fd);
			fd = opened;
		}
	}
	close(context);
	return fd;
}

static void watch_new_ones(struct cgroups *cgroups)
{
	cgroups->skeleton = cgroups_bpf__open_and_load();
	if (cgroups->skeleton && !cgroups_bpf__attach(cgroups->skeleton))
		cgroups->ring = ring_buffer__new(bpf_map__fd(cgroups->skeleton->maps.made), on_made, cgroups, NULL);
	if (cgroups->ring) {
		run_add_object(cgroups->run, cgroups->skeleton->obj);
		return;
	}
	run_without(cgroups->run, "paths of short-lived cgroups", "new cgroups cannot be watched: %s", last_libbpf_warning());
	cgroups_bpf__destroy(cgroups->skeleton);
	cgroups->skeleton = NULL;
}

struct cgroups *cgroups_still(struct run *run)
{
	struct cgroups *cgroups = calloc(1, sizeof(*cgroups));

	if (!cgroups)
		abort();
	cgroups->run = run;
	cgroups->slots = calloc(SLOTS, sizeof(*cgroups->slots));
	if (!cgroups->slots)
		abort();
	cgroups->root_fd = open_mounted(cgroups);
	if (cgroups->root_fd < 0)
		cgroups->root_fd = mount_own();
	if (cgroups->root_fd < 0)
		run_without(run, "paths of cgroups", "there is no cgroup2: %s", strerror(errno));
	return cgroups;
}

struct cgroups *cgroups_new(struct run *run)
{
	struct cgroups *cgroups = cgroups_still(run);

	if (cgroups->root_fd < 0)
		return cgroups;
	/* What is made while it walks is told too. */
	watch_new_ones(cgroups);
	walk_all(cgroups);
	return cgroups;
}

void cgroups_free(struct cgroups *cgroups)
{
	if (!cgroups)
		return;
	ring_buffer__free(cgroups->ring);
	cgroups_bpf__destroy(cgroups->skeleton);
	if (cgroups->root_fd >= 0)
		close(cgroups->root_fd);
	empty(cgroups);
	free(cgroups->slots);
	free(cgroups);
}

int cgroups_root_fd(const struct cgroups *cgroups)
{
	return cgroups->root_fd;
}

/* Into `found`, by the id as a file handle. NULL when it is gone or not below the mount. */
static const char *look_up(struct cgroups *cgroups, uint64_t id)
{
	static const char deleted[] = " (deleted)";
	struct {
		struct file_handle head;
		uint64_t id;
	} handle = { { .handle_bytes = sizeof(id), .handle_type = HANDLE_KERNFS }, id };
	size_t prefix = strlen(cgroups->mount);
	char link[64];
	ssize_t length;
	int fd = open_by_handle_at(cgroups->root_fd, &handle.head, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return NULL;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, cgroups->found, sizeof(cgroups->found) - 1);
	close(fd);
	if (length <= 0)
		return NULL;
	cgroups->found[length] = '\0';
	if ((size_t)length > sizeof(deleted) && !strcmp(cgroups->found + length - (sizeof(deleted) - 1), deleted))
		cgroups->found[length - (ssize_t)(sizeof(deleted) - 1)] = '\0';
	if (strncmp(cgroups->found, cgroups->mount, prefix))
		return NULL;
	if (!cgroups->found[prefix])
		return "/";
	return cgroups->found[prefix] == '/' ? cgroups->found + prefix : NULL;
}

const char *cgroups_path(struct cgroups *cgroups, uint64_t id)
{
	const struct entry *entry;
	const char *path;

	if (!id || cgroups->root_fd < 0)
		return NULL;
	entry = slot_of(cgroups, id);
	if (entry->id)
		return entry->path;
	take_made(cgroups);
	entry = slot_of(cgroups, id);
	if (entry->id)
		return entry->path;
	path = look_up(cgroups, id);
	/* Remembered even if there is none: whoever asks once asks a thousand times. */
	if (!cgroups->full)
		remember(cgroups, id, path ? strdup(path) : NULL);
	return path;
}

void cgroups_write(struct cgroups *cgroups, struct out *out, const char *name, uint64_t id)
{
	const char *path = cgroups_path(cgroups, id);

	if (path)
		out_str(out, name, path);
	else
		out_null(out, name);
}
