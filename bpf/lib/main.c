// SPDX-License-Identifier: Apache-2.0
/* bpfdesk-tracer: list, check, run. Tracers register themselves; nothing here names one. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "run.h"

#define DEFAULT_FOR_S 30
#define LONGEST_FOR_S (7 * 86400)
#define DEFAULT_BUDGET_PCT 3

static char last_warning[512];

const char *last_libbpf_warning(void)
{
	return last_warning;
}

/* Warnings explain a refusal and are worth nothing when there is none, so only the last is kept. */
static int keep_warning(enum libbpf_print_level level, const char *format, va_list args)
{
	if (getenv("BPFDESK_TRACER_DEBUG"))
		return vfprintf(stderr, format, args);
	if (level != LIBBPF_WARN)
		return 0;
	vsnprintf(last_warning, sizeof(last_warning), format, args);
	last_warning[strcspn(last_warning, "\n")] = '\0';
	return 0;
}

static int usage(void)
{
	fputs("usage: bpfdesk-tracer list\n"
	      "       bpfdesk-tracer check\n"
	      "       bpfdesk-tracer run NAME [--for SECONDS] [--events N] [--budget PERCENT] [--param NAME=VALUE]...\n"
	      "Prints one JSON object a line. A run ends when its standard input does.\n",
	      stderr);
	return EXIT_USAGE;
}

static int by_name(const void *a, const void *b)
{
	const struct tracer *const *left = a, *const *right = b;

	return strcmp((*left)->meta->name, (*right)->meta->name);
}

/* All tracers by name, whatever order they were linked in. */
static const struct tracer **tracers(size_t *count)
{
	const struct tracer **all;

	*count = (size_t)(__stop_tracers - __start_tracers);
	all = calloc(*count, sizeof(*all));
	if (!all)
		abort();
	for (size_t i = 0; i < *count; i++)
		all[i] = __start_tracers[i];
	qsort(all, *count, sizeof(*all), by_name);
	return all;
}

static int list(struct out *out)
{
	size_t count;
	const struct tracer **all = tracers(&count);

	for (size_t i = 0; i < count; i++) {
		out_line(out, "tracer");
		out_str(out, "name", all[i]->meta->name);
		out_str(out, "title", all[i]->meta->title);
		out_str(out, "question", all[i]->meta->question);
		out_end_line(out);
	}
	free(all);
	return out_flush(out) ? EXIT_RAN : EXIT_FAILED;
}

static void check_tracer(struct out *out, const struct tracer_meta *meta)
{
	const struct variant_meta *chosen = NULL;
	const char *why = "";
	enum feature refused = first_missing(meta->needs, &why);
	char reason[256] = "";

	if (refused != FEATURE_COUNT)
		snprintf(reason, sizeof(reason), "%s: %s", feature_name(refused), why);
	out_begin_object(out, meta->name);
	out_begin_list(out, "fallbacks");
	for (size_t i = 0; i < meta->variant_count && refused == FEATURE_COUNT; i++) {
		enum feature missing = first_missing(meta->variants[i].needs, &why);

		if (missing == FEATURE_COUNT) {
			chosen = &meta->variants[i];
			break;
		}
		snprintf(reason, sizeof(reason), "%s: %s", feature_name(missing), why);
		out_begin_object(out, NULL);
		out_str(out, "wanted", meta->variants[i].id);
		out_str(out, "why", reason);
		out_end_object(out);
	}
	out_end_list(out);
	if (chosen) {
		out_str(out, "variant", chosen->id);
		out_str(out, "proves", chosen->proves);
		out_null(out, "refused");
	} else {
		out_null(out, "variant");
		out_str(out, "proves", "");
		out_str(out, "refused", reason);
	}
	out_end_object(out);
}

static int check(struct out *out)
{
	struct utsname name;
	size_t count;
	const struct tracer **all = tracers(&count);

	uname(&name);
	out_line(out, "check");
	out_str(out, "kernel", name.release);
	out_str(out, "arch", name.machine);
	out_begin_object(out, "features");
	for (enum feature feature = 0; feature < FEATURE_COUNT; feature++) {
		const char *why;

		out_begin_object(out, feature_name(feature));
		out_bool(out, "available", feature_available(feature, &why));
		out_str(out, "why", why);
		out_end_object(out);
	}
	out_end_object(out);
	out_begin_object(out, "tracers");
	for (size_t i = 0; i < count; i++)
		check_tracer(out, all[i]->meta);
	out_end_object(out);
	out_end_line(out);
	free(all);
	return out_flush(out) ? EXIT_RAN : EXIT_FAILED;
}

/* A number above zero, at most `most`; zero when it is none. */
static double positive(const char *text, double most)
{
	char *end;
	double value;

	errno = 0;
	value = strtod(text, &end);
	return end != text && !*end && !errno && isfinite(value) && value > 0 && value <= most ? value : 0;
}

static int read_options(struct run *run, int count, char **words)
{
	for (int i = 0; i < count; i += 2) {
		const char *value = words[i + 1];

		if (i + 1 == count)
			return -1;
		if (!strcmp(words[i], "--for"))
			run->for_s = (uint64_t)positive(value, LONGEST_FOR_S);
		else if (!strcmp(words[i], "--events"))
			run->max_events = (uint64_t)positive(value, 1e15);
		else if (!strcmp(words[i], "--budget"))
			run->budget_pct = positive(value, 10000);
		else if (strcmp(words[i], "--param") || params_set(run, value) < 0)
			return -1;
		if (!run->for_s || run->budget_pct == 0 || (!strcmp(words[i], "--events") && !run->max_events))
			return -1;
	}
	return params_check(run);
}

static int run_named(struct out *out, const char *wanted, int count, char **words)
{
	struct run run = { .out = out, .for_s = DEFAULT_FOR_S, .budget_pct = DEFAULT_BUDGET_PCT, .stats_fd = -1 };
	int code;

	for (const struct tracer *const *one = __start_tracers; one < __stop_tracers; one++)
		if (!strcmp((*one)->meta->name, wanted))
			run.tracer = *one;
	if (!run.tracer) {
		fprintf(stderr, "bpfdesk-tracer: there is no tracer %s; see bpfdesk-tracer list\n", wanted);
		return EXIT_USAGE;
	}
	params_default(&run);
	if (read_options(&run, count, words) < 0) {
		if (!run.exit_code)
			return usage();
		run_write_error(&run);
		return run.exit_code;
	}
	code = run_tracer(&run);
	free(run.state);
	if (!out_error(out))
		return code;
	fprintf(stderr, "bpfdesk-tracer: its lines could not be written: %s\n", strerror(out_error(out)));
	return code == EXIT_RAN ? EXIT_FAILED : code;
}

int main(int argc, char **argv)
{
	struct out *out = out_new(STDOUT_FILENO, STDIN_FILENO);
	int code;

	if (!out)
		return EXIT_FAILED;
	libbpf_set_print(keep_warning);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	if (argc == 2 && !strcmp(argv[1], "list"))
		code = list(out);
	else if (argc == 2 && !strcmp(argv[1], "check"))
		code = check(out);
	else if (argc >= 3 && !strcmp(argv[1], "run"))
		code = run_named(out, argv[2], argc - 3, argv + 3);
	else
		code = usage();
	out_free(out);
	return code;
}
