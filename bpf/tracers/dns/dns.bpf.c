// SPDX-License-Identifier: GPL-2.0
/*
 * DNS messages as sockets send and receive them: programs on the root cgroup see every packet of every socket in all
 * network namespaces once, before it is cut into fragments and after it was put together. They always let it pass.
 */
#include "kernel.h"
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "counts.bpf.h"
#include "dns.h"
#include "tell.bpf.h"
#include "holders.bpf.h"

char LICENSE[] SEC("license") = "GPL";

#define PASS 1
/* A TCP segment, or one that was put together from many, is told in pieces: 64 KB in five. */
#define MOST_PIECES 5
#define PIECE (16384 - sizeof(struct told))

const volatile __be16 ports[DNS_PORTS] = {};
const volatile __u32 port_count = 0;
const volatile bool want_client = true;
const volatile bool want_server = false;
/* Else only totals are kept. */
const volatile bool want_messages = true;

/* Inserted at the first query of a process; the user side takes idle ones out when it gets full. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct dns_process_key);
	__type(value, struct dns_process_total);
} totals SEC(".maps");

/* Added to by the programs, read by the user side. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, DNS_COUNTS);
	__type(key, __u32);
	__type(value, __u64);
} dns_counts SEC(".maps");

/* In one step, as count() does. */
static __always_inline void dns_count(__u32 slot)
{
	__u64 *value = bpf_map_lookup_elem(&dns_counts, &slot);

	if (value)
		__sync_fetch_and_add(value, 1);
}

static __always_inline bool watched(__be16 port)
{
	bool found = false;

#pragma unroll
	for (__u32 i = 0; i < DNS_PORTS; i++)
		if (i < port_count && ports[i] == port)
			found = true;
	return found;
}

/* True when this message and what belongs to it is left out, to stay within the budget. */
static __always_inline bool left_out(__u64 cookie, __u16 id, bool counted)
{
	__u32 zero = 0;
	struct control *now = bpf_map_lookup_elem(&control, &zero);

	if (!now || now->sample_every <= 1 || dns_thin_hash(cookie, id) % now->sample_every == 0)
		return false;
	if (counted)
		count(COUNT_THINNED);
	return true;
}

static __always_inline void count_query(const struct told *told)
{
	struct dns_process_key key = { .start_ns = told->process.start_ns, .tgid = told->process.tgid };
	struct dns_process_total *total = bpf_map_lookup_elem(&totals, &key);

	if (!total) {
		struct dns_process_total first = { .process = told->process };

		bpf_map_update_elem(&totals, &key, &first, BPF_NOEXIST);
		total = bpf_map_lookup_elem(&totals, &key);
		if (!total) {
			count(COUNT_EVICTED);
			return;
		}
	}
	__sync_fetch_and_add(&total->queries, 1);
	total->last_ns = told->packet.time_ns;
}

static __always_inline void count_answer(const struct process *process, __u8 rcode)
{
	struct dns_process_key key = { .start_ns = process->start_ns, .tgid = process->tgid };
	struct dns_process_total *total = bpf_map_lookup_elem(&totals, &key);

	if (!total)
		return;
	__sync_fetch_and_add(&total->answers, 1);
	if (rcode == 3)
		__sync_fetch_and_add(&total->nxdomain, 1);
	else if (rcode)
		__sync_fetch_and_add(&total->failed, 1);
}

static __always_inline void read_addresses(struct dns_packet *packet, struct __sk_buff *ctx, struct bpf_sock *socket)
{
	/* All are read, whatever is needed: the verifier takes no address within a socket that depends on something. */
	__u32 peer4 = socket->dst_ip4, peer6[4] = { socket->dst_ip6[0], socket->dst_ip6[1], socket->dst_ip6[2],
						    socket->dst_ip6[3] };
	bool v4 = packet->version == 4;
	__u32 size = v4 ? 4 : 16, at = v4 ? offsetof(struct iphdr, saddr) : offsetof(struct ipv6hdr, saddr);

	bpf_skb_load_bytes(ctx, at, packet->source, size);
	bpf_skb_load_bytes(ctx, at + size, packet->destination, size);
	packet->peer_port = bpf_ntohs(socket->dst_port);
	if (!packet->peer_port)
		return;
	if (v4)
		*(__u32 *)packet->peer = peer4;
	else
		__builtin_memcpy(packet->peer, peer6, sizeof(peer6));
}

