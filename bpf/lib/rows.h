/* SPDX-License-Identifier: Apache-2.0 */
/* All rows of a hash map, read in large pieces. */
#ifndef BPFDESK_ROWS_H
#define BPFDESK_ROWS_H

#include <stddef.h>
#include <stdint.h>

struct rows {
	int fd;
	size_t key_size, value_size;
	/* Rows there is memory for. */
	size_t room;
	size_t count;
	char *keys, *values;
};

/* A map of up to `max` rows; plain values only, none per CPU. */
void rows_begin(struct rows *rows, int fd, size_t key_size, size_t value_size, size_t max);
/* Reads them as they are now; what is added or deleted meanwhile may be missing. 0, or a negative errno. */
int rows_read(struct rows *rows);
void rows_end(struct rows *rows);

static inline const void *rows_key(const struct rows *rows, size_t at)
{
	return rows->keys + at * rows->key_size;
}

static inline const void *rows_value(const struct rows *rows, size_t at)
{
	return rows->values + at * rows->value_size;
}

#endif
