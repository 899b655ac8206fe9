/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Connections while they are watched, and how what their sockets count is settled: added to their destination's figures.
 *
 * Settling one socket twice at the same time would count its growth twice, and kernels before 5.12 have no atomic
 * operation that could tell. None is needed: the scan is run by one process, holds a reference to the file, and a socket
 * with a file is not freed; what has no file is settled under the socket's lock only.
 */
#ifndef BPFDESK_RETRANS_FLOWS_BPF_H
#define BPFDESK_RETRANS_FLOWS_BPF_H

#include "kernel.h"
#include "owner.bpf.h"
#include <bpf/bpf_endian.h>
#include "retrans.h"

/* Filters; zero: all. */
const volatile __u32 filter_addr[4];
const volatile __u32 filter_mask[4];
const volatile __u16 filter_port;
const volatile __u32 filter_tgid;
const volatile __u32 filter_netns;
const volatile bool by_port;

/* Set by the user side once all listening ports are known. */
bool counting;

/* What is known of a socket. Counters are the kernel's 32-bit ones and wrap like them. */
struct flow {
	__u64 begun_ns;
	__u32 daddr[4];
	__u32 netns;
	__u16 dport;
	__u16 lport;
	/* Add to the socket's counters: segments since it is watched. */
	__u32 sent_offset;
	__u32 retrans_offset;
	/* So much of that is in its destination's count. */
	__u32 sent_settled;
	__u32 retrans_settled;
	/* The socket's own count when it last retransmitted. */
	__u32 total_retrans;
	/* The last figures before tcp_disconnect() set the counters to zero. */
	__u32 sent_at_close;
	__u32 retrans_at_close;
	/* Retransmitted segments that were told as events and not settled yet. */
	__u32 kinds[KINDS];
	/* 1 until the connection is counted. */
	__u32 uncounted;
	__u64 last_ns;
};

/* Key: the socket's address. Inserted when a connection begins, or by the scan; deleted when the socket is freed. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__type(key, __u64);
	__type(value, struct flow);
} flows SEC(".maps");

/*
 * Who owned a socket that retransmitted and was freed: its events may have been told without. Inserted when it is freed;
 * the oldest give way.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct flow_key);
	__type(value, struct process);
} gone SEC(".maps");

/* Inserted when a socket is settled; deleted by the user side when it is idle and room is needed. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct destination_key);
	__type(value, struct destination);
} destinations SEC(".maps");

/* Written by programs, read by the user side. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct overall);
} sums SEC(".maps");

struct port_key {
	__u32 netns;
	__u32 port;
};

/* Ports that are listened on, to tell who began a connection that is older than this run. Inserted by the first scan and by listen(2); the oldest give way. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct port_key);
	__type(value, __u8);
} listening SEC(".maps");

/* 0 when the socket does not say: on kernels before 5.16 once net_prio or net_cls are in use (sock_cgroup_ptr()). */
static __always_inline __u64 socket_cgroup_id(const struct sock *sk)
{
	struct cgroup *cgroup;

	if (bpf_core_field_exists(struct sock_cgroup_data___val, val)) {
		const struct sock_cgroup_data___val *data = (const void *)&sk->sk_cgrp_data;
		__u64 val = BPF_CORE_READ(data, val);

		if (val & 3)
			return 0;
		cgroup = (struct cgroup *)val;
	} else {
		cgroup = BPF_CORE_READ(sk, sk_cgrp_data.cgroup);
	}
	return cgroup ? BPF_CORE_READ(cgroup, kn, id) : 0;
}

static __always_inline __u16 local_port(const struct sock_common *common)
{
	return BPF_CORE_READ(common, skc_num);
}

static __always_inline __u16 peer_port(const struct sock_common *common)
{
	return bpf_ntohs(BPF_CORE_READ(common, skc_dport));
}

static __always_inline void map_ipv4(__u32 *to, __u32 address)
{
	to[0] = 0;
	to[1] = 0;
	to[2] = bpf_htonl(0xffff);
	to[3] = address;
}

