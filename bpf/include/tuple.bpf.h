/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Packet → tuple.h, for tracing programs: everything is read with probe reads, from kernel memory whose bounds are checked
 * here. Needs kernel.h, bpf_helpers.h, bpf_core_read.h and bpf_endian.h before it. Only the linear part of a packet is
 * read; a header that lies in its pages (few drivers put it there) leaves the tuple without addresses.
 */
#ifndef BPFDESK_TUPLE_BPF_H
#define BPFDESK_TUPLE_BPF_H

#include "tuple.h"

#define TUPLE_ETH_P_IP 0x0800
#define TUPLE_ETH_P_8021Q 0x8100
#define TUPLE_ETH_P_IPV6 0x86dd
#define TUPLE_ETH_P_8021AD 0x88a8
/* ARPHRD_ETHER, ARPHRD_LOOPBACK: devices whose frames begin with an Ethernet header. */
#define TUPLE_ARPHRD_ETHER 1
#define TUPLE_ARPHRD_LOOPBACK 772
/* IPv6 extension headers that are followed. */
#define TUPLE_EXTENSIONS 8

enum tuple_proto {
	TUPLE_HOPOPTS = 0,
	TUPLE_ICMP = 1,
	TUPLE_TCP = 6,
	TUPLE_UDP = 17,
	TUPLE_ROUTING = 43,
	TUPLE_FRAGMENT = 44,
	TUPLE_AH = 51,
	TUPLE_ICMPV6 = 58,
	TUPLE_DSTOPTS = 60,
	TUPLE_SCTP = 132,
	TUPLE_UDPLITE = 136,
	TUPLE_DCCP = 33,
};

/* Kernel memory between two addresses. */
struct tuple_bytes {
	unsigned long at;
	unsigned long end;
};

static __always_inline bool tuple_read(const struct tuple_bytes *bytes, unsigned long skip, void *to, __u32 size)
{
	unsigned long at = bytes->at + skip;

	return at + size <= bytes->end && at >= bytes->at &&
	       bpf_probe_read_kernel(to, size, (const void *)at) == 0;
}

static __always_inline void tuple_transport(const struct tuple_bytes *bytes, unsigned long skip, struct tuple *tuple,
					    struct tuple_more *more)
{
	__be16 ports[2];

	switch (tuple->proto) {
	case TUPLE_TCP:
		tuple_read(bytes, skip + 13, &more->tcp_flags, 1);
		break;
	case TUPLE_ICMP:
	case TUPLE_ICMPV6:
		tuple_read(bytes, skip, &more->icmp_type, 1);
		tuple_read(bytes, skip + 1, &more->icmp_code, 1);
		return;
	case TUPLE_UDP:
	case TUPLE_SCTP:
	case TUPLE_UDPLITE:
	case TUPLE_DCCP:
		break;
	default:
		return;
	}
	if (!tuple_read(bytes, skip, ports, sizeof(ports)))
		return;
	tuple->sport = bpf_ntohs(ports[0]);
	tuple->dport = bpf_ntohs(ports[1]);
}

static __always_inline void tuple_ipv4(const struct tuple_bytes *bytes, struct tuple *tuple, struct tuple_more *more)
{
	struct {
		__u8 version_length;
		__u8 tos;
		__be16 total;
		__be16 id;
		__be16 fragment;
		__u8 ttl;
		__u8 proto;
		__be16 check;
		__u8 addresses[8];
	} ip;

	if (!tuple_read(bytes, 0, &ip, sizeof(ip)) || ip.version_length >> 4 != 4)
		return;
	tuple->family = TUPLE_IPV4;
	tuple->proto = ip.proto;
	__builtin_memcpy(tuple->src, ip.addresses, 4);
	__builtin_memcpy(tuple->dst, ip.addresses + 4, 4);
	more->fragment = (ip.fragment & bpf_htons(0x1fff)) != 0;
	if (!more->fragment)
		tuple_transport(bytes, (ip.version_length & 0xf) * 4, tuple, more);
}

