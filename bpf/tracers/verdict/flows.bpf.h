/* SPDX-License-Identifier: GPL-2.0 */
/* What is told of a packet whose verdict was asked for: its flow is summed up, and some packets are told one by one. */
#ifndef BPFDESK_VERDICT_FLOWS_BPF_H
#define BPFDESK_VERDICT_FLOWS_BPF_H

#include "counts.bpf.h"
#include "tuple.bpf.h"
#include "verdict.h"

/* Set by the user side once all programs are attached, and taken back at the end: what they count begins and ends at the same time. */
bool counting;

/* Programs insert; nobody deletes: a flow that finds no room is counted as evicted. Shared by all objects of a run. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct verdict_flow_key);
	__type(value, struct verdict_flow);
} flows SEC(".maps");

/* Filled by programs, emptied by the user side. Shared by all objects of a run. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} packets SEC(".maps");

/* How many packets were told this second: added to by programs, set to 0 by the user side. Shared by all objects of a run. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} told SEC(".maps");

/*
 * The packet for which a traced program of tc returned a drop last on this CPU: set by that program's tracer, cleared where the
 * kernel frees it, which is next on this CPU (sch_handle_ingress, sch_handle_egress). Shared by all objects of a run.
 */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} dropping SEC(".maps");

static __always_inline void add_to_flow(const struct verdict_packet *packet)
{
	struct verdict_flow first = {
		.count = 1,
		.bytes = packet->len,
		.first_ns = packet->time_ns,
		.last_ns = packet->time_ns,
	};
	struct verdict_flow *flow = bpf_map_lookup_elem(&flows, &packet->flow);

	if (!flow) {
		if (bpf_map_update_elem(&flows, &packet->flow, &first, BPF_NOEXIST) == 0)
			return;
		/* Another CPU was first, or there is no room. */
		flow = bpf_map_lookup_elem(&flows, &packet->flow);
		if (!flow) {
			count(COUNT_EVICTED);
			return;
		}
	}
	__sync_fetch_and_add(&flow->count, 1);
	__sync_fetch_and_add(&flow->bytes, packet->len);
	flow->last_ns = packet->time_ns;
}

/* At most so many a second, give or take the number of CPUs: 5.10 has no atomic operation that returns something. */
static __always_inline bool may_be_told(__u32 packets_per_s)
{
	__u32 zero = 0;
	__u64 *taken;

	if (!packets_per_s)
		return false;
	taken = bpf_map_lookup_elem(&told, &zero);
	if (!taken || *taken >= packets_per_s || thinned_out())
		return false;
	__sync_fetch_and_add(taken, 1);
	return true;
}

/* `packet` is on the stack and has everything but its time. */
static __always_inline void tell(struct verdict_packet *packet, __u32 packets_per_s)
{
	packet->time_ns = bpf_ktime_get_ns();
	add_to_flow(packet);
	if (may_be_told(packets_per_s) && bpf_ringbuf_output(&packets, packet, sizeof(*packet), 0))
		count(COUNT_LOST);
}

static __always_inline void describe_device(struct net_device *dev, struct verdict_packet *packet)
{
	packet->flow.ifindex = BPF_CORE_READ(dev, ifindex);
	packet->flow.netns = BPF_CORE_READ(dev, nd_net.net, ns.inum);
}

static __always_inline void describe_skb(struct sk_buff *skb, struct verdict_packet *packet)
{
	describe_device(BPF_CORE_READ(skb, dev), packet);
	packet->len = length_of_skb(skb);
	packet->mark = BPF_CORE_READ(skb, mark);
	tuple_of_skb(skb, &packet->flow.tuple, &packet->more);
}

#endif
