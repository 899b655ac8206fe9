// SPDX-License-Identifier: Apache-2.0
/* Reads by BPF_MAP_LOOKUP_BATCH, which every kernel with a ring buffer has for hash maps (5.6). */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>

#include "rows.h"

/* The kernel returns whole buckets, so the last one needs some room beyond. */
#define SLACK 256

void rows_begin(struct rows *rows, int fd, size_t key_size, size_t value_size, size_t max)
{
	*rows = (struct rows){ .fd = fd, .key_size = key_size, .value_size = value_size, .room = max + SLACK };
	rows->keys = calloc(rows->room, key_size);
	rows->values = calloc(rows->room, value_size);
	if (!rows->keys || !rows->values)
		abort();
}

int rows_read(struct rows *rows)
{
	/* Of a hash map: the number of the next bucket. */
	uint32_t next = 0;
	void *from = NULL;

	rows->count = 0;
	while (rows->count < rows->room) {
		uint32_t count = (uint32_t)(rows->room - rows->count);

		if (bpf_map_lookup_batch(rows->fd, from, &next, rows->keys + rows->count * rows->key_size,
					 rows->values + rows->count * rows->value_size, &count, NULL)) {
			if (errno != ENOENT)
				return -errno;
			/* The last piece. */
			rows->count += count;
			return 0;
		}
		rows->count += count;
		from = &next;
	}
	return 0;
}

void rows_end(struct rows *rows)
{
	free(rows->keys);
	free(rows->values);
	*rows = (struct rows){ .fd = -1 };
}
