// SPDX-License-Identifier: Apache-2.0
/*
 * Network namespaces. One is kept by the processes in it, by a bind mount, or by a descriptor; its number is looked for among the
 * processes and where container runtimes and `ip netns` mount them.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "netns.h"

#define OWN "/proc/self/ns/net"

static const char *const mounted[] = { "/run/netns", "/run/docker/netns" };

/* Opens the file when it is a network namespace, and nothing else: -1 with errno. */
static int open_file(const char *path, uint32_t *inum)
{
	struct statfs in;
	struct stat found;
	int fd;

	if (statfs(path, &in))
		return -1;
	if (in.f_type != NSFS_MAGIC) {
		errno = EINVAL;
		return -1;
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (ioctl(fd, NS_GET_NSTYPE) != CLONE_NEWNET || fstat(fd, &found)) {
		close(fd);
		errno = EINVAL;
		return -1;
	}
	*inum = (uint32_t)found.st_ino;
	return fd;
}

/* The namespace of that number in a folder whose entries are namespaces, or have one below `rest`; -1 when it is not there. */
static int find_in(const char *folder, const char *rest, uint32_t inum)
{
	DIR *entries = opendir(folder);
	struct dirent *entry;
	int fd = -1;

	while (entries && fd < 0 && (entry = readdir(entries))) {
		struct stat found;
		uint32_t opened;
		char path[512];

		if (*entry->d_name == '.' || (*rest && !isdigit(*entry->d_name)))
			continue;
		snprintf(path, sizeof(path), "%s/%s%s", folder, entry->d_name, rest);
		if (stat(path, &found) || (uint32_t)found.st_ino != inum)
			continue;
		fd = open_file(path, &opened);
		if (fd >= 0 && opened != inum) {
			close(fd);
			fd = -1;
		}
	}
	if (entries)
		closedir(entries);
	return fd;
}

static int open_number(struct netns *netns, const char *which, char *why, size_t size)
{
	char *end;
	unsigned long number;

	errno = 0;
	number = strtoul(which, &end, 10);
	if (*end || errno || number > UINT32_MAX) {
		snprintf(why, size, "%s is no number of a namespace", which);
		return -1;
	}
	netns->inum = (uint32_t)number;
	netns->fd = find_in("/proc", "/ns/net", netns->inum);
	for (size_t i = 0; i < sizeof(mounted) / sizeof(mounted[0]) && netns->fd < 0; i++)
		netns->fd = find_in(mounted[i], "", netns->inum);
	if (netns->fd >= 0)
		return 0;
	snprintf(why, size, "no process is in a network namespace %s, and none is mounted in /run/netns", which);
	return -1;
}

int netns_open(struct netns *netns, const char *which, char *why, size_t size)
{
	char path[512];

	*netns = (struct netns){ .fd = -1 };
	if (isdigit(*which))
		return open_number(netns, which, why, size);
	if (!*which)
		snprintf(path, sizeof(path), OWN);
	else if (*which == '/')
		snprintf(path, sizeof(path), "%s", which);
	else if (strchr(which, '/') || *which == '.')
		return snprintf(why, size, "%s is neither a name nor the whole path of a namespace", which), -1;
	else
		snprintf(path, sizeof(path), "%s/%s", mounted[0], which);
	netns->fd = open_file(path, &netns->inum);
	if (netns->fd >= 0)
		return 0;
	if (errno == EINVAL)
		snprintf(why, size, "%s is no network namespace", path);
	else
		snprintf(why, size, "%s cannot be opened: %s", path, strerror(errno));
	return -1;
}

void netns_close(struct netns *netns)
{
	if (netns->fd >= 0)
		close(netns->fd);
	netns->fd = -1;
}

int netns_within(const struct netns *netns, int (*work)(void *context), void *context)
{
	int own = open(OWN, O_RDONLY | O_CLOEXEC);
	int result;

	if (own < 0)
		return -errno;
	if (setns(netns->fd, CLONE_NEWNET)) {
		result = -errno;
	} else {
		result = work(context);
		/* Whatever comes after would be about the wrong node: better not to go on. */
		if (setns(own, CLONE_NEWNET))
			abort();
	}
	close(own);
	return result;
}
