// SPDX-License-Identifier: GPL-2.0
/*
 * The node's own interfaces. Uplink: cil_from_netdev (ingress), cil_to_netdev (egress).
 * cilium_host: cil_to_host (ingress), cil_from_host (egress); cilium_net: cil_to_host (ingress).
 */
#include "cilium.h"

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
	__uint(max_entries, CALL_MAX);
} cilium_calls SEC(".maps");

struct lb4_key {
	__u32 address;
	__u16 dport;
	__u16 backend_slot;
};

struct lb4_service {
	__u32 backend_id;
	__u16 count;
	__u16 rev_nat_index;
};

/* Filled by nobody: the lab has no services, so reverse translation only looks. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct lb4_key);
	__type(value, struct lb4_service);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} cilium_lb4_services_v2 SEC(".maps");

SEC("tc") int cil_from_netdev(struct __sk_buff *skb)
{
	count(skb, REASON_FORWARDED, METRIC_INGRESS);
	if (skb->protocol != bpf_htons(ETH_P_IP))
		return TC_ACT_OK;
	bpf_tail_call_static(skb, &cilium_calls, CALL_IPV4);
	return missed_tail_call(skb, METRIC_INGRESS);
}

SEC("tc") int tail_handle_ipv4_from_netdev(struct __sk_buff *skb)
{
	bpf_tail_call_static(skb, &cilium_calls, CALL_NODEPORT_REVNAT);
	return missed_tail_call(skb, METRIC_INGRESS);
}

SEC("tc") int tail_nodeport_rev_dnat_ipv4(struct __sk_buff *skb)
{
	struct lb4_key key = { .backend_slot = 0 };
	struct lb4_service *service;
	struct iphdr ip4;

	if (read_ipv4(skb, &ip4) < 0)
		return TC_ACT_SHOT;
	key.address = ip4.saddr;
	service = bpf_map_lookup_elem(&cilium_lb4_services_v2, &key);
	if (service)
		skb->cb[1] = service->rev_nat_index;
	track(skb, &ip4, METRIC_INGRESS);
	return TC_ACT_OK;
}

SEC("tc") int cil_to_netdev(struct __sk_buff *skb)
{
	count(skb, REASON_FORWARDED, METRIC_EGRESS);
	if (skb->protocol != bpf_htons(ETH_P_IP))
		return TC_ACT_OK;
	bpf_tail_call_static(skb, &cilium_calls, CALL_NODEPORT_NAT_EGRESS);
	return missed_tail_call(skb, METRIC_EGRESS);
}

SEC("tc") int tail_nodeport_nat_egress_ipv4(struct __sk_buff *skb)
{
	struct iphdr ip4;

	if (read_ipv4(skb, &ip4) < 0)
		return TC_ACT_SHOT;
	track(skb, &ip4, METRIC_EGRESS);
	return TC_ACT_OK;
}

SEC("tc") int cil_from_host(struct __sk_buff *skb)
{
	count(skb, REASON_FORWARDED, METRIC_EGRESS);
	if (skb->protocol != bpf_htons(ETH_P_IP))
		return TC_ACT_OK;
	bpf_tail_call_static(skb, &cilium_calls, CALL_IPV4_FROM_HOST);
	return missed_tail_call(skb, METRIC_EGRESS);
}

SEC("tc") int tail_handle_ipv4_from_host(struct __sk_buff *skb)
{
	struct iphdr ip4;

	if (read_ipv4(skb, &ip4) < 0)
		return TC_ACT_SHOT;
	skb->cb[0] = identity_of(ip4.daddr);
	return TC_ACT_OK;
}

SEC("tc") int cil_to_host(struct __sk_buff *skb)
{
	count(skb, REASON_FORWARDED, METRIC_INGRESS);
	return TC_ACT_OK;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
