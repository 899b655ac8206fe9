// SPDX-License-Identifier: Apache-2.0
/* Parameters as tracer.yaml declares them: read, checked against their bounds, and given to the tracer. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"

#define LONGEST 4096

static size_t find(const struct run *run, const char *name, size_t size)
{
	const struct tracer_meta *meta = run->tracer->meta;
	size_t i;

	for (i = 0; i < meta->param_count; i++)
		if (strlen(meta->params[i].name) == size && !strncmp(meta->params[i].name, name, size))
			break;
	return i;
}

void params_default(struct run *run)
{
	for (size_t i = 0; i < run->tracer->meta->param_count; i++)
		run->values[i] = run->tracer->meta->params[i].fallback;
}

static int check_number(struct run *run, const struct param_meta *param, const char *value)
{
	char *end;
	double number;

	errno = 0;
	if (param->type == PARAM_U64) {
		if (*value < '0' || *value > '9')
			return run_refuse_param(run, param->name, "\"%s\" is no whole number", value);
		number = (double)strtoull(value, &end, 10);
	} else {
		number = strtod(value, &end);
	}
	if (*end || end == value || errno || !isfinite(number))
		return run_refuse_param(run, param->name, "\"%s\" is no %snumber", value,
					param->type == PARAM_U64 ? "whole " : "");
	if (param->has_min && number < param->min)
		return run_refuse_param(run, param->name, "%s is below %g", value, param->min);
	if (param->has_max && number > param->max)
		return run_refuse_param(run, param->name, "%s is above %g", value, param->max);
	return 0;
}

static int check_enum(struct run *run, const struct param_meta *param, const char *value)
{
	char all[512] = "";

	for (const char *const *one = param->values; *one; one++) {
		if (!strcmp(*one, value))
			return 0;
		if (strlen(all) + strlen(*one) + 3 < sizeof(all)) {
			strcat(all, *all ? ", " : "");
			strcat(all, *one);
		}
	}
	return run_refuse_param(run, param->name, "\"%s\" is none of %s", value, all);
}

static int check(struct run *run, const struct param_meta *param, const char *value)
{
	size_t longest = param->max_length ? param->max_length : LONGEST;

	if (strlen(value) > longest)
		return run_refuse_param(run, param->name, "it is longer than %zu characters", longest);
	switch (param->type) {
	case PARAM_U64:
	case PARAM_F64:
		return check_number(run, param, value);
	case PARAM_BOOL:
		if (strcmp(value, "true") && strcmp(value, "false"))
			return run_refuse_param(run, param->name, "\"%s\" is neither true nor false", value);
		return 0;
	case PARAM_ENUM:
		return check_enum(run, param, value);
	case PARAM_TEXT:
	case PARAM_LIST:
		return 0;
	}
	return 0;
}

int params_set(struct run *run, const char *assignment)
{
	const char *equals = strchr(assignment, '=');
	size_t at;

	if (!equals)
		return run_refuse_param(run, assignment, "it has no value: write %s=VALUE", assignment);
	at = find(run, assignment, (size_t)(equals - assignment));
	if (at == run->tracer->meta->param_count)
		return run_refuse_param(run, assignment, "%s has no such parameter", run->tracer->meta->name);
	run->values[at] = equals + 1;
	/* An empty value stands for none. */
	if (!equals[1])
		run->values[at] = NULL;
	return 0;
}

int params_check(struct run *run)
{
	const struct tracer_meta *meta = run->tracer->meta;

	for (size_t i = 0; i < meta->param_count; i++) {
		if (run->values[i] && check(run, &meta->params[i], run->values[i]) < 0)
			return -1;
		if (!run->values[i] && meta->params[i].required)
			return run_refuse_param(run, meta->params[i].name, "it is needed");
	}
	return 0;
}

static const char *value_of(const struct run *run, const char *name)
{
	size_t at = find(run, name, strlen(name));

	if (at == run->tracer->meta->param_count) {
		fprintf(stderr, "%s asks for a parameter it does not declare: %s\n", run->tracer->meta->name, name);
		abort();
	}
	return run->values[at];
}

bool param_given(const struct run *run, const char *name)
{
	return value_of(run, name) != NULL;
}

const char *param_text(const struct run *run, const char *name)
{
	const char *value = value_of(run, name);

	return value ? value : "";
}

uint64_t param_u64(const struct run *run, const char *name)
{
	return strtoull(param_text(run, name), NULL, 10);
}

double param_f64(const struct run *run, const char *name)
{
	return strtod(param_text(run, name), NULL);
}

bool param_bool(const struct run *run, const char *name)
{
	return !strcmp(param_text(run, name), "true");
}

int param_each(const struct run *run, const char *name, int (*each)(const char *element, void *context), void *context)
{
	char *copy = strdup(param_text(run, name));
	char *rest = copy, *element;
	int result = 0;

	if (!copy)
		abort();
	while (!result && (element = strsep(&rest, ",")))
		if (*element)
			result = each(element, context);
	free(copy);
	return result;
}
