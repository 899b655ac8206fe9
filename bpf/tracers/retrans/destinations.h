/* SPDX-License-Identifier: Apache-2.0 */
/* What the program counted per destination and in all, read once a second, and written where it has changed. */
#ifndef BPFDESK_RETRANS_DESTINATIONS_H
#define BPFDESK_RETRANS_DESTINATIONS_H

#include "cgroups.h"
#include "retrans.h"
#include "tracer.h"

struct destinations;

struct destinations_options {
	int map_fd;
	int sums_fd;
	uint32_t max_entries;
	/* Also those to which nothing was sent again. */
	bool quiet;
	uint64_t min_segments;
	uint64_t top;
};

/* NULL when there is no memory. */
struct destinations *destinations_new(const struct destinations_options *options);
/* NULL is nothing. */
void destinations_free(struct destinations *destinations);
/* Writes what has changed since the last time; with `last`, all. Negative from run_fail(). */
int destinations_tick(struct destinations *destinations, struct run *run, struct cgroups *cgroups, bool last);
/* Members of the summary: the sums, and the destinations to which most was sent again. */
void destinations_summary(struct destinations *destinations, struct run *run, struct cgroups *cgroups, struct out *out);

#endif
