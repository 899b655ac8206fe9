// SPDX-License-Identifier: GPL-2.0
/*
 * Chains whose verdicts are known: the first program counts and goes on, the second drops exactly every `drop_every`th UDP datagram
 * to port 7777, and of nothing else anything. For tc (clsact, tcx) and XDP; there the chain is a tail call.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "lab.h"

#define PORT 7777

volatile const struct lab_config config SEC(".rodata.config") = { 0 };

struct seen {
	struct bpf_spin_lock lock;
	__u32 datagrams;
	__u32 dropped;
};

/* Added to by whichever program drops; read by tests. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct seen);
	__uint(max_entries, 1);
} dropper_seen SEC(".maps");

/* Slot 0: what the entry programs jump to; filled by the loader. One of each type: a prog array holds one type only. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
	__uint(max_entries, 1);
} dropper_next SEC(".maps"), dropper_next_xdp SEC(".maps");

static __always_inline int is_chosen(void *data, void *end)
{
	struct ethhdr *eth = data;
	struct ipv6hdr *ip6 = (void *)(eth + 1);
	struct iphdr *ip4 = (void *)(eth + 1);
	struct udphdr *udp;
	__u8 proto;

	if ((void *)(eth + 1) > end)
		return 0;
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		if ((void *)(ip4 + 1) > end)
			return 0;
		proto = ip4->protocol;
		udp = (void *)(ip4 + 1);
	} else if (eth->h_proto == bpf_htons(ETH_P_IPV6)) {
		if ((void *)(ip6 + 1) > end)
			return 0;
		proto = ip6->nexthdr;
		udp = (void *)(ip6 + 1);
	} else {
		return 0;
	}
	return proto == IPPROTO_UDP && (void *)(udp + 1) <= end && udp->dest == bpf_htons(PORT);
}

/* One lock, so that it is every nth over all CPUs. */
static __always_inline int is_dropped(void)
{
	__u32 zero = 0, datagrams;
	struct seen *seen = bpf_map_lookup_elem(&dropper_seen, &zero);
	int dropped;

	if (!seen)
		return 0;
	bpf_spin_lock(&seen->lock);
	datagrams = seen->datagrams + 1;
	dropped = config.drop_every && datagrams % config.drop_every == 0;
	seen->datagrams = datagrams;
	seen->dropped += dropped;
	bpf_spin_unlock(&seen->lock);
	return dropped;
}

#define ENDS(ctx) (void *)(long)(ctx)->data, (void *)(long)(ctx)->data_end

SEC("tc") int goes_on(struct __sk_buff *skb)
{
	return skb->len ? TC_ACT_UNSPEC : TC_ACT_SHOT;
}

SEC("tc") int drops_some(struct __sk_buff *skb)
{
	if (bpf_skb_pull_data(skb, 0) || !is_chosen(ENDS(skb)))
		return TC_ACT_OK;
	return is_dropped() ? TC_ACT_SHOT : TC_ACT_OK;
}

SEC("tc") int jumps_to_drops_some(struct __sk_buff *skb)
{
	bpf_tail_call_static(skb, &dropper_next, 0);
	return TC_ACT_SHOT;
}

SEC("xdp") int drops_some_xdp(struct xdp_md *ctx)
{
	if (!is_chosen(ENDS(ctx)))
		return XDP_PASS;
	return is_dropped() ? XDP_DROP : XDP_PASS;
}

SEC("xdp") int jumps_to_drops_some_xdp(struct xdp_md *ctx)
{
	bpf_tail_call_static(ctx, &dropper_next_xdp, 0);
	return XDP_ABORTED;
}

char LICENSE[] SEC("license") = "GPL";
