// SPDX-License-Identifier: Apache-2.0
/* Reads the iterator over maps to its end and takes it down again, so that the snapshot does not show it. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "parts.h"
#include "snapshot.skel.h"

static int read_all(int fd, struct list *counts)
{
	struct map_count piece[256];
	ssize_t got;

	while ((got = read(fd, piece, sizeof(piece))) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		for (size_t i = 0; i < (size_t)got / sizeof(piece[0]); i++) {
			struct map_count *count = list_add(counts);

			if (!count)
				return -ENOMEM;
			*count = piece[i];
		}
	}
	return 0;
}

int counts_read(struct snapshot *snapshot, char *why, size_t size)
{
	struct snapshot_bpf *skeleton = snapshot_bpf__open_and_load();
	struct bpf_link *link = skeleton ? bpf_program__attach_iter(skeleton->progs.count_entries, NULL) : NULL;
	int fd = link ? bpf_iter_create(bpf_link__fd(link)) : -1;
	int error = fd < 0 ? -errno : read_all(fd, &snapshot->counts);

	if (!skeleton)
		snprintf(why, size, "this kernel does not count the entries of maps (bpf_map_sum_elem_count)");
	else if (error)
		snprintf(why, size, "the kernel's counts cannot be read: %s", strerror(-error));
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	snapshot_bpf__destroy(skeleton);
	return skeleton ? error : -EOPNOTSUPP;
}
