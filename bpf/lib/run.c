// SPDX-License-Identifier: Apache-2.0
/*
 * One run of a tracer, from choosing its variant to its summary. It ends on end of stdin, at its limits, on
 * SIGINT and SIGTERM, when its reader is gone and when it costs too much; whatever ends it, everything it
 * attached lives in file descriptors and goes with the process.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "run.h"

#ifndef TRACER_VERSION
#error "the build says which version this is"
#endif
#if defined(__x86_64__)
#define TRACER_ARCH "x86_64"
#elif defined(__aarch64__)
#define TRACER_ARCH "arm64"
#endif

#define NS_PER_S UINT64_C(1000000000)
#define NOTE_EVERY_NS (10 * NS_PER_S)
/* Output is written at the latest so long after it was made, in ms. */
#define FLUSH_MS 50
/* Of a run that is not within a budget: about a tenth of a CPU that others want too, all of an idle one (setpriority(2)). */
#define LOW_PRIORITY 10
/* Items of a ring that are read before clocks, limits and signals are looked at again. */
#define ITEMS_AT_ONCE 4096
/* A reader that does not read keeps a run so much longer than its time, then it ends without a summary. */
#define STALLED_S 5

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

uint64_t ktime_now(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t epoch_us(const struct run *run, uint64_t ktime_ns)
{
	return (ktime_ns + (uint64_t)run->epoch_offset_ns) / 1000;
}

const char *run_variant(const struct run *run)
{
	return run->variant->id;
}

bool run_variant_is(const struct run *run, const char *id)
{
	return !strcmp(run->variant->id, id);
}

struct out *run_out(struct run *run)
{
	return run->out;
}

void *run_state(struct run *run, size_t size)
{
	if (!run->state)
		run->state = calloc(1, size);
	if (!run->state)
		abort();
	return run->state;
}

static int fail(struct run *run, int exit_code, const char *code, const char *hint, const char *format, va_list args)
{
	/* The first failure is the cause; what fails after it is not. */
	if (run->exit_code)
		return -1;
	run->exit_code = exit_code;
	snprintf(run->error_code, sizeof(run->error_code), "%s", code);
	snprintf(run->error_hint, sizeof(run->error_hint), "%s", hint);
	vsnprintf(run->error_message, sizeof(run->error_message), format, args);
	return -1;
}

int run_fail(struct run *run, const char *code, const char *hint, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fail(run, EXIT_FAILED, code, hint, format, args);
	va_end(args);
	return -1;
}

int run_refuse_kernel(struct run *run, const char *code, const char *hint, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fail(run, EXIT_KERNEL, code, hint, format, args);
	va_end(args);
	return -1;
}

static int refuse_param(struct run *run, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fail(run, EXIT_USAGE, "bad-parameter", "See the tracer's parameters in its form, or in tracer.yaml.", format, args);
	va_end(args);
	return -1;
}

int run_refuse_param(struct run *run, const char *param, const char *format, ...)
{
	char why[512];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	return refuse_param(run, "The parameter %s of %s: %s", param, run->tracer->meta->name, why);
}

static void add_fallback(struct run *run, const char *wanted, const char *format, va_list args)
{
	if (run->fallback_count == MAX_FALLBACKS)
		return;
	snprintf(run->fallbacks[run->fallback_count].wanted, sizeof(run->fallbacks[0].wanted), "%s", wanted);
	vsnprintf(run->fallbacks[run->fallback_count].why, sizeof(run->fallbacks[0].why), format, args);
	run->fallback_count++;
}

int run_fall_back(struct run *run, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_fallback(run, run->variant->id, format, args);
	va_end(args);
	return TRY_NEXT_VARIANT;
}

void run_without(struct run *run, const char *wanted, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	add_fallback(run, wanted, format, args);
	va_end(args);
}

struct out *emit(struct run *run, int record)
{
	const struct record_meta *meta = &run->tracer->meta->records[record];

	if (meta->kind == RECORD_EVENT) {
		run->counts.events++;
		if (run->max_events && run->counts.events >= run->max_events && !run->ended)
			run->ended = "events";
	}
	out_line(run->out, meta->name);
	return run->out;
}

void emit_end(struct run *run)
{
	out_end_line(run->out);
	if (out_is_full(run->out) && !out_flush(run->out) && !run->ended)
		run->ended = "stdin";
}

void run_end(struct run *run)
{
	if (!run->ended)
		run->ended = "done";
}

void run_count_lost(struct run *run, uint64_t count)
{
	run->counts.lost += count;
}

void run_count_evicted(struct run *run, uint64_t count)
{
	run->counts.evicted += count;
}

void run_note(struct run *run, const char *code, const char *format, ...)
{
	uint64_t now = ktime_now();
	char message[512];
	va_list args;
	size_t i;

	for (i = 0; i < run->note_count; i++)
		if (!strcmp(run->notes[i].code, code))
			break;
	if (i == run->note_count) {
		if (i == MAX_NOTES)
			return;
		run->note_count++;
		snprintf(run->notes[i].code, sizeof(run->notes[i].code), "%s", code);
	} else if (now - run->notes[i].said_ns < NOTE_EVERY_NS) {
		return;
	}
	run->notes[i].said_ns = now;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	out_line(run->out, "note");
	out_u64(run->out, "time_us", epoch_us(run, now));
	out_str(run->out, "code", code);
	out_str(run->out, "message", message);
	out_end_line(run->out);
}

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

static void forget_rings(struct run *run)
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

/* After detaching: what is in the rings is all there will be. */
static void drain_all(struct run *run)
{
	size_t before;

	run->drained = 0;
	do {
		before = run->drained;
		if (run->ring)
			ring_buffer__consume(run->ring);
	} while (run->drained != before);
}

static void write_counts(struct run *run)
{
	const struct counts *kernel = &run->kernel_counts, *user = &run->counts;

	out_u64(run->out, "events", user->events);
	out_u64(run->out, "lost", kernel->lost + user->lost);
	out_u64(run->out, "evicted", kernel->evicted + user->evicted);
	out_u64(run->out, "thinned", kernel->thinned + user->thinned);
	cost_write(run, run->out);
}

static void write_schema(struct run *run)
{
	const struct tracer_meta *meta = run->tracer->meta;
	struct out *out = run->out;
	struct utsname name;

	uname(&name);
	out_line(out, "schema");
	out_u64(out, "protocol", 1);
	out_str(out, "tracer", meta->name);
	out_str(out, "version", TRACER_VERSION);
	out_str(out, "arch", TRACER_ARCH);
	out_str(out, "kernel", name.release);
	out_str(out, "variant", run->variant->id);
	out_str(out, "proves", run->variant->proves);
	out_begin_list(out, "fallbacks");
	for (size_t i = 0; i < run->fallback_count; i++) {
		out_begin_object(out, NULL);
		out_str(out, "wanted", run->fallbacks[i].wanted);
		out_str(out, "why", run->fallbacks[i].why);
		out_end_object(out);
	}
	out_end_list(out);
	out_begin_object(out, "params");
	for (size_t i = 0; i < meta->param_count; i++)
		if (run->values[i])
			out_str(out, meta->params[i].name, run->values[i]);
	out_end_object(out);
	out_raw(out, "records", meta->records_json);
	out_u64(out, "started_us", epoch_us(run, run->started_ns));
	out_end_line(out);
}

static void write_stats(struct run *run)
{
	out_line(run->out, "stats");
	out_u64(run->out, "time_us", epoch_us(run, ktime_now()));
	write_counts(run);
	out_u64(run->out, "sample_every", run->sample_every);
	out_end_line(run->out);
}

static void write_summary(struct run *run)
{
	uint64_t now = ktime_now();

	out_line(run->out, "summary");
	out_u64(run->out, "time_us", epoch_us(run, now));
	out_u64(run->out, "duration_ms", (now - run->started_ns) / 1000000);
	out_str(run->out, "ended", run->ended);
	write_counts(run);
	if (run->tracer->summary)
		run->tracer->summary(run, run->out);
	out_end_line(run->out);
}

void run_write_error(struct run *run)
{
	out_line(run->out, "error");
	out_str(run->out, "code", run->error_code);
	out_str(run->out, "message", run->error_message);
	out_str(run->out, "hint", run->error_hint);
	out_end_line(run->out);
	out_flush(run->out);
}

/* The first feature of `needs` that is missing, or FEATURE_COUNT. */
static enum feature missing_of(uint32_t needs, const char **why)
{
	for (enum feature feature = 0; feature < FEATURE_COUNT; feature++)
		if ((needs & 1u << feature) && !feature_available(feature, why))
			return feature;
	return FEATURE_COUNT;
}

/* Starts the best variant this kernel takes. */
static int start(struct run *run)
{
	const struct tracer_meta *meta = run->tracer->meta;
	const char *why = "";
	enum feature missing = missing_of(meta->needs, &why);

	if (missing == FEATURE_btf)
		return run_refuse_kernel(run, "no-btf", "It needs a kernel built with CONFIG_DEBUG_INFO_BTF=y.",
					 "This kernel does not describe its own types (BTF), so %s cannot read it: %s",
					 meta->name, why);
	if (missing != FEATURE_COUNT)
		return run_refuse_kernel(run, "kernel-lacks", "A newer kernel has it.", "%s needs %s: %s", meta->name,
					 feature_name(missing), why);
	for (size_t i = 0; i < meta->variant_count; i++) {
		int result;

		run->variant = &meta->variants[i];
		missing = missing_of(run->variant->needs, &why);
		if (missing != FEATURE_COUNT) {
			run_fall_back(run, "%s: %s", feature_name(missing), why);
			continue;
		}
		result = run->tracer->start(run);
		if (result != TRY_NEXT_VARIANT)
			return result;
		run->tracer->stop(run);
		run_forget_objects(run);
		forget_rings(run);
	}
	return run_refuse_kernel(run, "no-variant", "See what the kernel offers with: bpfdesk-tracer check",
				 "None of the ways %s knows works on this kernel; the last: %s", meta->name,
				 run->fallback_count ? run->fallbacks[run->fallback_count - 1].why : "");
}

static int watch(struct run *run, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	/* EPERM: a plain file or /dev/null has no end to wait for; the other limits hold. */
	if (epoll_ctl(run->epoll_fd, EPOLL_CTL_ADD, fd, &event) && errno != EPERM)
		return run_fail(run, "no-epoll", "", "epoll_ctl: %s", strerror(errno));
	return 0;
}

static void read_stdin(struct run *run)
{
	char bytes[256];
	ssize_t got = read(STDIN_FILENO, bytes, sizeof(bytes));

	if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
		run->ended = "stdin";
}

/* A second has passed: totals, figures, and whether it may go on. */
static int tick(struct run *run, int timer_fd)
{
	static uint64_t last_ns;
	uint64_t ticks, now = ktime_now();

	if (read(timer_fd, &ticks, sizeof(ticks)) != sizeof(ticks))
		return 0;
	run_drain(run);
	if (run->tracer->tick && run->tracer->tick(run) < 0)
		return -1;
	cost_read(run, (double)(now - (last_ns ? last_ns : run->started_ns)) / NS_PER_S);
	last_ns = now;
	write_stats(run);
	cost_keep_within_budget(run);
	if (!run->ended && now - run->started_ns >= run->for_s * NS_PER_S)
		run->ended = "time";
	return 0;
}

static int loop(struct run *run, int signal_fd, int timer_fd)
{
	/* What is told first is told at once. */
	uint64_t flushed = 0;
	int wait_ms = -1;

	while (!run->ended) {
		struct epoll_event events[8];
		int count = epoll_wait(run->epoll_fd, events, 8, run->tracer->work ? 0 : wait_ms);

		if (count < 0 && errno != EINTR)
			return run_fail(run, "no-epoll", "", "epoll_wait: %s", strerror(errno));
		for (int i = 0; i < count; i++) {
			int fd = events[i].data.fd;

			if (fd == STDIN_FILENO)
				read_stdin(run);
			else if (fd == signal_fd)
				run->ended = "signal";
			else if (fd == timer_fd && tick(run, timer_fd) < 0)
				return -1;
			else if (fd == -1)
				run_drain(run);
		}
		/* A program may write to its ring without waking us, for a while after it did (no more than FLUSH_MS). */
		if (count == 0 && !run->tracer->work)
			run_drain(run);
		if (run->tracer->work && !run->ended && run->tracer->work(run) < 0)
			return -1;
		if (out_is_empty(run->out)) {
			wait_ms = run->drained ? FLUSH_MS : -1;
		} else if (ktime_now() - flushed >= FLUSH_MS * (NS_PER_S / 1000) || out_is_full(run->out)) {
			if (!out_flush(run->out))
				run->ended = run->ended ? run->ended : "stdin";
			flushed = ktime_now();
			wait_ms = run->drained ? FLUSH_MS : -1;
		} else {
			wait_ms = FLUSH_MS;
		}
	}
	return 0;
}

static int prepare(struct run *run, int *signal_fd, int *timer_fd)
{
	struct itimerspec every_second = { .it_interval.tv_sec = 1, .it_value.tv_sec = 1 };
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	*signal_fd = signalfd(-1, &signals, SFD_CLOEXEC);
	*timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
	run->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (*signal_fd < 0 || *timer_fd < 0 || run->epoll_fd < 0)
		return run_fail(run, "no-descriptors", "", "It could not begin: %s", strerror(errno));
	if (watch(run, STDIN_FILENO) || watch(run, *signal_fd) || watch(run, *timer_fd))
		return -1;
	run->began_ns = ktime_now();
	cost_begin(run);
	if (run->tracer->work)
		setpriority(PRIO_PROCESS, 0, LOW_PRIORITY);
	if (start(run) < 0)
		return -1;
	run->started_ns = ktime_now();
	run->epoch_offset_ns = (int64_t)(clock_ns(CLOCK_REALTIME) - run->started_ns);
	out_deadline(run->out, run->started_ns + (run->for_s + STALLED_S) * NS_PER_S);
	timerfd_settime(*timer_fd, 0, &every_second, NULL);
	return 0;
}

int run_tracer(struct run *run)
{
	int signal_fd = -1, timer_fd = -1;
	int failed = prepare(run, &signal_fd, &timer_fd);

	if (!failed) {
		write_schema(run);
		out_flush(run->out);
		failed = loop(run, signal_fd, timer_fd);
	}
	if (!failed) {
		if (run->tracer->detach) {
			run->tracer->detach(run);
			drain_all(run);
		} else {
			run_drain(run);
		}
		failed = run->tracer->tick ? run->tracer->tick(run) < 0 : 0;
	}
	if (failed) {
		run_write_error(run);
	} else {
		cost_read_whole(run, (double)(ktime_now() - run->began_ns) / NS_PER_S);
		write_summary(run);
		out_flush(run->out);
	}
	run->tracer->stop(run);
	run_forget_objects(run);
	forget_rings(run);
	cost_end(run);
	return run->exit_code;
}