static __always_inline void tuple_ipv6(const struct tuple_bytes *bytes, struct tuple *tuple, struct tuple_more *more)
{
	struct {
		__u8 version_class;
		__u8 class_label[3];
		__be16 length;
		__u8 next;
		__u8 hops;
		__u8 src[16];
		__u8 dst[16];
	} ip;
	unsigned long skip = sizeof(ip);
	__u8 proto;

	if (!tuple_read(bytes, 0, &ip, sizeof(ip)) || ip.version_class >> 4 != 6)
		return;
	tuple->family = TUPLE_IPV6;
	__builtin_memcpy(tuple->src, ip.src, 16);
	__builtin_memcpy(tuple->dst, ip.dst, 16);
	proto = ip.next;
	for (int i = 0; i < TUPLE_EXTENSIONS; i++) {
		/* Next header, length in units of the type's own, and of a fragment its offset. */
		struct {
			__u8 next;
			__u8 length;
			__be16 offset;
		} extension;

		if (proto != TUPLE_HOPOPTS && proto != TUPLE_ROUTING && proto != TUPLE_DSTOPTS && proto != TUPLE_AH &&
		    proto != TUPLE_FRAGMENT)
			break;
		if (!tuple_read(bytes, skip, &extension, sizeof(extension)))
			break;
		if (proto == TUPLE_FRAGMENT) {
			more->fragment = (extension.offset & bpf_htons(0xfff8)) != 0;
			skip += 8;
		} else if (proto == TUPLE_AH) {
			skip += (extension.length + 2) * 4;
		} else {
			skip += (extension.length + 1) * 8;
		}
		proto = extension.next;
		if (more->fragment)
			break;
	}
	tuple->proto = proto;
	if (!more->fragment)
		tuple_transport(bytes, skip, tuple, more);
}

/* `bytes` begin with what `ethertype` (host byte order) says; VLAN tags in between are passed over. */
static __always_inline void tuple_network(struct tuple_bytes *bytes, __u16 ethertype, struct tuple *tuple,
					  struct tuple_more *more)
{
	for (int i = 0; i < 2; i++) {
		/* Tag, and what follows it. */
		__be16 vlan[2];

		if (ethertype != TUPLE_ETH_P_8021Q && ethertype != TUPLE_ETH_P_8021AD)
			break;
		if (!tuple_read(bytes, 0, vlan, sizeof(vlan)))
			break;
		ethertype = bpf_ntohs(vlan[1]);
		bytes->at += sizeof(vlan);
	}
	/* Below it is no type (ETH_P_802_3_MIN): a header that is not where it was looked for. */
	if (ethertype < 0x0600)
		return;
	tuple->ethertype = ethertype;
	if (ethertype == TUPLE_ETH_P_IP)
		tuple_ipv4(bytes, tuple, more);
	else if (ethertype == TUPLE_ETH_P_IPV6)
		tuple_ipv6(bytes, tuple, more);
}

/* Both must be zeroed. `frame` begins with what devices of that type (net_device.type) begin with. */
static __always_inline void tuple_of_frame(struct tuple_bytes frame, __u16 device_type, struct tuple *tuple,
					   struct tuple_more *more)
{
	__be16 ethertype;
	__u8 version;

	if (device_type == TUPLE_ARPHRD_ETHER || device_type == TUPLE_ARPHRD_LOOPBACK) {
		if (!tuple_read(&frame, 12, &ethertype, sizeof(ethertype)))
			return;
		frame.at += 14;
		tuple_network(&frame, bpf_ntohs(ethertype), tuple, more);
		return;
	}
	/* Tunnels carry IP without anything in front. */
	if (!tuple_read(&frame, 0, &version, 1))
		return;
	tuple_network(&frame, version >> 4 == 6 ? TUPLE_ETH_P_IPV6 : version >> 4 == 4 ? TUPLE_ETH_P_IP : 0, tuple, more);
}

/* Both must be zeroed. Wherever the stack has the packet: found by its network header. */
static __always_inline void tuple_of_skb(struct sk_buff *skb, struct tuple *tuple, struct tuple_more *more)
{
	unsigned long head = (unsigned long)BPF_CORE_READ(skb, head);
	unsigned long data = (unsigned long)BPF_CORE_READ(skb, data);
	struct tuple_bytes bytes = {
		.at = head + BPF_CORE_READ(skb, network_header),
		.end = data + BPF_CORE_READ(skb, len) - BPF_CORE_READ(skb, data_len),
	};

	tuple_network(&bytes, bpf_ntohs(BPF_CORE_READ(skb, protocol)), tuple, more);
}

/*
 * Its length with the link layer's header, whether or not `data` stands before that: the length that a program of tc sees. Of a
 * packet that is to be segmented (GSO) all of it.
 */
static __always_inline __u32 length_of_skb(struct sk_buff *skb)
{
	__u16 mac_header = BPF_CORE_READ(skb, mac_header);
	unsigned long mac = (unsigned long)BPF_CORE_READ(skb, head) + mac_header;
	unsigned long data = (unsigned long)BPF_CORE_READ(skb, data);
	__u32 len = BPF_CORE_READ(skb, len);

	/* skb_mac_header_was_set(). */
	return mac_header == 0xffff || mac > data ? len : len + (__u32)(data - mac);
}

#endif
