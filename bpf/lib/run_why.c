// SPDX-License-Identifier: Apache-2.0
/* Why a run could not, or not in the way it wanted: for the error line, and for the schema line's fallbacks. */
#include <stdarg.h>
#include <stdio.h>

#include "run.h"

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