static __always_inline void on_datagram(struct __sk_buff *ctx, struct told *told, struct bpf_sock *socket,
					struct sock *sk, __u32 offset, bool egress, bool server)
{
	/* What a client sends and a server receives. */
	bool query = egress != server;
	__u32 length = ctx->len > offset ? ctx->len - offset : 0;
	struct {
		__be16 id;
		__u8 flags, rcode;
	} head = {};
	const struct process *holder = NULL;

	/* A datagram leaves in the context of whoever sends it. */
	if (egress ? !add_sender(told, socket, sk) : !add_holder(told, socket, sk, server, &holder))
		return;
	bpf_skb_load_bytes(ctx, offset, &head, sizeof(head));
	dns_count(query ? DNS_SEEN_QUERIES : DNS_SEEN_ANSWERS);
	if (!server && egress)
		count_query(told);
	else if (!server && holder)
		count_answer(holder, head.rcode & 15);
	if (!want_messages || left_out(told->packet.cookie, head.id, query))
		return;
	/* Several datagrams in one, which the kernel cuts apart later (UDP_SEGMENT): the first is told, the rest is lost. */
	if (ctx->gso_size && ctx->gso_size < length) {
		length = ctx->gso_size;
		count(COUNT_LOST);
		dns_count(query ? DNS_LOST_QUERIES : DNS_LOST_ANSWERS);
	}
	told->packet.length = length;
	if (!tell(ctx, told, offset))
		dns_count(query ? DNS_LOST_QUERIES : DNS_LOST_ANSWERS);
}

/*
 * A process holds the socket's lock while it sends. What softirq sends, it sends without: what a timer sends again, or what an
 * acknowledgement has made room for.
 */
static __always_inline void on_segment(struct __sk_buff *ctx, struct told *told, struct bpf_sock *socket,
				       struct sock *sk, __u32 offset, bool egress)
{
	struct tcp_sock *tcp = (void *)sk;
	const struct process *holder;
	struct tcphdr header;
	__u32 length;
	bool start;

	if (!want_messages)
		return;
	if (bpf_skb_load_bytes(ctx, offset, &header, sizeof(header)))
		return;
	offset += header.doff * 4;
	length = ctx->len > offset ? ctx->len - offset : 0;
	/* Acknowledgements alone say nothing. */
	if (!length && !header.fin && !header.rst)
		return;
	if (egress && BPF_CORE_READ(sk, sk_lock.owned) ? !add_sender(told, socket, sk) :
							 !add_holder(told, socket, sk, true, &holder))
		return;
	/* What is being sent is counted already, what is being received is not yet. */
	start = egress ? BPF_CORE_READ(tcp, bytes_sent) == length : BPF_CORE_READ(tcp, bytes_received) == 0;
	told->packet.flags ^= (start ? DNS_START : 0) | (header.fin ? DNS_FIN : 0) | (header.rst ? DNS_RST : 0);
	told->packet.next = egress ? BPF_CORE_READ(tcp, snd_nxt) : BPF_CORE_READ(tcp, rcv_nxt);
	told->packet.seq = bpf_ntohl(header.seq);
	/* A SYN takes a number, what comes with it (RFC 7413) is behind. */
	if (header.syn) {
		told->packet.seq++;
		told->packet.next = told->packet.seq;
	}
	told->packet.length = length < PIECE ? length : PIECE;
	if (!tell(ctx, told, offset))
		dns_count(DNS_LOST_SEGMENTS);
	for (int i = 1; i < MOST_PIECES && length > PIECE; i++) {
		length -= PIECE;
		offset += PIECE;
		told->packet.seq += PIECE;
		told->packet.length = length < PIECE ? length : PIECE;
		if (!tell_rest(ctx, told, offset))
			dns_count(DNS_LOST_SEGMENTS);
	}
}

struct ports {
	__be16 source, destination;
};

