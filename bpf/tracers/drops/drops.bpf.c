// SPDX-License-Identifier: GPL-2.0
/*
 * Counts every buffer that the kernel frees as dropped (tracepoint skb:kfree_skb), by cause and by flow, and tells of some
 * of them. Counting is complete whatever the rate; the telling is bounded.
 */
#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "counts.bpf.h"
#include "tuple.bpf.h"
#include "holder.bpf.h"
#include "packet.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* Of the tracepoint in this kernel: 2 (buffer and place), 3 (and the reason), 4 (and the receiving socket). */
const volatile __u32 arguments = 2;
/* A bit for each reason of the core. */
const volatile __u64 noise_reasons[DROP_REASONS / 64];
const volatile __u64 chosen_reasons[DROP_REASONS / 64];
const volatile bool some_reasons;
/* Empty: any. */
const volatile char chosen_device[DROP_DEVICE];
const volatile bool tell_noise;
const volatile bool with_stack;
/* Events told of each cause in a second. */
const volatile __u32 samples = 10;

/* Filled by the program, emptied by the user side. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1024 * 1024);
} events SEC(".maps");

/* Rows made by the program; never deleted, so that totals are exact. What has no room is in the row of `others`. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, DROP_CAUSES + 1);
	__type(key, struct drop_cause_key);
	__type(value, struct drop_cause);
} causes SEC(".maps");

/* Rows made by the program, and given up by the kernel when others need the room: those not used for longest. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct drop_flow_key);
	__type(value, struct drop_flow);
} flows SEC(".maps");

/* Added to by the program, read by the user side. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, DROP_COUNTS);
	__type(key, __u32);
	__type(value, __u64);
} drop_counts SEC(".maps");

static __always_inline bool has_bit(const volatile __u64 *bits, __u32 reason)
{
	return reason < DROP_REASONS && bits[reason / 64] >> (reason % 64) & 1;
}

static __always_inline bool is_chosen_device(const char *device)
{
	for (int i = 0; i < DROP_DEVICE; i++) {
		if (device[i] != chosen_device[i])
			return false;
		if (!device[i])
			break;
	}
	return true;
}

static __always_inline struct drop_cause *cause_of(const struct drop_cause_key *key, const struct place *place, __u64 now)
{
	struct drop_cause *cause = bpf_map_lookup_elem(&causes, key);
	struct drop_cause made = { .first_ns = now };
	struct drop_cause_key others = { .location = ~0ull };

	if (cause)
		return cause;
	__builtin_memcpy(made.device, place->device, sizeof(made.device));
	/* Another CPU may have made it meanwhile: then this fails and finds that one. */
	bpf_map_update_elem(&causes, key, &made, BPF_NOEXIST);
	cause = bpf_map_lookup_elem(&causes, key);
	if (cause)
		return cause;
	count(COUNT_EVICTED);
	return bpf_map_lookup_elem(&causes, &others);
}

static __always_inline void count_flow(const struct drop_flow_key *key, const struct place *place,
				       const struct drop_holder *holder, __u32 len, __u32 segments, __u64 now)
{
	struct drop_flow *flow = bpf_map_lookup_elem(&flows, key);
	__u32 slot = DROP_FLOWS_MADE;
	struct drop_flow made = { .first_ns = now };
	__u64 *rows;

	if (!flow) {
		__builtin_memcpy(made.device, place->device, sizeof(made.device));
		if (!bpf_map_update_elem(&flows, key, &made, BPF_NOEXIST)) {
			rows = bpf_map_lookup_elem(&drop_counts, &slot);
			if (rows)
				__sync_fetch_and_add(rows, 1);
		}
		flow = bpf_map_lookup_elem(&flows, key);
		if (!flow)
			return;
	}
	__sync_fetch_and_add(&flow->packets, 1);
	__sync_fetch_and_add(&flow->segments, segments);
	__sync_fetch_and_add(&flow->bytes, len);
	flow->last_ns = now;
	if (holder->process.tgid || !flow->holder.known)
		flow->holder = *holder;
}

/* Are events of this cause still told in this second. A race lets a few more through, never fewer. */
static __always_inline bool may_tell(struct drop_cause *cause, __u64 now)
{
	__u32 second = now / 1000000000;

	if (cause->told_s != second) {
		cause->told_s = second;
		cause->told = 0;
	}
	if (cause->told >= samples) {
		count(COUNT_THINNED);
		return false;
	}
	cause->told++;
	return true;
}

static __always_inline void tell(void *ctx, struct sk_buff *skb, const struct drop_cause_key *key,
				 const struct drop_flow_key *flow, const struct tuple_more *more,
				 const struct place *place, const struct drop_holder *holder, __u32 len, __u32 segments,
				 __u64 now)
{
	struct drop_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	long size = 0;

	if (!event) {
		count(COUNT_LOST);
		return;
	}
	event->time_ns = now;
	event->cause = *key;
	event->tuple = flow->tuple;
	event->holder = *holder;
	event->more = *more;
	event->len = len;
	event->segments = segments;
	event->mark = BPF_CORE_READ(skb, mark);
	__builtin_memcpy(event->device, place->device, sizeof(event->device));
	if (with_stack)
		size = bpf_get_stack(ctx, event->stack, sizeof(event->stack), 0);
	event->stack_depth = size > 0 ? size / sizeof(__u64) : 0;
	bpf_ringbuf_submit(event, 0);
}

SEC("raw_tp/kfree_skb")
int on_kfree_skb(struct bpf_raw_tracepoint_args *ctx)
{
	struct sk_buff *skb = (void *)ctx->args[0];
	__u64 location = ctx->args[1], now = bpf_ktime_get_ns();
	__u32 reason = arguments >= 3 ? ctx->args[2] : 0, len, segments;
	struct sock *receiver = arguments >= 4 ? (void *)ctx->args[3] : NULL;
	struct sock *sender = BPF_CORE_READ(skb, sk);
	struct drop_cause_key key = { .location = location, .reason = reason };
	struct drop_flow_key flow = { .location = location, .reason = reason };
	struct drop_holder holder = {};
	struct tuple_more more = {};
	struct place place = {};
	struct drop_cause *cause;
	bool device;

	if (some_reasons && !has_bit(chosen_reasons, reason))
		return 0;
	device = read_place(skb, sender ?: receiver, &place);
	if (chosen_device[0] && !is_chosen_device(place.device))
		return 0;
	key.noise = noise_of(sender, receiver, device, BPF_CORE_READ(skb, protocol));
	if (key.noise == DROP_IS_LOSS && has_bit(noise_reasons, reason))
		key.noise = DROP_BY_REASON;
	key.ifindex = flow.ifindex = place.ifindex;
	key.netns = flow.netns = place.netns;
	cause = cause_of(&key, &place, now);
	if (!cause)
		return 0;
	len = length_of_skb(skb);
	segments = segments_of(skb);
	__sync_fetch_and_add(&cause->packets, 1);
	__sync_fetch_and_add(&cause->segments, segments);
	__sync_fetch_and_add(&cause->bytes, len);
	cause->last_ns = now;
	if (key.noise != DROP_IS_LOSS && !tell_noise)
		return 0;
	tuple_of_skb(skb, &flow.tuple, &more);
	read_holder(sender ?: receiver, &holder);
	if (flow.tuple.family)
		count_flow(&flow, &place, &holder, len, segments, now);
	if (may_tell(cause, now) && !thinned_out())
		tell(ctx, skb, &key, &flow, &more, &place, &holder, len, segments, now);
	return 0;
}
