/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Maps and small helpers shared by the lab's look-alikes of Cilium's programs. Each map says who
 * fills it. Maps declared with types carry BTF; those declared with sizes do not, as on real nodes
 * where some maps are made by the agent and some by its ELF loader.
 */
#ifndef BPFDESK_LAB_CILIUM_H
#define BPFDESK_LAB_CILIUM_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "lab.h"

enum { METRIC_INGRESS = 1, METRIC_EGRESS = 2 };
enum { REASON_FORWARDED = 0, REASON_MISSED_TAIL_CALL = 140 };

struct metrics_key {
	__u8 reason;
	__u8 dir;
	__u16 pad[3];
};

struct metrics_value {
	__u64 count;
	__u64 bytes;
};

/* Inserted and counted by every entry program; never deleted. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__type(key, struct metrics_key);
	__type(value, struct metrics_value);
	__uint(max_entries, 1024);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} cilium_metrics SEC(".maps");

struct ipcache_key {
	__u32 prefixlen;
	__u32 addr;
};

struct ipcache_value {
	__u32 sec_identity;
	__u32 tunnel_endpoint;
};

/* Filled by the loader: one prefix per pod and the world. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(key_size, sizeof(struct ipcache_key));
	__uint(value_size, sizeof(struct ipcache_value));
	__uint(max_entries, 512000);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} cilium_ipcache SEC(".maps");

struct endpoint_key {
	__u32 ip4;
	__u32 family;
};

struct endpoint_value {
	__u32 ifindex;
	__u16 lxc_id;
	__u16 flags;
};

/* Filled by the loader: endpoint address to interface and id. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct endpoint_key);
	__type(value, struct endpoint_value);
	__uint(max_entries, 65535);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} cilium_lxc SEC(".maps");

struct ct_key {
	__u32 daddr;
	__u32 saddr;
	__u16 dport;
	__u16 sport;
	__u8 nexthdr;
	__u8 flags;
	__u16 pad;
};

struct ct_value {
	__u64 packets;
	__u64 bytes;
	__u32 lifetime;
	__u32 src_sec_id;
};

/* Inserted by the tail_ipv4_ct_* programs, evicted by the kernel. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, struct ct_key);
	__type(value, struct ct_value);
	__uint(max_entries, 8192);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} cilium_ct4_global SEC(".maps");

/* Entry of each endpoint's policy program, filled by the loader at the endpoint's id. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
	__uint(max_entries, POLICY_CALL_MAX);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} cilium_call_policy SEC(".maps");

static __always_inline void count(struct __sk_buff *skb, __u8 reason, __u8 dir)
{
	struct metrics_key key = { .reason = reason, .dir = dir };
	struct metrics_value *value = bpf_map_lookup_elem(&cilium_metrics, &key);

	if (value) {
		value->count++;
		value->bytes += skb->len;
	} else {
		struct metrics_value first = { .count = 1, .bytes = skb->len };

		bpf_map_update_elem(&cilium_metrics, &key, &first, BPF_ANY);
	}
}

/* A slot nobody filled: what Cilium counts as DROP_MISSED_TAIL_CALL. */
static __always_inline int missed_tail_call(struct __sk_buff *skb, __u8 dir)
{
	count(skb, REASON_MISSED_TAIL_CALL, dir);
	return TC_ACT_SHOT;
}

/* Reads the IPv4 header; 0 or -1. */
static __always_inline int read_ipv4(struct __sk_buff *skb, struct iphdr *ip4)
{
	return bpf_skb_load_bytes(skb, ETH_HLEN, ip4, sizeof(*ip4)) < 0 ? -1 : 0;
}

static __always_inline __u32 identity_of(__u32 addr)
{
	struct ipcache_key key = { .prefixlen = 32, .addr = addr };
	struct ipcache_value *value = bpf_map_lookup_elem(&cilium_ipcache, &key);

	return value ? value->sec_identity : 2; /* 2 is "world" */
}

static __always_inline void track(struct __sk_buff *skb, const struct iphdr *ip4, __u8 flags)
{
	struct ct_key key = {
		.daddr = ip4->daddr, .saddr = ip4->saddr, .nexthdr = ip4->protocol, .flags = flags,
	};
	struct ct_value first = { .packets = 1, .bytes = skb->len, .lifetime = 60 };
	struct ct_value *value;

	if (ip4->protocol == IPPROTO_TCP || ip4->protocol == IPPROTO_UDP)
		bpf_skb_load_bytes(skb, ETH_HLEN + ip4->ihl * 4, &key.dport, 4);
	value = bpf_map_lookup_elem(&cilium_ct4_global, &key);
	if (value) {
		__sync_fetch_and_add(&value->packets, 1);
		__sync_fetch_and_add(&value->bytes, skb->len);
		return;
	}
	first.src_sec_id = identity_of(ip4->saddr);
	bpf_map_update_elem(&cilium_ct4_global, &key, &first, BPF_ANY);
}

#endif
