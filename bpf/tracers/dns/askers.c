// SPDX-License-Identifier: Apache-2.0
/* Totals of processes: those of the kernel's table joined with what the messages showed. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "askers.h"

#define BUCKETS 4096
/* As many as the kernel's table holds; then the idle ones make room. */
#define MOST 8192
#define IDLE_NS UINT64_C(10000000000)
#define REGISTER_BITS 9
#define REGISTERS (1 << REGISTER_BITS)

struct askers {
	struct run *run;
	int totals_fd;
	size_t count;
	struct asker *buckets[BUCKETS];
	const struct asker **sorted;
};

struct askers *askers_new(struct run *run, int totals_fd)
{
	struct askers *askers = calloc(1, sizeof(*askers));

	if (askers)
		askers->sorted = calloc(MOST, sizeof(*askers->sorted));
	if (!askers || !askers->sorted)
		abort();
	askers->run = run;
	askers->totals_fd = totals_fd;
	return askers;
}

static void discard(struct asker *asker)
{
	free(asker->names);
	free(asker);
}

void askers_free(struct askers *askers)
{
	if (!askers)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while (askers->buckets[i]) {
			struct asker *asker = askers->buckets[i];

			askers->buckets[i] = asker->chained;
			discard(asker);
		}
	free(askers->sorted);
	free(askers);
}

static struct asker **place_of(struct askers *askers, const struct process *process)
{
	struct asker **place = &askers->buckets[(process->tgid ^ process->start_ns >> 20) % BUCKETS];

	while (*place && ((*place)->process.tgid != process->tgid || (*place)->process.start_ns != process->start_ns))
		place = &(*place)->chained;
	return place;
}

/* Those that asked nothing for a while have been told; what they asked before is not in the summary then. */
static void make_room(struct askers *askers)
{
	uint64_t now = ktime_now();

	for (size_t i = 0; i < BUCKETS; i++)
		for (struct asker **place = &askers->buckets[i]; *place;) {
			struct asker *asker = *place;
			struct dns_process_key key = { asker->process.start_ns, asker->process.tgid, 0 };

			if (asker->changed || now - asker->last_ns < IDLE_NS) {
				place = &asker->chained;
				continue;
			}
			*place = asker->chained;
			bpf_map_delete_elem(askers->totals_fd, &key);
			discard(asker);
			askers->count--;
			run_count_evicted(askers->run, 1);
		}
}

struct asker *askers_of(struct askers *askers, const struct process *process)
{
	struct asker **place = place_of(askers, process);
	struct asker *asker = *place;

	if (asker)
		return asker;
	if (askers->count == MOST)
		return NULL;
	asker = *place = calloc(1, sizeof(*asker));
	if (!asker)
		abort();
	asker->process = *process;
	askers->count++;
	return asker;
}

void asker_add_name(struct asker *asker, const struct dns_name *name)
{
	uint64_t hash = dns_name_hash(name) * UINT64_C(0x9e3779b97f4a7c15);
	uint64_t rest = (hash ^ hash >> 31) * UINT64_C(0xd6e8feb86659fd93);
	uint8_t rank = (uint8_t)(__builtin_clzll(rest | 1) + 1);
	uint8_t *reg;

	if (!asker->names)
		asker->names = calloc(REGISTERS, 1);
	if (!asker->names)
		abort();
	reg = &asker->names[rest & (REGISTERS - 1)];
	if (*reg < rank)
		*reg = rank;
}

uint64_t asker_names(const struct asker *asker)
{
	double sum = 0, estimate;
	size_t empty = 0;

	if (!asker->names)
		return 0;
	for (size_t i = 0; i < REGISTERS; i++) {
		sum += 1.0 / (double)(UINT64_C(1) << asker->names[i]);
		empty += !asker->names[i];
	}
	estimate = 0.7213 / (1 + 1.079 / REGISTERS) * REGISTERS * REGISTERS / sum;
	if (estimate < 2.5 * REGISTERS && empty)
		estimate = REGISTERS * log((double)REGISTERS / (double)empty);
	return (uint64_t)(estimate + 0.5);
}

static void take(struct askers *askers, const struct dns_process_total *total)
{
	struct asker *asker = askers_of(askers, &total->process);

	if (!asker || (asker->udp.queries == total->queries && asker->udp.answers == total->answers))
		return;
	asker->udp = *total;
	asker->changed = true;
	if (total->last_ns > asker->last_ns)
		asker->last_ns = total->last_ns;
}

void askers_read(struct askers *askers)
{
	struct dns_process_key key, *before = NULL;
	struct dns_process_total total;

	while (!bpf_map_get_next_key(askers->totals_fd, before, &key)) {
		if (!bpf_map_lookup_elem(askers->totals_fd, &key, &total))
			take(askers, &total);
		before = &key;
	}
	if (askers->count >= MOST * 3 / 4)
		make_room(askers);
}

void askers_each(struct askers *askers, bool all, void (*each)(void *context, const struct asker *asker), void *context)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct asker *asker = askers->buckets[i]; asker; asker = asker->chained)
			if (all || asker->changed) {
				each(context, asker);
				asker->changed = false;
			}
}

static int by_queries(const void *a, const void *b)
{
	const struct asker *const *left = a, *const *right = b;
	uint64_t l = (*left)->udp.queries + (*left)->tcp_queries, r = (*right)->udp.queries + (*right)->tcp_queries;

	if (l != r)
		return l < r ? 1 : -1;
	return (*left)->process.tgid < (*right)->process.tgid ? -1 : 1;
}

size_t askers_top(struct askers *askers, size_t most, const struct asker ***found)
{
	size_t count = 0;

	for (size_t i = 0; i < BUCKETS; i++)
		for (struct asker *asker = askers->buckets[i]; asker; asker = asker->chained)
			askers->sorted[count++] = asker;
	qsort(askers->sorted, count, sizeof(*askers->sorted), by_queries);
	*found = askers->sorted;
	return count < most ? count : most;
}
