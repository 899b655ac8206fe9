// SPDX-License-Identifier: GPL-2.0
/* The tunnel device: cil_from_overlay (ingress) → tail_handle_ipv4; cil_to_overlay (egress). */
#include "cilium.h"

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
	__uint(max_entries, CALL_MAX);
} cilium_calls SEC(".maps");

SEC("tc") int cil_from_overlay(struct __sk_buff *skb)
{
	count(skb, REASON_FORWARDED, METRIC_INGRESS);
	if (skb->protocol != bpf_htons(ETH_P_IP))
		return TC_ACT_OK;
	bpf_tail_call_static(skb, &cilium_calls, CALL_IPV4);
	return missed_tail_call(skb, METRIC_INGRESS);
}

SEC("tc") int tail_handle_ipv4(struct __sk_buff *skb)
{
	struct iphdr ip4;

	if (read_ipv4(skb, &ip4) < 0)
		return TC_ACT_SHOT;
	skb->cb[0] = identity_of(ip4.saddr);
	return TC_ACT_OK;
}

SEC("tc") int cil_to_overlay(struct __sk_buff *skb)
{
	count(skb, REASON_FORWARDED, METRIC_EGRESS);
	return TC_ACT_OK;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
