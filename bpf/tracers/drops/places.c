// SPDX-License-Identifier: Apache-2.0
/*
 * Places in the kernel that free buffers "as dropped" where nothing is lost. Reasons name most of these since 6.4 or so;
 * what is left carries NOT_SPECIFIED, and older kernels have no reasons at all.
 */
#include <string.h>

#include "tables.h"

#define ANY NULL
/* The kernel gives reasons and gives none here: elsewhere, real losses come from the same place. */
#define NONE_GIVEN "NOT_SPECIFIED"

static const struct {
	const char *function;
	const char *reason;
	enum drop_noise noise;
} places[] = {
	/* net/ipv4/udp.c, af_inet.c, core/stream.c, core/skbuff.c: the queues of a socket that is closed. */
	{ "udp_destruct_common", ANY, DROP_CLOSED_SOCKET },
	{ "udp_destruct_sock", ANY, DROP_CLOSED_SOCKET },
	{ "udpv6_destruct_sock", ANY, DROP_CLOSED_SOCKET },
	{ "inet_sock_destruct", ANY, DROP_CLOSED_SOCKET },
	{ "sk_stream_kill_queues", ANY, DROP_CLOSED_SOCKET },
	{ "skb_queue_purge", ANY, DROP_CLOSED_SOCKET },
	{ "skb_queue_purge_reason", ANY, DROP_CLOSED_SOCKET },
	/* net/ipv4/tcp_ipv4.c: what a socket in TIME_WAIT has dealt with ends at discard_it, without a reason. */
	{ "tcp_v4_rcv", NONE_GIVEN, DROP_HANDLED },
	{ "tcp_v6_rcv", NONE_GIVEN, DROP_HANDLED },
	/* net/ipv4/icmp.c: an answer to a ping that a raw socket has got finds no ping socket; net/ipv6/icmp.c: dealt with. */
	{ "icmp_rcv", "NO_SOCKET", DROP_HANDLED },
	{ "ping_rcv", "NO_SOCKET", DROP_HANDLED },
	{ "icmp_rcv", NONE_GIVEN, DROP_HANDLED },
	{ "icmpv6_rcv", NONE_GIVEN, DROP_HANDLED },
	/* net/packet/af_packet.c: the receiving socket is an argument of the tracepoint only since 6.11. */
	{ "packet_rcv", ANY, DROP_CAPTURE },
	{ "tpacket_rcv", ANY, DROP_CAPTURE },
	/* net/ipv6/ip6_input.c: a group that nobody here has joined. */
	{ "ip6_mc_input", NONE_GIVEN, DROP_NOT_JOINED },
};

enum drop_noise noise_of_place(struct drops_state *state, uint32_t noise, uint32_t reason, uint64_t location)
{
	const char *given = state->reasons ? drop_reason_name(state->reasons, reason) : "";
	char name[160];

	if (noise != DROP_IS_LOSS || location == ~UINT64_C(0))
		return noise;
	ksyms_name(state->syms, location, name, sizeof(name));
	name[strcspn(name, "+")] = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (!strcmp(places[i].function, name) && (!places[i].reason || !strcmp(places[i].reason, given)))
			return places[i].noise;
	return DROP_IS_LOSS;
}
