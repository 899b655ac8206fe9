// SPDX-License-Identifier: Apache-2.0
/* The connections that are open: an iterator over their table looks at each socket and writes what it has done so far. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "connect.skel.h"
#include "state.h"

#define SECOND_NS UINT64_C(1000000000)
/* A look is followed by a pause so many times as long as it took. */
#define PAUSE_FACTOR 100
/* A tick a second may be early by some of it. */
#define EARLY_NS (SECOND_NS / 4)
#define PIECE (256 * sizeof(struct connect_event))

void live_begin(struct run *run, struct connect_state *state)
{
	union bpf_iter_link_info info = { .map.map_fd = (uint32_t)bpf_map__fd(state->skeleton->maps.connections) };
	LIBBPF_OPTS(bpf_iter_attach_opts, options, .link_info = &info, .link_info_len = sizeof(info));

	state->live_link = bpf_program__attach_iter(state->skeleton->progs.list_live, &options);
	if (!state->live_link)
		run_without(run, "open connections",
			    "connections are counted when they end, and those that do not are not listed: %s", strerror(errno));
}

/* The number of bytes read, or a negative errno. */
static ssize_t read_all(int fd, char **bytes)
{
	size_t room = 0, used = 0;
	ssize_t got;

	for (;;) {
		if (room - used < PIECE) {
			char *grown = realloc(*bytes, room = room ? room * 2 : 4 * PIECE);

			if (!grown)
				abort();
			*bytes = grown;
		}
		got = read(fd, *bytes + used, room - used);
		if (got > 0)
			used += (size_t)got;
		else if (got == 0)
			return (ssize_t)used;
		else if (errno != EINTR && errno != EAGAIN)
			return -errno;
	}
}

int live_read(struct run *run, struct connect_state *state)
{
	uint64_t began = ktime_now(), pause;
	char *bytes = NULL;
	ssize_t size;
	int fd;

	state->looked = !state->live_link || state->ending || began >= state->next_live_ns;
	if (!state->live_link || !state->looked)
		return 0;
	fd = bpf_iter_create(bpf_link__fd(state->live_link));
	if (fd < 0)
		return run_fail(run, "no-live", "The node may be out of memory.",
				"The open connections could not be listed: %s", strerror(errno));
	size = read_all(fd, &bytes);
	close(fd);
	if (size < 0) {
		free(bytes);
		return run_fail(run, "no-live", "", "The open connections could not be read: %s", strerror((int)-size));
	}
	free(state->live);
	state->live = (struct connect_event *)bytes;
	state->live_count = (size_t)size / sizeof(*state->live);
	pause = (ktime_now() - began) * PAUSE_FACTOR;
	state->next_live_ns = began + (pause > SECOND_NS ? pause : SECOND_NS) - EARLY_NS;
	return 0;
}

void live_end(struct connect_state *state)
{
	bpf_link__destroy(state->live_link);
	free(state->live);
	state->live_link = NULL;
	state->live = NULL;
	state->live_count = 0;
}
