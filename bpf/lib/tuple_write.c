// SPDX-License-Identifier: Apache-2.0
/* Tuples as members of a record. */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "tuple_write.h"

_Static_assert(TUPLE_IPV4 == AF_INET && TUPLE_IPV6 == AF_INET6, "families are those of sockets");

/* Protocols with ports in front; the others have none. */
static const struct {
	uint8_t proto;
	const char *name;
	bool ports;
} protocols[] = {
	{ IPPROTO_TCP, "tcp", true },
	{ IPPROTO_UDP, "udp", true },
	{ IPPROTO_ICMP, "icmp", false },
	{ IPPROTO_ICMPV6, "icmpv6", false },
	{ IPPROTO_SCTP, "sctp", true },
	{ IPPROTO_DCCP, "dccp", true },
	{ IPPROTO_UDPLITE, "udplite", true },
	{ IPPROTO_IGMP, "igmp", false },
	{ IPPROTO_GRE, "gre", false },
	{ IPPROTO_ESP, "esp", false },
	{ IPPROTO_AH, "ah", false },
	{ IPPROTO_IPIP, "ipip", false },
	{ IPPROTO_IPV6, "ipv6", false },
};

static const struct {
	uint16_t ethertype;
	const char *name;
} families[] = { { 0x0800, "ipv4" }, { 0x86dd, "ipv6" }, { 0x0806, "arp" }, { 0x88cc, "lldp" }, { 0x8847, "mpls" } };

static void write_family(struct out *out, uint16_t ethertype)
{
	char number[8];

	if (!ethertype) {
		out_null(out, "family");
		return;
	}
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		if (families[i].ethertype != ethertype)
			continue;
		out_str(out, "family", families[i].name);
		return;
	}
	snprintf(number, sizeof(number), "0x%04x", ethertype);
	out_str(out, "family", number);
}

/* True when it has ports. */
static bool write_proto(struct out *out, uint8_t proto)
{
	char number[4];

	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		if (protocols[i].proto != proto)
			continue;
		out_str(out, "proto", protocols[i].name);
		return protocols[i].ports;
	}
	snprintf(number, sizeof(number), "%u", proto);
	out_str(out, "proto", number);
	return false;
}

void tuple_write(struct out *out, const struct tuple *tuple)
{
	bool ports = false;

	write_family(out, tuple->ethertype);
	if (!tuple->family) {
		out_null(out, "proto");
		out_null(out, "src");
	} else {
		ports = write_proto(out, tuple->proto);
		out_ip(out, "src", tuple->family, tuple->src);
	}
	/* A fragment behind the first has none either. */
	ports = ports && (tuple->sport || tuple->dport);
	if (ports)
		out_u64(out, "sport", tuple->sport);
	else
		out_null(out, "sport");
	if (tuple->family)
		out_ip(out, "dst", tuple->family, tuple->dst);
	else
		out_null(out, "dst");
	if (ports)
		out_u64(out, "dport", tuple->dport);
	else
		out_null(out, "dport");
}

const char *tcp_flags_text(uint8_t flags, char *to, size_t size)
{
	static const char *const names[] = { "FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR" };
	size_t used = 0;

	to[0] = '\0';
	for (size_t bit = 0; bit < 8 && used < size; bit++)
		if (flags & 1u << bit)
			used += (size_t)snprintf(to + used, size - used, "%s%s", used ? "," : "", names[bit]);
	return to;
}