/* Where the transport header begins; 0 when it is neither UDP nor TCP. */
static __always_inline __u32 find_transport(struct __sk_buff *ctx, __u8 *protocol, __u8 *version, struct ports *ports)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ports *there;
	struct iphdr *ip = data;
	struct ipv6hdr *ip6 = data;
	struct sk_buff *skb = (void *)ctx;
	__u32 offset;

	if ((void *)(ip + 1) > end)
		return 0;
	*version = ip->version;
	if (ip->version == 4) {
		*protocol = ip->protocol;
		offset = ip->ihl * 4;
	} else if (ip->version == 6 && (void *)(ip6 + 1) <= end) {
		*protocol = ip6->nexthdr;
		offset = sizeof(*ip6);
	} else {
		return 0;
	}
	if (*protocol == IPPROTO_ICMP || *protocol == IPPROTO_ICMPV6)
		return 0;
	if (*protocol != IPPROTO_UDP && *protocol != IPPROTO_TCP) {
		/* Behind extension headers; the stack has found it. */
		*protocol = (__u8)BPF_CORE_READ(skb, sk, sk_protocol);
		if (ip->version == 4 || (*protocol != IPPROTO_UDP && *protocol != IPPROTO_TCP))
			return 0;
		offset = (__u16)(BPF_CORE_READ(skb, transport_header) - BPF_CORE_READ(skb, network_header));
		return bpf_skb_load_bytes(ctx, offset, ports, sizeof(*ports)) ? 0 : offset;
	}
	there = data + offset;
	if ((void *)(there + 1) > end)
		return 0;
	*ports = *there;
	return offset;
}

/* True when the header's QR bit is set. */
static __always_inline bool is_response(struct __sk_buff *ctx, __u32 offset)
{
	__u8 flags = 0;

	bpf_skb_load_bytes(ctx, offset + 2, &flags, 1);
	return flags & 0x80;
}

static __always_inline int look_at(struct __sk_buff *ctx, bool egress)
{
	struct ports ports_of = {};
	__u8 protocol = 0, version = 0;
	bool source, destination, server;
	struct bpf_sock *socket = ctx->sk;
	struct sock *sk;
	struct told told;
	__u32 offset;

	if (!socket)
		return PASS;
	offset = find_transport(ctx, &protocol, &version, &ports_of);
	if (!offset)
		return PASS;
	source = watched(ports_of.source);
	destination = watched(ports_of.destination);
	/* The peer of a connected socket, should the packet's port have been translated. */
	if (!source && !destination) {
		if (!watched(socket->dst_port))
			return PASS;
		source = !egress;
		destination = egress;
	}
	server = egress ? source : destination;
	if (source && destination)
		server = protocol == IPPROTO_UDP && is_response(ctx, offset + sizeof(struct udphdr)) == egress;
	sk = BPF_CORE_READ((struct sk_buff *)ctx, sk);
	/* Whoever answers here may ask elsewhere. */
	if (server && egress && (protocol == IPPROTO_UDP || BPF_CORE_READ(sk, sk_lock.owned)))
		remember_server();
	if (server ? !want_server : !want_client)
		return PASS;
	socket = bpf_sk_fullsock(socket);
	if (!socket)
		return PASS;

	told.packet = blank_packet;
	told.process = blank_process;
	told.packet.time_ns = bpf_ktime_get_ns();
	told.packet.cookie = bpf_get_socket_cookie(ctx);
	told.packet.flags ^= (egress ? DNS_EGRESS : 0) | (server ? DNS_SERVER : 0);
	told.packet.protocol = protocol;
	told.packet.version = version;
	told.packet.sport = bpf_ntohs(ports_of.source);
	told.packet.dport = bpf_ntohs(ports_of.destination);
	read_addresses(&told.packet, ctx, socket);
	if (protocol == IPPROTO_UDP)
		on_datagram(ctx, &told, socket, sk, offset + sizeof(struct udphdr), egress, server);
	else
		on_segment(ctx, &told, socket, sk, offset, egress);
	return PASS;
}

SEC("cgroup_skb/egress")
int on_egress(struct __sk_buff *ctx)
{
	return look_at(ctx, true);
}

SEC("cgroup_skb/ingress")
int on_ingress(struct __sk_buff *ctx)
{
	return look_at(ctx, false);
}
