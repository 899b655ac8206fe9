// SPDX-License-Identifier: Apache-2.0
/* The lines every run prints: its schema, figures, notes, summary or error; and how a tracer's own lines begin and end. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "clock.h"
#include "run.h"

#ifndef TRACER_VERSION
#error "the build says which version this is"
#endif
#if defined(__x86_64__)
#define TRACER_ARCH "x86_64"
#elif defined(__aarch64__)
#define TRACER_ARCH "arm64"
#endif

/* The same note is told again after so long. */
#define NOTE_EVERY_NS (10 * NS_PER_S)

struct out *emit(struct run *run, int record)
{
	const struct record_meta *meta = &run->tracer->meta->records[record];

	/* Rings hold more than was asked for. */
	run->unasked = meta->kind == RECORD_EVENT && run->max_events && run->counts.events == run->max_events;
	if (meta->kind == RECORD_EVENT && !run->unasked) {
		run->counts.events++;
		if (run->counts.events == run->max_events && !run->ended)
			run->ended = "events";
	}
	out_line(run->out, meta->name);
	return run->out;
}

void emit_end(struct run *run)
{
	if (run->unasked)
		out_take_back(run->out);
	else
		out_end_line(run->out);
	if (out_is_full(run->out) && !out_flush(run->out) && !run->ended)
		run->ended = "stdin";
}

void run_note_again(struct run *run, const char *code)
{
	for (size_t i = 0; i < run->note_count; i++)
		if (!strcmp(run->notes[i].code, code))
			run->notes[i].said_ns = 0;
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

static void write_counts(struct run *run)
{
	const struct counts *kernel = &run->kernel_counts, *user = &run->counts;

	out_u64(run->out, "events", user->events);
	out_u64(run->out, "lost", kernel->lost + user->lost);
	out_u64(run->out, "evicted", kernel->evicted + user->evicted);
	out_u64(run->out, "thinned", kernel->thinned + user->thinned);
	cost_write(run, run->out);
}

void run_write_schema(struct run *run)
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

void run_write_stats(struct run *run)
{
	out_line(run->out, "stats");
	out_u64(run->out, "time_us", epoch_us(run, ktime_now()));
	write_counts(run);
	out_u64(run->out, "sample_every", run->sample_every);
	out_end_line(run->out);
}

void run_write_summary(struct run *run)
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
