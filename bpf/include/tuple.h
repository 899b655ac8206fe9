/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Between whom a packet is, as programs read it (tuple.bpf.h) and the user side writes it (tuple_write.h). */
#ifndef BPFDESK_TUPLE_H
#define BPFDESK_TUPLE_H

#include <linux/types.h>

/* Values of AF_INET and AF_INET6, which the kernel side has no header for. */
#define TUPLE_IPV4 2
#define TUPLE_IPV6 10

/* Can be a key: whatever is not known is zero, and there is no padding. */
struct tuple {
	/* Network byte order; an IPv4 address is in the first four bytes. */
	__u8 src[16];
	__u8 dst[16];
	/* Host byte order; 0 for protocols without ports, and for all fragments but the first. */
	__u16 sport;
	__u16 dport;
	/* What the link layer says it carries, in host byte order: 0x0800, 0x0806, …; 0: not known. */
	__u16 ethertype;
	/* TUPLE_IPV4, TUPLE_IPV6; 0: neither, or its header could not be read. */
	__u8 family;
	/* IPPROTO_x, of IPv6 that behind the extension headers. */
	__u8 proto;
};

/* What is said of a packet but does not tell flows apart. */
struct tuple_more {
	/* 0 unless it is TCP. */
	__u8 tcp_flags;
	/* Of ICMP and ICMPv6. */
	__u8 icmp_type;
	__u8 icmp_code;
	/* Not the first fragment: it has no ports. */
	__u8 fragment;
};

#endif
