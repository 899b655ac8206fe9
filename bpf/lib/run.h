/* SPDX-License-Identifier: Apache-2.0 */
/* A run as the binary's own parts see it; tracers see `tracer.h`. */
#ifndef BPFDESK_RUN_H
#define BPFDESK_RUN_H

#include <signal.h>

#include "output.h"
#include "tracer.h"

#define MAX_OBJECTS 128
#define MAX_PROGRAMS 512
#define MAX_FALLBACKS 16
#define MAX_NOTES 16
#define MAX_RINGS 8
#define MAX_PARAMS 32

enum exit_code { EXIT_RAN = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_KERNEL = 3 };

struct cost {
	uint64_t bpf_run_cnt;
	uint64_t bpf_run_time_ns;
	uint64_t user_cpu_ns;
	double cpu_pct;
};

struct counts {
	uint64_t events, lost, evicted, thinned;
};

struct run {
	const struct tracer *tracer;
	const struct variant_meta *variant;
	struct out *out;
	void *state;

	/* Values in the order of the tracer's parameters; NULL: nothing is chosen. */
	const char *values[MAX_PARAMS];
	uint64_t for_s;
	/* 0: no limit. */
	uint64_t max_events;
	/* The line that is being made is an event beyond them. */
	bool unasked;
	double budget_pct;

	/* Of `cost.c`. */
	int stats_fd;
	struct bpf_object *objects[MAX_OBJECTS];
	size_t object_count;
	int program_fds[MAX_PROGRAMS];
	size_t program_count;
	struct cost cost;
	struct counts kernel_counts;
	uint32_t sample_every;
	unsigned int seconds_over_budget;
	uint64_t misses;

	/* Counted on the user side. */
	struct counts counts;

	struct ring_buffer *ring;
	struct reader {
		struct run *run;
		ring_buffer_sample_fn sample;
		void *context;
	} readers[MAX_RINGS];
	size_t reader_count;
	/* Items read since run_drain() began. */
	size_t drained;
	int epoll_fd;
	uint64_t started_ns;
	/* When the figures of a second were read last. */
	uint64_t ticked_ns;
	/* Before anything was loaded. */
	uint64_t began_ns;
	/* CLOCK_REALTIME minus CLOCK_MONOTONIC when it began. */
	int64_t epoch_offset_ns;
	const char *ended;

	/* Why it could not, for the error line. */
	int exit_code;
	char error_code[32];
	char error_message[1024];
	char error_hint[512];

	struct {
		char wanted[32];
		char why[256];
	} fallbacks[MAX_FALLBACKS];
	size_t fallback_count;
	struct {
		char code[32];
		uint64_t said_ns;
	} notes[MAX_NOTES];
	size_t note_count;
};

extern const struct tracer *const __start_tracers[];
extern const struct tracer *const __stop_tracers[];

/* params.c: sets the defaults, then one `name=value`. Negative when it is refused (run_refuse_param said why). */
void params_default(struct run *run);
int params_set(struct run *run, const char *assignment);
int params_check(struct run *run);

/* cost.c */
void cost_begin(struct run *run);
/* Reads what the programs and this process cost since the last time, and their counts. */
void cost_read(struct run *run, double seconds);
/* The same, with the percentage of the whole run, which took so many seconds. */
void cost_read_whole(struct run *run, double seconds);
void cost_write(const struct run *run, struct out *out);
/* Does less, or ends the run, when it costs more than it may. */
void cost_keep_within_budget(struct run *run);
void cost_end(struct run *run);

/* rings.c */
void rings_forget(struct run *run);
/* After detaching: what is in the rings is all there will be. */
void rings_drain_all(struct run *run);

/* run_lines.c */
void run_write_schema(struct run *run);
void run_write_stats(struct run *run);
void run_write_summary(struct run *run);
void run_write_error(struct run *run);

/* run.c: from choosing the variant to the summary. Returns the exit code. */
int run_tracer(struct run *run);

#endif
