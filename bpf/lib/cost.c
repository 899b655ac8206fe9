// SPDX-License-Identifier: Apache-2.0
/*
 * What a run costs the node: the run time of its own programs, as the kernel measures it (bpf_enable_stats; the
 * statistics end with the file descriptor), and the CPU time of this process. And what its programs counted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../include/counts.h"
#include "clock.h"
#include "run.h"

/* So many seconds above the budget before less is told, or the run is ended. */
#define PATIENCE_S 2
/* The thinnest: one event in so many. */
#define THINNEST 256

void cost_begin(struct run *run)
{
	run->stats_fd = bpf_enable_stats(BPF_STATS_RUN_TIME);
	run->sample_every = 1;
}

void cost_end(struct run *run)
{
	if (run->stats_fd >= 0)
		close(run->stats_fd);
	run->stats_fd = -1;
}

int run_add_object(struct run *run, struct bpf_object *object)
{
	struct bpf_program *program;

	if (run->object_count == MAX_OBJECTS)
		return run_fail(run, "too-many", "Choose fewer.", "More than %d programs are traced at once", MAX_OBJECTS);
	run->objects[run->object_count++] = object;
	bpf_object__for_each_program(program, object) {
		int fd = bpf_program__fd(program);

		if (fd >= 0 && run->program_count < MAX_PROGRAMS)
			run->program_fds[run->program_count++] = fd;
	}
	return 0;
}

void run_forget_objects(struct run *run)
{
	run->object_count = 0;
	run->program_count = 0;
}

static uint64_t sum_slot(int fd, uint32_t slot)
{
	static uint64_t *values;
	static int cpus;
	uint64_t sum = 0;

	if (!values) {
		cpus = libbpf_num_possible_cpus();
		values = calloc(cpus > 0 ? (size_t)cpus : 1, sizeof(*values));
		if (!values)
			abort();
	}
	if (bpf_map_lookup_elem(fd, &slot, values))
		return 0;
	for (int i = 0; i < cpus; i++)
		sum += values[i];
	return sum;
}

static void read_counts(struct run *run)
{
	struct counts now = {};

	for (size_t i = 0; i < run->object_count; i++) {
		int fd = bpf_object__find_map_fd_by_name(run->objects[i], "counts");

		if (fd < 0)
			continue;
		now.lost += sum_slot(fd, COUNT_LOST);
		now.evicted += sum_slot(fd, COUNT_EVICTED);
		now.thinned += sum_slot(fd, COUNT_THINNED);
	}
	/* After the objects are forgotten the last figures stay. */
	if (run->object_count)
		run->kernel_counts = now;
}

void cost_read(struct run *run, double seconds)
{
	struct cost now = { .cpu_pct = 0 };

	read_counts(run);
	for (size_t i = 0; i < run->program_count; i++) {
		struct bpf_prog_info info = {};
		uint32_t size = sizeof(info);

		if (bpf_obj_get_info_by_fd(run->program_fds[i], &info, &size))
			continue;
		now.bpf_run_cnt += info.run_cnt;
		now.bpf_run_time_ns += info.run_time_ns;
	}
	if (!run->program_count) {
		now.bpf_run_cnt = run->cost.bpf_run_cnt;
		now.bpf_run_time_ns = run->cost.bpf_run_time_ns;
	}
	now.user_cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	if (seconds > 0) {
		uint64_t spent = now.user_cpu_ns - run->cost.user_cpu_ns;

		if (now.bpf_run_time_ns >= run->cost.bpf_run_time_ns)
			spent += now.bpf_run_time_ns - run->cost.bpf_run_time_ns;
		now.cpu_pct = (double)spent / (seconds * 1e7);
	}
	run->cost = now;
}

void run_count_misses(struct run *run, const struct bpf_object *object)
{
	struct bpf_program *program;
	uint64_t misses = 0;

	bpf_object__for_each_program(program, object) {
		struct bpf_prog_info info = {};
		uint32_t size = sizeof(info);
		int fd = bpf_program__fd(program);

		if (fd >= 0 && !bpf_obj_get_info_by_fd(fd, &info, &size))
			misses += info.recursion_misses;
	}
	if (misses <= run->misses)
		return;
	run_count_lost(run, misses - run->misses);
	run_note(run, "missed-runs", "%llu times the kernel did not run its programs, because one was at work on that CPU already.",
		 (unsigned long long)(misses - run->misses));
	run->misses = misses;
}

void cost_read_whole(struct run *run, double seconds)
{
	cost_read(run, 0);
	if (seconds > 0)
		run->cost.cpu_pct = (double)(run->cost.bpf_run_time_ns + run->cost.user_cpu_ns) / (seconds * 1e7);
}

void cost_write(const struct run *run, struct out *out)
{
	if (run->stats_fd < 0) {
		/* Without run statistics half of the cost is not known, and half a cost is worse than none. */
		out_null(out, "cost");
		return;
	}
	out_begin_object(out, "cost");
	out_u64(out, "bpf_run_cnt", run->cost.bpf_run_cnt);
	out_u64(out, "bpf_run_time_ns", run->cost.bpf_run_time_ns);
	out_u64(out, "user_cpu_ns", run->cost.user_cpu_ns);
	out_f64(out, "cpu_pct", run->cost.cpu_pct);
	out_end_object(out);
}

/* False when no program of this run can be told to do less. */
static bool thin_out(struct run *run, uint32_t sample_every)
{
	struct control control = { .sample_every = sample_every };
	const uint32_t zero = 0;
	bool told = false;

	for (size_t i = 0; i < run->object_count; i++) {
		int fd = bpf_object__find_map_fd_by_name(run->objects[i], "control");

		if (fd >= 0 && bpf_map_update_elem(fd, &zero, &control, BPF_ANY) == 0)
			told = true;
	}
	return told;
}

void cost_keep_within_budget(struct run *run)
{
	if (run->tracer->work || run->cost.cpu_pct <= run->budget_pct) {
		run->seconds_over_budget = 0;
		return;
	}
	if (++run->seconds_over_budget < PATIENCE_S)
		return;
	run->seconds_over_budget = 0;
	if (run->sample_every < THINNEST && thin_out(run, run->sample_every * 4)) {
		run->sample_every *= 4;
		run_note_again(run, "thinned-out");
		run_note(run, "thinned-out",
			 "It cost %.1f %% of a CPU, more than its budget of %.1f %%: of %u events one is told now. Totals go on.",
			 run->cost.cpu_pct, run->budget_pct, run->sample_every);
		return;
	}
	run_note(run, "over-budget", "It cost %.1f %% of a CPU, more than its budget of %.1f %%, and was ended.",
		 run->cost.cpu_pct, run->budget_pct);
	run->ended = "budget";
}
