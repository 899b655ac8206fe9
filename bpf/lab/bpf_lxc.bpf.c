// SPDX-License-Identifier: GPL-2.0
/*
 * A pod's two directions, chained as Cilium chains them:
 *   host end ingress (pod → out): cil_from_container → tail_handle_ipv4 → tail_ipv4_ct_egress
 *   host end egress (out → pod):  cil_to_container → cil_lxc_policy → tail_ipv4_ct_ingress
 * Everything is allowed; the stack routes. Missing tail calls drop, so passing packets prove the chain.
 */
#include "cilium.h"

volatile const struct lab_config config SEC(".rodata.config") = { 0 };

/* This endpoint's own programs, filled by the loader; pinned as cilium_calls_<id>. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
	__uint(max_entries, CALL_MAX);
} cilium_calls SEC(".maps");

struct policy_key {
	__u32 sec_label;
	__u16 dport;
	__u8 protocol;
	__u8 egress;
};

struct policy_value {
	__u64 packets;
	__u64 bytes;
};

/* Counted per identity by cil_lxc_policy; pinned as cilium_policy_v2_<id>. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(key_size, sizeof(struct policy_key));
	__uint(value_size, sizeof(struct policy_value));
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
} cilium_policy SEC(".maps");

SEC("tc") int cil_from_container(struct __sk_buff *skb)
{
	count(skb, REASON_FORWARDED, METRIC_EGRESS);
	if (config.lean || skb->protocol != bpf_htons(ETH_P_IP))
		return TC_ACT_OK;
	bpf_tail_call_static(skb, &cilium_calls, CALL_IPV4);
	return missed_tail_call(skb, METRIC_EGRESS);
}

SEC("tc") int cil_to_container(struct __sk_buff *skb)
{
	count(skb, REASON_FORWARDED, METRIC_INGRESS);
	if (skb->protocol != bpf_htons(ETH_P_IP))
		return TC_ACT_OK;
	bpf_tail_call(skb, &cilium_call_policy, config.endpoint_id);
	return missed_tail_call(skb, METRIC_INGRESS);
}

SEC("tc") int tail_handle_ipv4(struct __sk_buff *skb)
{
	struct iphdr ip4;

	if (read_ipv4(skb, &ip4) < 0)
		return TC_ACT_SHOT;
	skb->cb[0] = identity_of(ip4.daddr);
	bpf_tail_call_static(skb, &cilium_calls, CALL_IPV4_CT_EGRESS);
	return missed_tail_call(skb, METRIC_EGRESS);
}

SEC("tc") int tail_ipv4_ct_egress(struct __sk_buff *skb)
{
	struct iphdr ip4;

	if (read_ipv4(skb, &ip4) < 0)
		return TC_ACT_SHOT;
	track(skb, &ip4, METRIC_EGRESS);
	return TC_ACT_OK;
}

SEC("tc") int cil_lxc_policy(struct __sk_buff *skb)
{
	struct policy_key key = { .egress = 0 };
	struct policy_value first = { .packets = 1, .bytes = skb->len };
	struct policy_value *value;
	struct iphdr ip4;

	if (read_ipv4(skb, &ip4) < 0)
		return TC_ACT_SHOT;
	key.sec_label = identity_of(ip4.saddr);
	key.protocol = ip4.protocol;
	value = bpf_map_lookup_elem(&cilium_policy, &key);
	if (value) {
		__sync_fetch_and_add(&value->packets, 1);
		__sync_fetch_and_add(&value->bytes, skb->len);
	} else {
		bpf_map_update_elem(&cilium_policy, &key, &first, BPF_ANY);
	}
	if (config.lean)
		return TC_ACT_OK;
	bpf_tail_call_static(skb, &cilium_calls, CALL_IPV4_CT_INGRESS);
	return missed_tail_call(skb, METRIC_INGRESS);
}

SEC("tc") int tail_ipv4_ct_ingress(struct __sk_buff *skb)
{
	struct iphdr ip4;

	if (read_ipv4(skb, &ip4) < 0)
		return TC_ACT_SHOT;
	track(skb, &ip4, METRIC_INGRESS);
	return TC_ACT_OK;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
