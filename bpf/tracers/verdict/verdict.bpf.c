// SPDX-License-Identifier: GPL-2.0
/*
 * Runs when another program returns, and sees what it returned. Loaded once for each traced program, with the half that fits
 * its type. What a tail call jumps to returns to where the first program was called from, so its verdict is this one's.
 */
#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "flows.bpf.h"

char LICENSE[] SEC("license") = "GPL";

const volatile struct verdict_config config = {};

/* Returns of the program by slot: added to by the program, summed up over CPUs by the user side. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, VERDICT_SLOTS);
	__type(key, __u32);
	__type(value, __u64);
} verdicts SEC(".maps");

static __always_inline __u32 count_verdict(int verdict)
{
	__u32 slot = VERDICT_SLOT(verdict);
	__u64 *returned;

	if (slot > VERDICT_SLOT_OTHER)
		slot = VERDICT_SLOT_OTHER;
	returned = bpf_map_lookup_elem(&verdicts, &slot);
	if (returned)
		*returned += 1;
	return slot;
}

static __always_inline bool has(__u32 slots, __u32 slot)
{
	return slots & 1u << (slot & 31);
}

static __always_inline void remember(struct sk_buff *skb)
{
	__u32 zero = 0;
	__u64 *now = bpf_map_lookup_elem(&dropping, &zero);

	if (now)
		*now = (__u64)skb;
}

/* The pointers a traced program is called with are typed here, so what they lead to is read without a helper. */
static __always_inline bool is_chosen(struct net_device *dev)
{
	return !config.ifindex ||
	       ((__u32)dev->ifindex == config.ifindex && dev->nd_net.net->ns.inum == config.netns);
}

/* The device of a frame is the member; its bond is the first of what is above it (__netdev_adjacent_dev_insert). */
static __always_inline bool is_member_of_chosen(struct net_device *dev)
{
	struct list_head *upper;
	struct net_device *bond;

	if (!config.members || !bpf_core_type_exists(struct netdev_adjacent))
		return false;
	upper = BPF_CORE_READ(dev, adj_list.upper.next);
	bond = BPF_CORE_READ((struct netdev_adjacent *)((void *)upper - bpf_core_field_offset(struct netdev_adjacent, list)), dev);
	return (__u32)BPF_CORE_READ(bond, ifindex) == config.ifindex &&
	       BPF_CORE_READ(bond, nd_net.net, ns.inum) == config.netns;
}

static __always_inline __u8 direction_of(struct sk_buff *skb)
{
	return BPF_CORE_READ_BITFIELD(skb, tc_at_ingress) ? VERDICT_INGRESS : VERDICT_EGRESS;
}

static __always_inline void tell_of_skb(struct sk_buff *skb, __u32 slot)
{
	struct verdict_packet packet = {};

	packet.flow.prog_id = config.prog_id;
	packet.flow.slot = slot;
	packet.flow.direction = config.direction ? config.direction : direction_of(skb);
	describe_skb(skb, &packet);
	tell(&packet, config.packets_per_s);
}

static __always_inline void tell_of_frame(struct xdp_buff *xdp, __u32 slot)
{
	struct net_device *dev = BPF_CORE_READ(xdp, rxq, dev);
	struct verdict_packet packet = {};
	struct tuple_bytes frame;

	frame.at = (unsigned long)BPF_CORE_READ(xdp, data);
	frame.end = (unsigned long)BPF_CORE_READ(xdp, data_end);
	packet.flow.prog_id = config.prog_id;
	packet.flow.slot = slot;
	packet.flow.direction = VERDICT_INGRESS;
	packet.flow.xdp = 1;
	packet.len = frame.end - frame.at;
	describe_device(dev, &packet);
	tuple_of_frame(frame, BPF_CORE_READ(dev, type), &packet.flow.tuple, &packet.more);
	tell(&packet, config.packets_per_s);
}

/* The way of almost every packet is the one with nothing to tell: it costs a look-up and an addition. */
SEC("fexit")
int BPF_PROG(on_tc, struct sk_buff *skb, int verdict)
{
	__u32 slot;

	if (!counting || !is_chosen(skb->dev))
		return 0;
	if (config.only_direction && direction_of(skb) != config.only_direction)
		return 0;
	slot = count_verdict(verdict);
	if (has(config.drop_slots, slot))
		remember(skb);
	if (has(config.told_slots, slot))
		tell_of_skb(skb, slot);
	return 0;
}

SEC("fexit")
int BPF_PROG(on_xdp, struct xdp_buff *xdp, int verdict)
{
	__u32 slot;

	if (!counting || (!is_chosen(xdp->rxq->dev) && !is_member_of_chosen(xdp->rxq->dev)))
		return 0;
	slot = count_verdict(verdict);
	if (has(config.told_slots, slot))
		tell_of_frame(xdp, slot);
	return 0;
}
