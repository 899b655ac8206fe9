/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a tracer is to the rest of the binary, and what it can ask of a run. See docs/design/0006-tracers.md.
 *
 * A tracer's `<name>.c` includes this and its generated `<name>.meta.h`, and registers itself:
 *
 *	static const struct tracer tracer = { .meta = &verdict_meta, .start = start, … };
 *	REGISTER_TRACER(tracer);
 */
#ifndef BPFDESK_TRACER_H
#define BPFDESK_TRACER_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernel_features.h"
#include "out.h"

enum param_type { PARAM_TEXT, PARAM_U64, PARAM_F64, PARAM_BOOL, PARAM_ENUM, PARAM_LIST };
enum record_kind { RECORD_EVENT, RECORD_TOTAL };

struct param_meta {
	const char *name;
	enum param_type type;
	/* NULL: nothing is chosen. */
	const char *fallback;
	bool required;
	bool has_min, has_max;
	double min, max;
	/* 0: no other limit than that of any parameter. */
	size_t max_length;
	/* Of an enum, ends with NULL. */
	const char *const *values;
};

struct variant_meta {
	const char *id;
	const char *proves;
	/* Bit 1 << FEATURE_x for each. */
	uint32_t needs;
};

struct record_meta {
	const char *name;
	enum record_kind kind;
};

/* Made from `tracer.yaml` by the build. */
struct tracer_meta {
	const char *name;
	const char *title;
	const char *question;
	uint32_t needs;
	const struct variant_meta *variants;
	size_t variant_count;
	const struct param_meta *params;
	size_t param_count;
	const struct record_meta *records;
	size_t record_count;
	/* The `records` member of the schema line. */
	const char *records_json;
};

struct run;

/* What `start` returns when the variant cannot be had after all (run_fall_back() said why): the next is tried. */
#define TRY_NEXT_VARIANT 1

struct tracer {
	const struct tracer_meta *meta;
	/*
	 * Opens, loads and attaches for run_variant(). 0, TRY_NEXT_VARIANT, or what run_fail() returned. Whatever it
	 * returns, `stop` is called before anything else is.
	 */
	int (*start)(struct run *run);
	/*
	 * Of a tracer that has an end of its own: called again and again, at once, until it calls run_end(). Each call does
	 * a small part (some 10 ms), so that the run can be cancelled between two. It runs at a low priority instead of
	 * within a budget: what it costs in all is bounded by what was asked. Negative from run_fail() ends the run. May be NULL.
	 */
	int (*work)(struct run *run);
	/* Once a second, and once before the summary: reads maps, emits totals. Negative from run_fail() ends the run. May be NULL. */
	int (*tick)(struct run *run);
	/*
	 * Detaches its programs, so that nothing is added to rings and maps any more: what is read after it is
	 * everything. Called once before the last tick. May be NULL where nothing is attached.
	 */
	void (*detach)(struct run *run);
	/* Adds members to the summary line. May be NULL. */
	void (*summary)(struct run *run, struct out *out);
	/* Frees everything, also after a start that failed half-way. Must be callable twice. */
	void (*stop)(struct run *run);
};

#define REGISTER_TRACER(tracer)                                                                    \
	static const struct tracer *const tracer##_registered                                      \
		__attribute__((used, section("tracers"))) = &(tracer)

/* The id of the variant to start. */
const char *run_variant(const struct run *run);
bool run_variant_is(const struct run *run, const char *id);
struct out *run_out(struct run *run);

/* A tracer's own state: zeroed memory of that size, allocated at the first call, freed with the run. */
void *run_state(struct run *run, size_t size);

/* Parameters, checked against tracer.yaml; an undeclared name is a defect and aborts. */
bool param_given(const struct run *run, const char *name);
const char *param_text(const struct run *run, const char *name); /* "" when not chosen */
uint64_t param_u64(const struct run *run, const char *name);	 /* 0 when not chosen */
double param_f64(const struct run *run, const char *name);
bool param_bool(const struct run *run, const char *name);
/* Calls `each` for each element of a list; stops at the first that returns non-zero and returns that. */
int param_each(const struct run *run, const char *name, int (*each)(const char *element, void *context), void *context);

/* Says what failed; the error line. Always returns -1. `code` is like-this. */
int run_fail(struct run *run, const char *code, const char *hint, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* A wrong parameter: exit code 2. Always returns -1. */
int run_refuse_param(struct run *run, const char *param, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* This kernel cannot do what was asked at all: exit code 3. Always returns -1. */
int run_refuse_kernel(struct run *run, const char *code, const char *hint, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Says why this variant cannot be had. Always returns TRY_NEXT_VARIANT. */
int run_fall_back(struct run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Something less than the best way is used within a variant: named in the schema line (only from `start`). */
void run_without(struct run *run, const char *wanted, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* What libbpf said last (its warnings are kept, not printed). */
const char *last_libbpf_warning(void);

/*
 * Its programs' cost is measured, and its maps `counts` and `control` (counts.bpf.h) are used. Call after it was loaded
 * and before it is attached. Objects are taken out by run_forget_objects(), which `stop` must call before destroying them.
 */
int run_add_object(struct run *run, struct bpf_object *object);
void run_forget_objects(struct run *run);
/* Calls `sample` for each item of the ring buffer. At most once a run and more maps can be added. */
int run_add_ring(struct run *run, int map_fd, ring_buffer_sample_fn sample, void *context);
/* Reads what is in the rings now. */
void run_drain(struct run *run);
/* Whether the last run_drain() left nothing: what happened before it is known. To be asked in `tick`, which follows one. */
bool run_caught_up(const struct run *run);
/*
 * Counts as lost what the kernel did not run of the object's programs, because one was at work on that CPU already
 * (`recursion_misses` in a program's info, since 5.12). For objects in which each such run would have told something;
 * called from `tick`, of one object a run.
 */
void run_count_misses(struct run *run, const struct bpf_object *object);
/* Counts what the tracer itself lost or gave up on the user side. */
void run_count_lost(struct run *run, uint64_t count);
void run_count_evicted(struct run *run, uint64_t count);

/* Begins and ends a record of tracer.yaml; `record` is its index in the generated enum. */
struct out *emit(struct run *run, int record);
void emit_end(struct run *run);
/* A `note` line; the same code is said at most once every ten seconds. */
void run_note(struct run *run, const char *code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The next note of that code is said however short after the last: it is another news, and the last is not true any more. */
void run_note_again(struct run *run, const char *code);

/* bpf_ktime_get_ns() as epoch microseconds. */
uint64_t epoch_us(const struct run *run, uint64_t ktime_ns);
/* The clock of bpf_ktime_get_ns(). */
uint64_t ktime_now(void);
/* Ends the run: all that was asked for is done. */
void run_end(struct run *run);
/* Whether it has ended, or has told as many events as it may: what is emitted beyond them is left out. */
bool run_is_over(const struct run *run);

#endif
