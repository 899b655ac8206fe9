// SPDX-License-Identifier: GPL-2.0
/*
 * A way on which TCP loses segments, for a kernel without netem: tc filters, or an XDP program, that drop at random. What was
 * lost is told by the sender's own counters. `tc filter add … bpf direct-action object-file lossy.o program loses_data`.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/tcp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#define ONE_IN 33

/* The TCP header, or NULL; neither IP options nor extension headers are looked behind. */
static __always_inline struct tcphdr *tcp_at(void *data, void *end)
{
	struct ethhdr *eth = data;
	struct tcphdr *tcp;
	__u8 protocol;

	if ((void *)(eth + 1) > end)
		return 0;
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		struct iphdr *ip = data + ETH_HLEN;

		tcp = (void *)(ip + 1);
		if ((void *)(tcp + 1) > end)
			return 0;
		protocol = ip->protocol;
	} else if (eth->h_proto == bpf_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = data + ETH_HLEN;

		tcp = (void *)(ip + 1);
		if ((void *)(tcp + 1) > end)
			return 0;
		protocol = ip->nexthdr;
	} else {
		return 0;
	}
	return protocol == IPPROTO_TCP ? tcp : 0;
}

static __always_inline struct tcphdr *tcp_of(struct __sk_buff *skb)
{
	/* The second try: packets that are shorter than the longest headers. */
	if (bpf_skb_pull_data(skb, ETH_HLEN + sizeof(struct ipv6hdr) + sizeof(struct tcphdr)) &&
	    bpf_skb_pull_data(skb, 0))
		return 0;
	return tcp_at((void *)(long)skb->data, (void *)(long)skb->data_end);
}

SEC("tc") int loses_data(struct __sk_buff *skb)
{
	struct tcphdr *tcp = tcp_of(skb);

	if (!tcp || tcp->syn || skb->len < 200)
		return TC_ACT_OK;
	return bpf_get_prandom_u32() % ONE_IN ? TC_ACT_OK : TC_ACT_SHOT;
}

SEC("xdp") int loses_data_xdp(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct tcphdr *tcp = tcp_at(data, end);

	if (!tcp || tcp->syn || end - data < 200)
		return XDP_PASS;
	return bpf_get_prandom_u32() % ONE_IN ? XDP_PASS : XDP_DROP;
}

SEC("tc") int loses_handshakes(struct __sk_buff *skb)
{
	struct tcphdr *tcp = tcp_of(skb);

	if (!tcp || !tcp->syn)
		return TC_ACT_OK;
	return bpf_get_prandom_u32() % 2 ? TC_ACT_OK : TC_ACT_SHOT;
}

char LICENSE[] SEC("license") = "GPL";
