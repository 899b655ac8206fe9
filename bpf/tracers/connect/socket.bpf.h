/* SPDX-License-Identifier: GPL-2.0 */
/* What a socket of TCP says about its connection. */
#ifndef BPFDESK_CONNECT_SOCKET_BPF_H
#define BPFDESK_CONNECT_SOCKET_BPF_H

#include <asm-generic/errno.h>
#include "tuple.h"
#include "connect.h"

/* include/net/tcp_states.h, beside those of owner.bpf.h. */
#define TCP_FIN_WAIT1 4
#define TCP_CLOSE_WAIT 8
#define TCP_LAST_ACK 9
#define SHUTDOWN_MASK 3

static __always_inline bool socket_flag(struct sock *sk, __u64 flag)
{
	return BPF_CORE_READ(sk, __sk_common.skc_flags) >> flag & 1;
}

static __always_inline void read_addresses(struct sock *sk, struct connection *connection)
{
	connection->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	connection->rport = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	connection->lport = bpf_ntohs(BPF_CORE_READ((struct inet_sock *)sk, inet_sport));
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == AF_INET) {
		connection->family = TUPLE_IPV4;
		BPF_CORE_READ_INTO((__u32 *)connection->local, sk, __sk_common.skc_rcv_saddr);
		BPF_CORE_READ_INTO((__u32 *)connection->remote, sk, __sk_common.skc_daddr);
	} else {
		connection->family = TUPLE_IPV6;
		BPF_CORE_READ_INTO((struct in6_addr_words *)connection->local, sk, __sk_common.skc_v6_rcv_saddr);
		BPF_CORE_READ_INTO((struct in6_addr_words *)connection->remote, sk, __sk_common.skc_v6_daddr);
	}
}

static __always_inline void read_figures(struct sock *sk, struct connection *connection)
{
	struct tcp_sock *tp = (struct tcp_sock *)sk;
	__u64 received = BPF_CORE_READ(tp, bytes_received);

	connection->sent = BPF_CORE_READ(tp, bytes_sent) - BPF_CORE_READ(tp, bytes_retrans);
	/* tcp_fin() sets the flag; the FIN was counted as a byte before (tcp_rcv_nxt_update()). */
	if (received && socket_flag(sk, bpf_core_enum_value(enum sock_flags, SOCK_DONE)))
		received--;
	connection->received = received;
	connection->segs_out = BPF_CORE_READ(tp, segs_out);
	connection->segs_in = BPF_CORE_READ(tp, segs_in);
	connection->retrans = BPF_CORE_READ(tp, total_retrans);
	/* In eighths. */
	connection->srtt_us = BPF_CORE_READ(tp, srtt_us) >> 3;
}

/* Why there is no connection: `error` is what connect(2) returns, or would. */
static __always_inline enum outcome outcome_of(struct sock *sk, int error, __u8 direction)
{
	switch (error) {
	case ECONNREFUSED:
		return OUTCOME_REFUSED;
	case ETIMEDOUT:
		return OUTCOME_TIMED_OUT;
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EHOSTDOWN:
	case ENETDOWN:
	case ENOPROTOOPT:
	case EPROTO:
		return OUTCOME_UNREACHABLE;
	case ECONNRESET:
		return OUTCOME_RESET;
	case 0:
		/* tcp_close() says first that nothing will be read or written. */
		if (direction == DIRECTION_CONNECT && BPF_CORE_READ(sk, sk_shutdown) == SHUTDOWN_MASK)
			return OUTCOME_ABANDONED;
	}
	return OUTCOME_FAILED;
}

/* How the connection ended that went from this state to TCP_CLOSE. */
static __always_inline enum end end_of(int error, int state)
{
	switch (error) {
	case 0:
		/* Closed with SO_LINGER 0 or with data unread: it says RST where it would have said FIN. */
		return state == TCP_ESTABLISHED || state == TCP_CLOSE_WAIT ? END_LOCAL_RESET : END_CLOSED;
	case ECONNRESET:
	case EPIPE:
		return END_REMOTE_RESET;
	case ETIMEDOUT:
		return END_TIMED_OUT;
	case ECONNABORTED:
		return END_ABORTED;
	}
	return END_UNREACHABLE;
}

#endif