/* A socket's, or a request's: both begin with the same part. `saddr` may be NULL. */
static __always_inline void read_addresses(const struct sock_common *common, __u32 *daddr, __u32 *saddr)
{
	if (BPF_CORE_READ(common, skc_family) == AF_INET6) {
		bpf_probe_read_kernel(daddr, 16, &common->skc_v6_daddr);
		if (saddr)
			bpf_probe_read_kernel(saddr, 16, &common->skc_v6_rcv_saddr);
		return;
	}
	map_ipv4(daddr, BPF_CORE_READ(common, skc_daddr));
	if (saddr)
		map_ipv4(saddr, BPF_CORE_READ(common, skc_rcv_saddr));
}

static __always_inline bool wanted(const __u32 *daddr, __u16 dport, __u16 lport, __u32 netns)
{
	if (filter_netns && netns != filter_netns)
		return false;
	if (filter_port && dport != filter_port && lport != filter_port)
		return false;
	for (int i = 0; i < 4; i++)
		if ((daddr[i] & filter_mask[i]) != filter_addr[i])
			return false;
	return true;
}

struct growth {
	__u32 sent;
	__u32 retrans;
	__s32 untold;
	__u32 connections;
	__u32 srtt_us;
	__u32 kinds[KINDS];
	__u64 last_ns;
};

static __always_inline void add(__u64 *to, __s64 value)
{
	__sync_fetch_and_add(to, value);
}

static __always_inline void add_overall(const struct growth *growth)
{
	__u32 zero = 0;
	struct overall *sum = bpf_map_lookup_elem(&sums, &zero);

	if (!sum)
		return;
	add(&sum->sent, (__s32)growth->sent);
	add(&sum->retrans, (__s32)growth->retrans);
	add((__u64 *)&sum->untold, growth->untold);
	for (int i = 0; i < KINDS; i++)
		add(&sum->kinds[i], growth->kinds[i]);
}

/* Adds to a destination of an owner, and to all. */
static __noinline int grow(const struct destination_key *key, const struct process *owner, const struct growth *growth)
{
	struct destination *destination;

	add_overall(growth);
	destination = bpf_map_lookup_elem(&destinations, key);
	if (!destination) {
		/* Not on the stack, of which little is left here. */
		static const struct destination none;

		bpf_map_update_elem(&destinations, key, &none, BPF_NOEXIST);
		destination = bpf_map_lookup_elem(&destinations, key);
		if (!destination) {
			count(COUNT_EVICTED);
			return 0;
		}
		if (owner)
			__builtin_memcpy(destination->comm, owner->comm, sizeof(destination->comm));
	}
	add(&destination->sent, (__s32)growth->sent);
	add(&destination->retrans, (__s32)growth->retrans);
	add((__u64 *)&destination->untold, growth->untold);
	add(&destination->connections, growth->connections);
	for (int i = 0; i < KINDS; i++)
		if (growth->kinds[i])
			add(&destination->kinds[i], growth->kinds[i]);
	if (growth->last_ns)
		destination->last_ns = growth->last_ns;
	if (growth->srtt_us) {
		add(&destination->srtt_sum_us, growth->srtt_us);
		add(&destination->srtt_count, 1);
		if (!destination->srtt_min_us || growth->srtt_us < destination->srtt_min_us)
			destination->srtt_min_us = growth->srtt_us;
	}
	return 0;
}

static __always_inline bool is_owner_wanted(const struct process *owner)
{
	return !filter_tgid || (owner && owner->tgid == filter_tgid);
}

static __always_inline __u64 cgroup_id_of(const struct sock *sk, const struct process *owner)
{
	__u64 id = socket_cgroup_id(sk);

	return id || !owner ? id : owner->cgroup_id;
}

/* Segments since the socket is watched. What it counted is gone after tcp_disconnect(), as after a failed connect(2). */
static __always_inline void read_counters(const struct sock *sk, const struct flow *flow, __u32 *sent, __u32 *retrans)
{
	const struct tcp_sock *tp = (const void *)sk;

	*sent = BPF_CORE_READ(tp, segs_out) + flow->sent_offset;
	*retrans = BPF_CORE_READ(tp, total_retrans) + flow->retrans_offset;
	if (BPF_CORE_READ(sk, __sk_common.skc_state) != TCP_CLOSE)
		return;
	if ((__s32)(flow->sent_at_close - *sent) > 0)
		*sent = flow->sent_at_close;
	if ((__s32)(flow->retrans_at_close - *retrans) > 0)
		*retrans = flow->retrans_at_close;
}

