// SPDX-License-Identifier: Apache-2.0
#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "runs.h"

static int read_runs(int fd, uint64_t *runs)
{
	struct bpf_prog_info info = {};
	uint32_t size = sizeof(info);

	if (bpf_obj_get_info_by_fd(fd, &info, &size))
		return -1;
	*runs = info.run_cnt;
	return 0;
}

const char *runs_count(uint32_t prog_id, uint32_t for_ms, uint64_t *runs, uint64_t *took_ms)
{
	struct timespec left = { .tv_sec = for_ms / 1000, .tv_nsec = (long)(for_ms % 1000 * NS_PER_MS) };
	int stats = bpf_enable_stats(BPF_STATS_RUN_TIME), program = bpf_prog_get_fd_by_id(prog_id);
	const char *why = NULL;
	uint64_t before, began;

	if (stats < 0)
		why = "This kernel does not let run statistics be turned on for a while.";
	else if (program < 0)
		why = "The program is gone.";
	else if (read_runs(program, &before))
		why = "The program cannot be looked at.";
	if (!why) {
		began = clock_ns(CLOCK_MONOTONIC);
		while (nanosleep(&left, &left))
			;
		if (read_runs(program, runs))
			why = "The program cannot be looked at.";
		else
			*runs -= before;
		*took_ms = (clock_ns(CLOCK_MONOTONIC) - began) / NS_PER_MS;
	}
	if (program >= 0)
		close(program);
	if (stats >= 0)
		close(stats);
	return why;
}
