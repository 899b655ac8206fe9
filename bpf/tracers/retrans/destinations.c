// SPDX-License-Identifier: Apache-2.0
/* See destinations.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "destinations.h"
#include "retrans.meta.h"

#define SECOND_NS UINT64_C(1000000000)
/* A destination to which nothing was sent for so long gives way when the table is nearly full. */
#define IDLE_NS (60 * SECOND_NS)

/* The last figures of a destination. */
struct seen {
	struct destination_key key;
	bool used;
	uint64_t sent, retrans;
	uint64_t changed_ns;
	/* The figures before them, and when those were read: for what is a rate. */
	uint64_t sent_before, retrans_before, before_ns;
};

struct destinations {
	struct destinations_options options;
	/* What was read of the map. */
	struct destination_key *keys;
	struct destination *values;
	uint32_t count;
	/* Open addressing; twice as many as the map has, so that there always is a free one. */
	struct seen *seen;
	uint32_t seen_mask;
	struct overall sums;
	uint64_t sums_ns;
	bool sums_written;
};

struct destinations *destinations_new(const struct destinations_options *options)
{
	struct destinations *destinations = calloc(1, sizeof(*destinations));
	uint32_t size = 1;

	if (!destinations)
		return NULL;
	while (size < 2 * options->max_entries)
		size *= 2;
	destinations->options = *options;
	destinations->seen_mask = size - 1;
	/* Pages that are never touched cost nothing. */
	destinations->keys = calloc(options->max_entries, sizeof(*destinations->keys));
	destinations->values = calloc(options->max_entries, sizeof(*destinations->values));
	destinations->seen = calloc(size, sizeof(*destinations->seen));
	destinations->sums_ns = ktime_now();
	if (!destinations->keys || !destinations->values || !destinations->seen) {
		destinations_free(destinations);
		return NULL;
	}
	return destinations;
}

void destinations_free(struct destinations *destinations)
{
	if (!destinations)
		return;
	free(destinations->keys);
	free(destinations->values);
	free(destinations->seen);
	free(destinations);
}

/* FNV-1a. */
static uint32_t hash_of(const struct destination_key *key)
{
	const unsigned char *bytes = (const unsigned char *)key;
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < sizeof(*key); i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	return hash;
}

static struct seen *seen_of(struct destinations *destinations, const struct destination_key *key, uint64_t now)
{
	uint32_t at = hash_of(key) & destinations->seen_mask;
	struct seen *seen;

	for (;; at = (at + 1) & destinations->seen_mask) {
		seen = &destinations->seen[at];
		if (!seen->used)
			break;
		if (!memcmp(&seen->key, key, sizeof(*key)))
			return seen;
	}
	*seen = (struct seen){ .key = *key, .used = true, .before_ns = now - SECOND_NS };
	return seen;
}

static int read_all(struct destinations *destinations, struct run *run)
{
	const uint32_t zero = 0;
	uint32_t position, count = destinations->options.max_entries;

	/* ENOENT: that was all. One call reads all there can be. */
	if (bpf_map_lookup_batch(destinations->options.map_fd, NULL, &position, destinations->keys, destinations->values,
				 &count, NULL) &&
	    errno != ENOENT)
		return run_fail(run, "no-totals", "", "The totals could not be read: %s", strerror(errno));
	destinations->count = count;
	if (bpf_map_lookup_elem(destinations->options.sums_fd, &zero, &destinations->sums))
		return run_fail(run, "no-totals", "", "The sums could not be read: %s", strerror(errno));
	return 0;
}

static void write_ratio(struct out *out, const char *name, uint64_t retrans, uint64_t sent)
{
	if (sent)
		out_f64(out, name, 100.0 * (double)retrans / (double)sent);
	else
		out_null(out, name);
}

static void write_kinds(struct out *out, const __u64 *kinds, int64_t untold)
{
	out_u64(out, "timeout", kinds[KIND_TIMEOUT]);
	out_u64(out, "after_timeout", kinds[KIND_AFTER_TIMEOUT]);
	out_u64(out, "fast", kinds[KIND_FAST]);
	out_u64(out, "probe", kinds[KIND_PROBE]);
	out_u64(out, "syn", kinds[KIND_SYN]);
	out_u64(out, "synack", kinds[KIND_SYNACK]);
	out_u64(out, "other", kinds[KIND_OTHER]);
	out_u64(out, "refused", kinds[KIND_REFUSED]);
	/* Below zero for a moment: told as an event and not yet counted by the socket when it was looked at. */
	out_u64(out, "untold", untold > 0 ? (uint64_t)untold : 0);
}

static void write_figures(struct out *out, const struct seen *figures, uint64_t now)
{
	uint64_t retrans = figures->retrans - figures->retrans_before;

	out_u64(out, "segs_sent", figures->sent);
	out_u64(out, "segs_retrans", figures->retrans);
	write_ratio(out, "ratio_pct", figures->retrans, figures->sent);
	write_ratio(out, "ratio_now_pct", retrans, figures->sent - figures->sent_before);
	out_f64(out, "retrans_per_s", (double)retrans * SECOND_NS / (double)(now - figures->before_ns));
}

static void write_port(struct out *out, const char *name, uint16_t port)
{
	if (port)
		out_u64(out, name, port);
	else
		out_null(out, name);
}

