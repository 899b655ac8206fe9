/* SPDX-License-Identifier: GPL-2.0 */
/* Kernel side of `counts.h`. To be included by every tracer's program, after bpf_helpers.h. */
#ifndef BPFDESK_COUNTS_BPF_H
#define BPFDESK_COUNTS_BPF_H

#include "counts.h"

/* Added to by programs; summed up over CPUs by the user side every second. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNT_SLOTS);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

/* Written by the user side, read by programs. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct control);
} control SEC(".maps");

/* In one step: what softirq counts may strike between a process's reading and writing of its CPU's value. */
static __always_inline void count(__u32 slot)
{
	__u64 *value = bpf_map_lookup_elem(&counts, &slot);

	if (value)
		__sync_fetch_and_add(value, 1);
}

/* True when this event is to be left out; counted. Totals must be kept before this is asked. */
static __always_inline bool thinned_out(void)
{
	__u32 zero = 0;
	struct control *now = bpf_map_lookup_elem(&control, &zero);

	if (!now || now->sample_every <= 1)
		return false;
	if (bpf_get_prandom_u32() % now->sample_every == 0)
		return false;
	count(COUNT_THINNED);
	return true;
}

#endif
