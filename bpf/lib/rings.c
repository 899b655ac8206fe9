// SPDX-License-Identifier: Apache-2.0
/* The ring buffers of a run, read in pieces so that a flood keeps nothing else from being looked at. */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

#include "run.h"

/* Items of a ring that are read before clocks, limits and signals are looked at again. */
#define ITEMS_AT_ONCE 4096

/* One item. libbpf reads a ring until it is empty, which under a flood is never: a negative result stops it. */
static int read_item(void *context, void *data, size_t size)
{
	struct reader *reader = context;
	int result = reader->sample(reader->context, data, size);

	return ++reader->run->drained % ITEMS_AT_ONCE ? result : -EAGAIN;
}

int run_add_ring(struct run *run, int map_fd, ring_buffer_sample_fn sample, void *context)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = -1 };
	struct reader *reader = &run->readers[run->reader_count];

	if (run->reader_count == MAX_RINGS)
		return run_fail(run, "too-many", "Choose fewer.", "More than %d ring buffers are read at once", MAX_RINGS);
	run->reader_count++;
	*reader = (struct reader){ .run = run, .sample = sample, .context = context };
	if (run->ring) {
		if (!ring_buffer__add(run->ring, map_fd, read_item, reader))
			return 0;
	} else {
		run->ring = ring_buffer__new(map_fd, read_item, reader, NULL);
		if (run->ring && !epoll_ctl(run->epoll_fd, EPOLL_CTL_ADD, ring_buffer__epoll_fd(run->ring), &event))
			return 0;
	}
	return run_fail(run, "no-ring", "The node may be out of memory.", "The ring buffer could not be read: %s",
			strerror(errno));
}

void rings_forget(struct run *run)
{
	if (run->ring)
		ring_buffer__free(run->ring);
	run->ring = NULL;
	run->reader_count = 0;
}

void run_drain(struct run *run)
{
	run->drained = 0;
	if (run->ring)
		ring_buffer__consume(run->ring);
}

bool run_caught_up(const struct run *run)
{
	return run->drained < ITEMS_AT_ONCE;
}

void rings_drain_all(struct run *run)
{
	size_t before;

	run->drained = 0;
	do {
		before = run->drained;
		if (run->ring)
			ring_buffer__consume(run->ring);
	} while (run->drained != before);
}
