// SPDX-License-Identifier: GPL-2.0
/*
 * The same pod program as an older release of the agent left it behind: other code, other tag. It
 * lets the chain go on (TC_ACT_UNSPEC) and drops one IPv4 packet in `drop_every`, which is the
 * "one in fifty connections" of a stale filter. With drop_every = 0 it only adds a hop.
 */
#include "cilium.h"

volatile const struct lab_config config SEC(".rodata.config") = { 0 };

/* Counts packets per CPU, so that the share of drops is exact on each. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 1);
} cilium_seen SEC(".maps");

SEC("tc") int cil_to_container(struct __sk_buff *skb)
{
	__u32 zero = 0;
	__u64 *seen;

	if (skb->protocol != bpf_htons(ETH_P_IP))
		return TC_ACT_UNSPEC;
	seen = bpf_map_lookup_elem(&cilium_seen, &zero);
	if (!seen)
		return TC_ACT_UNSPEC;
	*seen += 1;
	if (config.drop_every && *seen % config.drop_every == 0)
		return TC_ACT_SHOT;
	return TC_ACT_UNSPEC;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
