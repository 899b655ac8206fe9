// SPDX-License-Identifier: Apache-2.0
/*
 * One run of a tracer, from choosing its variant to its summary. It ends on end of stdin, at its limits, on
 * SIGINT and SIGTERM, when its reader is gone and when it costs too much; whatever ends it, everything it
 * attached lives in file descriptors and goes with the process.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "clock.h"
#include "run.h"

/* Output is written at the latest so long after it was made, in ms. */
#define FLUSH_MS 50
/* Of a run that is not within a budget: about a tenth of a CPU that others want too, all of an idle one (setpriority(2)). */
#define LOW_PRIORITY 10
/* A reader that does not read keeps a run so much longer than its time, then it ends without a summary. */
#define STALLED_S 5

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

void run_end(struct run *run)
{
	if (!run->ended)
		run->ended = "done";
}

bool run_is_over(const struct run *run)
{
	return run->ended;
}

void run_count_lost(struct run *run, uint64_t count)
{
	run->counts.lost += count;
}

void run_count_evicted(struct run *run, uint64_t count)
{
	run->counts.evicted += count;
}

/* Starts the best variant this kernel takes. */
static int start(struct run *run)
{
	const struct tracer_meta *meta = run->tracer->meta;
	const char *why = "";
	enum feature missing = first_missing(meta->needs, &why);

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
		missing = first_missing(run->variant->needs, &why);
		if (missing != FEATURE_COUNT) {
			run_fall_back(run, "%s: %s", feature_name(missing), why);
			continue;
		}
		result = run->tracer->start(run);
		if (result != TRY_NEXT_VARIANT)
			return result;
		run->tracer->stop(run);
		run_forget_objects(run);
		rings_forget(run);
	}
	return run_refuse_kernel(run, "no-variant", "See what the kernel offers with: bpfdesk-tracer check",
				 "None of the ways %s knows works on this kernel; the last: %s", meta->name,
				 run->fallback_count ? run->fallbacks[run->fallback_count - 1].why : "");
}

static int watch(struct run *run, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	if (!epoll_ctl(run->epoll_fd, EPOLL_CTL_ADD, fd, &event))
		return 0;
	if (errno != EPERM)
		return run_fail(run, "no-epoll", "", "epoll_ctl: %s", strerror(errno));
	/* Standard input that is a plain file or /dev/null has no end to wait for; the other limits hold. */
	out_never_give_up(run->out);
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
	uint64_t ticks, now = ktime_now();

	if (read(timer_fd, &ticks, sizeof(ticks)) != sizeof(ticks))
		return 0;
	run_drain(run);
	if (run->tracer->tick && run->tracer->tick(run) < 0)
		return -1;
	cost_read(run, (double)(now - run->ticked_ns) / NS_PER_S);
	run->ticked_ns = now;
	run_write_stats(run);
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
		if (!out_is_empty(run->out) && (out_is_full(run->out) || ktime_now() - flushed >= FLUSH_MS * NS_PER_MS)) {
			if (!out_flush(run->out) && !run->ended)
				run->ended = "stdin";
			flushed = ktime_now();
		}
		wait_ms = run->drained || !out_is_empty(run->out) ? FLUSH_MS : -1;
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
	out_stop_on(run->out, *signal_fd);
	run->began_ns = ktime_now();
	cost_begin(run);
	if (run->tracer->work)
		setpriority(PRIO_PROCESS, 0, LOW_PRIORITY);
	if (start(run) < 0)
		return -1;
	run->started_ns = run->ticked_ns = ktime_now();
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
		run_write_schema(run);
		out_flush(run->out);
		failed = loop(run, signal_fd, timer_fd);
	}
	if (!failed) {
		if (run->tracer->detach) {
			run->tracer->detach(run);
			rings_drain_all(run);
		} else {
			run_drain(run);
		}
		failed = run->tracer->tick ? run->tracer->tick(run) < 0 : 0;
	}
	if (failed) {
		run_write_error(run);
	} else {
		cost_read_whole(run, (double)(ktime_now() - run->began_ns) / NS_PER_S);
		run_write_summary(run);
		out_flush(run->out);
	}
	run->tracer->stop(run);
	run_forget_objects(run);
	rings_forget(run);
	cost_end(run);
	return run->exit_code;
}