static void write_destination(struct out *out, struct run *run, struct cgroups *cgroups, const struct seen *seen,
			      const struct destination *value, uint64_t now)
{
	const struct destination_key *key = &seen->key;

	out_ip(out, "daddr", AF_INET6, key->daddr);
	write_port(out, "dport", key->dport);
	write_port(out, "lport", key->lport);
	if (key->tgid) {
		out_u64(out, "pid", key->tgid);
		out_text(out, "comm", value->comm, sizeof(value->comm));
	} else {
		out_null(out, "pid");
		out_null(out, "comm");
	}
	cgroups_write(cgroups, out, "cgroup", key->cgroup_id);
	out_u64(out, "netns", key->netns);
	write_figures(out, seen, now);
	write_kinds(out, value->kinds, value->untold);
	out_u64(out, "connections", value->connections);
	if (value->srtt_count) {
		out_u64(out, "srtt_min_us", value->srtt_min_us);
		out_u64(out, "srtt_avg_us", value->srtt_sum_us / value->srtt_count);
	} else {
		out_null(out, "srtt_min_us");
		out_null(out, "srtt_avg_us");
	}
	if (value->last_ns)
		out_u64(out, "last_us", epoch_us(run, value->last_ns));
	else
		out_null(out, "last_us");
}

static void write_overall(struct destinations *destinations, struct run *run, const struct overall *before, bool last,
			  uint64_t now)
{
	const struct overall *sums = &destinations->sums;
	struct seen figures = { .sent = sums->sent,
				.retrans = sums->retrans,
				.sent_before = before->sent,
				.retrans_before = before->retrans,
				.before_ns = destinations->sums_ns };
	struct out *out;

	destinations->sums_ns = now;
	if (!last && destinations->sums_written && !memcmp(sums, before, sizeof(*sums)))
		return;
	destinations->sums_written = true;
	out = emit(run, RETRANS_OVERALL);
	out_str(out, "scope", "all");
	write_figures(out, &figures, now);
	write_kinds(out, sums->kinds, sums->untold);
	emit_end(run);
}

/* Lets idle ones go when three quarters of the table are taken; the sums keep them. */
static void make_room(struct destinations *destinations, struct run *run, uint64_t now)
{
	uint64_t gone = 0;

	if (destinations->count < destinations->options.max_entries / 4 * 3)
		return;
	for (uint32_t i = 0; i < destinations->count; i++) {
		const struct seen *seen = seen_of(destinations, &destinations->keys[i], now);

		if (seen->retrans || now - seen->changed_ns < IDLE_NS)
			continue;
		if (!bpf_map_delete_elem(destinations->options.map_fd, &destinations->keys[i]))
			gone++;
	}
	run_count_evicted(run, gone);
	if (!gone)
		run_note(run, "destinations-full",
			 "There are nearly as many destinations as the table holds (%u): more will only be in the sums.",
			 destinations->options.max_entries);
	/* What is left comes in again with the next reading, as if it were new: its rate is wrong for one second. */
	if (gone)
		memset(destinations->seen, 0, sizeof(*destinations->seen) * (destinations->seen_mask + 1));
}

int destinations_tick(struct destinations *destinations, struct run *run, struct cgroups *cgroups, bool last)
{
	struct overall before = destinations->sums;
	uint64_t now = ktime_now();

	if (read_all(destinations, run))
		return -1;
	for (uint32_t i = 0; i < destinations->count; i++) {
		const struct destination *value = &destinations->values[i];
		struct seen *seen = seen_of(destinations, &destinations->keys[i], now);
		bool changed = value->sent != seen->sent || value->retrans != seen->retrans;

		seen->sent_before = seen->sent;
		seen->retrans_before = seen->retrans;
		seen->sent = value->sent;
		seen->retrans = value->retrans;
		if (changed)
			seen->changed_ns = now;
		if ((changed || last) && (value->retrans || destinations->options.quiet)) {
			write_destination(emit(run, RETRANS_DESTINATION), run, cgroups, seen, value, now);
			emit_end(run);
		}
		seen->before_ns = now;
	}
	write_overall(destinations, run, &before, last, now);
	if (!last)
		make_room(destinations, run, now);
	return 0;
}

/* Most retransmitted segments first. */
static int by_retransmits(const void *left, const void *right, void *context)
{
	const struct destinations *destinations = context;
	uint64_t a = destinations->values[*(const uint32_t *)left].retrans;
	uint64_t b = destinations->values[*(const uint32_t *)right].retrans;

	return a < b ? 1 : a > b ? -1 : 0;
}

static void write_offenders(struct destinations *destinations, struct run *run, struct cgroups *cgroups, struct out *out)
{
	uint32_t *order = calloc(destinations->count + 1, sizeof(*order));
	uint64_t count = 0, now = ktime_now();

	if (!order)
		abort();
	for (uint32_t i = 0; i < destinations->count; i++) {
		const struct destination *value = &destinations->values[i];

		if (value->retrans && value->sent >= destinations->options.min_segments)
			order[count++] = i;
	}
	qsort_r(order, count, sizeof(*order), by_retransmits, destinations);
	out_begin_list(out, "offenders");
	for (uint64_t i = 0; i < count && i < destinations->options.top; i++) {
		const struct seen *seen = seen_of(destinations, &destinations->keys[order[i]], now);

		out_begin_object(out, NULL);
		write_destination(out, run, cgroups, seen, &destinations->values[order[i]], now);
		out_end_object(out);
	}
	out_end_list(out);
	free(order);
}

void destinations_summary(struct destinations *destinations, struct run *run, struct cgroups *cgroups, struct out *out)
{
	const struct overall *sums = &destinations->sums;

	out_u64(out, "destinations", destinations->count);
	out_u64(out, "segs_sent", sums->sent);
	out_u64(out, "segs_retrans", sums->retrans);
	write_ratio(out, "ratio_pct", sums->retrans, sums->sent);
	write_kinds(out, sums->kinds, sums->untold);
	write_offenders(destinations, run, cgroups, out);
}