/* Adds what the socket's counters have grown by to its destination. See the top for who may call it. */
static __noinline int settle(const struct sock *sk, struct flow *flow)
{
	const struct tcp_sock *tp = (const void *)sk;
	struct destination_key key = {};
	struct growth growth = {};
	const struct process *owner;
	__u32 sent, retrans, told = 0;

	for (int i = 0; i < KINDS; i++) {
		growth.kinds[i] = flow->kinds[i];
		told += growth.kinds[i];
	}
	read_counters(sk, flow, &sent, &retrans);
	growth.sent = sent - flow->sent_settled;
	growth.retrans = retrans - flow->retrans_settled;
	if (!growth.sent && !growth.retrans && !told)
		return 0;
	growth.untold = (__s32)(growth.retrans - told);
	growth.connections = flow->uncounted;
	growth.srtt_us = BPF_CORE_READ(tp, srtt_us) >> 3;
	growth.last_ns = growth.retrans ? flow->last_ns : 0;
	flow->sent_settled = sent;
	flow->retrans_settled = retrans;
	flow->uncounted = 0;
	for (int i = 0; i < KINDS; i++)
		if (growth.kinds[i])
			__sync_fetch_and_add(&flow->kinds[i], -growth.kinds[i]);
	owner = owner_of((__u64)sk);
	if (!is_owner_wanted(owner))
		return 0;
	__builtin_memcpy(key.daddr, flow->daddr, sizeof(key.daddr));
	key.netns = flow->netns;
	key.tgid = owner ? owner->tgid : 0;
	key.cgroup_id = cgroup_id_of(sk, owner);
	if (by_port) {
		key.dport = flow->dport;
		key.lport = flow->lport;
	}
	return grow(&key, owner, &growth);
}

/* Nobody's file: not accepted yet, closed by its process, or the kernel's own. No scan comes by it. */
static __always_inline bool has_no_file(const struct sock *sk)
{
	struct socket *socket = BPF_CORE_READ(sk, sk_socket);

	return !socket || !BPF_CORE_READ(socket, file);
}

static __always_inline bool is_listened_on(__u32 netns, __u16 port)
{
	struct port_key key = { .netns = netns, .port = port };

	return bpf_map_lookup_elem(&listening, &key);
}

static __always_inline void note_listening(const struct sock *sk)
{
	struct port_key key = { .netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum),
				.port = local_port(&sk->__sk_common) };
	__u8 yes = 1;

	bpf_map_update_elem(&listening, &key, &yes, BPF_ANY);
}

enum direction { BEGUN_HERE, ACCEPTED, NOT_SEEN_TO_BEGIN };

/*
 * Watches a connection from now on. So many of the segments that it has counted belong to this run: `sent`, `retrans`.
 * NULL when a filter leaves it out or the table is full.
 */
static __always_inline struct flow *watch(const struct sock *sk, enum direction direction, __u32 sent, __u32 retrans)
{
	const struct tcp_sock *tp = (const void *)sk;
	__u16 dport = peer_port(&sk->__sk_common), lport = local_port(&sk->__sk_common);
	__u64 address = (__u64)sk;
	struct flow flow = { .begun_ns = bpf_ktime_get_ns(), .uncounted = 1 };

	read_addresses(&sk->__sk_common, flow.daddr, NULL);
	flow.netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	if (!wanted(flow.daddr, dport, lport, flow.netns))
		return NULL;
	/* The port of whoever began the connection was chosen by the system and tells nothing. */
	if (direction == ACCEPTED || (direction == NOT_SEEN_TO_BEGIN && is_listened_on(flow.netns, lport)))
		flow.lport = lport;
	else
		flow.dport = dport;
	flow.sent_offset = sent - BPF_CORE_READ(tp, segs_out);
	flow.total_retrans = BPF_CORE_READ(tp, total_retrans);
	flow.retrans_offset = retrans - flow.total_retrans;
	if (bpf_map_update_elem(&flows, &address, &flow, direction == NOT_SEEN_TO_BEGIN ? BPF_NOEXIST : BPF_ANY))
		count(COUNT_EVICTED);
	return bpf_map_lookup_elem(&flows, &address);
}

#endif
