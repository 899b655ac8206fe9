// SPDX-License-Identifier: GPL-2.0
/*
 * Segments that TCP sends again, and how many it sends at all.
 *
 * Retransmissions are events (two tracepoints). What is sent is not counted packet by packet: every socket counts its
 * segments itself (tcp_sock.segs_out, total_retrans). Those counters are settled, which is to say that their growth is
 * added to the destination's, when the scan of open files comes by (once a second) and when the socket is freed.
 *
 * Since 6.1 the kernel leaves out a program that is running on the same CPU already (05b24ff9b2cf): what softirq does while
 * a system call is in the program would be missed. So both tracepoints that strike in both have two programs, of which
 * the second does what the first did not get to.
 */
#include "kernel.h"
#include "owner.bpf.h"
#include "flows.bpf.h"
#include "retrans.h"

char LICENSE[] SEC("license") = "GPL";

/* include/net/inet_connection_sock.h, include/net/tcp.h, include/uapi/linux/tcp.h */
#define ICSK_TIME_LOSS_PROBE 5
#define TCPCB_LOST 0x04
#define TCPHDR_SYN 0x02
#define TCP_CA_RECOVERY 3
#define TCP_CA_LOSS 4
#define IPPROTO_TCP 6

/* Filled by the two tracepoints, emptied by the user side. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 512 * 1024);
} events SEC(".maps");

SEC("iter/task_file")
int owner_scan(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct sock *sk;
	struct flow *flow;
	__u64 address;
	__u8 state;

	if (!task || !file)
		return 0;
	sk = owner_scan_file(task, file);
	if (!sk)
		return 0;
	state = BPF_CORE_READ(sk, __sk_common.skc_state);
	if (state == TCP_LISTEN) {
		note_listening(sk);
		return 0;
	}
	if (!counting)
		return 0;
	address = (__u64)sk;
	flow = bpf_map_lookup_elem(&flows, &address);
	/* A connection that was left to a child is counted as the child's: one scan later. */
	if (flow && owner_is_sure(address))
		settle(sk, flow);
	else if (!flow && state != TCP_CLOSE)
		watch(sk, NOT_SEEN_TO_BEGIN, 0, 0);
	return 0;
}

/* The changes that packets and timers make. Harmless when called twice. */
static __always_inline void state_from_below(const struct sock *sk, int old, int new)
{
	__u64 address = (__u64)sk;
	struct flow *flow;

	if (old == TCP_SYN_RECV && new == TCP_ESTABLISHED) {
		/*
		 * Its SYN-ACK went out before there was a socket to count it. Repeated ones were counted as they went
		 * out, and are in total_retrans again (tcp_create_openreq_child()).
		 */
		if (!bpf_map_lookup_elem(&flows, &address))
			watch(sk, ACCEPTED, 1, 0);
	} else if (new == TCP_CLOSE) {
		flow = bpf_map_lookup_elem(&flows, &address);
		if (flow)
			read_counters(sk, flow, &flow->sent_at_close, &flow->retrans_at_close);
	}
}

SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(on_state, const struct sock *sk, int old, int new)
{
	__u64 address = (__u64)sk;
	struct flow *flow;

	if (BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	owner_state(sk, old, new);
	state_from_below(sk, old, new);
	if (new == TCP_LISTEN) {
		note_listening(sk);
	} else if (old == TCP_CLOSE && new == TCP_SYN_SENT) {
		/*
		 * A socket that is connected a second time, maybe elsewhere. The scan may come by at this very moment and
		 * count the last growth of the first attempt twice.
		 */
		flow = bpf_map_lookup_elem(&flows, &address);
		if (flow)
			settle(sk, flow);
		watch(sk, BEGUN_HERE, 0, 0);
	}
	return 0;
}

SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(on_state_again, const struct sock *sk, int old, int new)
{
	if ((new == TCP_ESTABLISHED || new == TCP_CLOSE) && BPF_CORE_READ(sk, sk_protocol) == IPPROTO_TCP)
		state_from_below(sk, old, new);
	return 0;
}

SEC("raw_tp/tcp_destroy_sock")
int BPF_PROG(on_destroy, const struct sock *sk)
{
	__u64 address = (__u64)sk;
	struct flow *flow = bpf_map_lookup_elem(&flows, &address);

	if (flow) {
		const struct process *owner = flow->last_ns ? owner_of(address) : NULL;
		struct flow_key key = { .socket = address, .begun_ns = flow->begun_ns };

		settle(sk, flow);
		if (owner)
			bpf_map_update_elem(&gone, &key, owner, BPF_ANY);
		bpf_map_delete_elem(&flows, &address);
	}
	owner_forget(address);
	return 0;
}

/* NULL when it is left out or there is no room. */
static __always_inline struct retrans_event *new_event(const struct sock *sk, __u64 begun_ns,
						       const struct process *owner)
{
	struct retrans_event *event;

	if (thinned_out())
		return NULL;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		count(COUNT_LOST);
		return NULL;
	}
	event->time_ns = bpf_ktime_get_ns();
	event->flow.socket = (__u64)sk;
	event->flow.begun_ns = begun_ns;
	event->cgroup_id = cgroup_id_of(sk, owner);
	event->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	event->owner_known = owner != NULL;
	if (owner)
		event->owner = *owner;
	return event;
}

/*
 * Which part of TCP sent it again. Seen from within __tcp_retransmit_skb(): the timer handler has cleared icsk_pending
 * for a timeout and not for a loss probe (tcp_write_timer_handler()); what acknowledgements ask for is marked lost, and a
 * probe's segment is not (tcp_xmit_retransmit_queue()).
 */
static __always_inline enum retrans_kind kind_of(const struct sock *sk, const struct tcp_skb_cb *cb)
{
	const struct inet_connection_sock *icsk = (const void *)sk;
	__u8 pending = BPF_CORE_READ(icsk, icsk_pending);
	bool lost = BPF_CORE_READ(cb, sacked) & TCPCB_LOST;
	__u8 ca_state;

	if (BPF_CORE_READ(cb, tcp_flags) & TCPHDR_SYN)
		return BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_SYN_SENT ? KIND_SYN : KIND_SYNACK;
	if (pending == ICSK_TIME_LOSS_PROBE && !lost)
		return KIND_PROBE;
	ca_state = BPF_CORE_READ_BITFIELD_PROBED(icsk, icsk_ca_state);
	if (ca_state == TCP_CA_LOSS)
		return pending ? KIND_AFTER_TIMEOUT : KIND_TIMEOUT;
	return ca_state == TCP_CA_RECOVERY ? KIND_FAST : KIND_OTHER;
}

/* Nothing when it was called for the same retransmission before. */
static __always_inline int retransmitted(struct bpf_raw_tracepoint_args *ctx)
{
	const struct sock *sk = (const struct sock *)ctx->args[0];
	const struct sk_buff *skb = (const struct sk_buff *)ctx->args[1];
	const struct inet_connection_sock *icsk = (const void *)sk;
	const struct tcp_skb_cb *cb = (const void *)&skb->cb;
	const struct tcp_sock *tp = (const void *)sk;
	__u32 segments = BPF_CORE_READ(cb, tcp_gso_segs);
	enum retrans_kind kind = kind_of(sk, cb);
	struct retrans_event *event;
	const struct process *owner;
	__u64 address = (__u64)sk;
	__u32 total_retrans;
	struct flow *flow;
	int error = 0;

	/*
	 * Newer kernels also tell of what was not sent. Where TCP tried it, total_retrans has grown, as on all kernels; where
	 * it did not (no route, or the first one still waits in a queue of this node) nothing was retransmitted.
	 */
	if (bpf_core_field_exists(struct trace_event_raw_tcp_retransmit_skb, err))
		error = (int)ctx->args[2];
	total_retrans = BPF_CORE_READ(tp, total_retrans);
	flow = bpf_map_lookup_elem(&flows, &address);
	if (flow) {
		if (flow->total_retrans == total_retrans)
			return 0;
		flow->total_retrans = total_retrans;
	} else {
		/* Whether it has grown is not known: what was refused with less than an error was tried. */
		if (error >= 0)
			flow = watch(sk, NOT_SEEN_TO_BEGIN, segments, segments);
		if (!flow)
			return 0;
	}
	__sync_fetch_and_add(&flow->kinds[error ? KIND_REFUSED : kind], segments);
	flow->last_ns = bpf_ktime_get_ns();
	if (has_no_file(sk))
		settle(sk, flow);
	owner = owner_of(address);
	if (owner && !is_owner_wanted(owner))
		return 0;
	event = new_event(sk, flow->begun_ns, owner);
	if (!event)
		return 0;
	read_addresses(&sk->__sk_common, event->daddr, event->saddr);
	event->sport = local_port(&sk->__sk_common);
	event->dport = peer_port(&sk->__sk_common);
	event->segments = segments;
	event->error = error;
	event->srtt_us = BPF_CORE_READ(tp, srtt_us) >> 3;
	event->rto_ticks = BPF_CORE_READ(icsk, icsk_rto);
	event->cwnd = BPF_CORE_READ(tp, snd_cwnd);
	event->kind = kind;
	event->state = BPF_CORE_READ(sk, __sk_common.skc_state);
	event->timeouts = BPF_CORE_READ(icsk, icsk_retransmits);
	bpf_ringbuf_submit(event, 0);
	return 0;
}

SEC("raw_tp/tcp_retransmit_skb")
int on_retransmit(struct bpf_raw_tracepoint_args *ctx)
{
	return retransmitted(ctx);
}

SEC("raw_tp/tcp_retransmit_skb")
int on_retransmit_again(struct bpf_raw_tracepoint_args *ctx)
{
	return retransmitted(ctx);
}

/* A SYN-ACK has no socket of its own: `sk` is who listens, and the peer is in the request. */
SEC("raw_tp/tcp_retransmit_synack")
int BPF_PROG(on_retransmit_synack, const struct sock *sk, const struct request_sock *request)
{
	const struct sock_common *common = (const void *)request;
	const struct process *owner = owner_of((__u64)sk);
	struct growth growth = { .sent = 1, .retrans = 1, .kinds[KIND_SYNACK] = 1 };
	struct destination_key key = {};
	struct retrans_event *event;
	__u32 saddr[4];

	read_addresses(common, key.daddr, saddr);
	key.netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	key.dport = peer_port(common);
	key.lport = local_port(common);
	if (!wanted(key.daddr, key.dport, key.lport, key.netns) || (owner && !is_owner_wanted(owner)))
		return 0;
	event = new_event(sk, 0, owner);
	if (event) {
		__builtin_memcpy(event->daddr, key.daddr, sizeof(event->daddr));
		__builtin_memcpy(event->saddr, saddr, sizeof(event->saddr));
		event->sport = key.lport;
		event->dport = key.dport;
		event->segments = 1;
		event->error = 0;
		event->srtt_us = 0;
		event->rto_ticks = 0;
		event->cwnd = 0;
		event->kind = KIND_SYNACK;
		event->state = TCP_SYN_RECV;
		event->timeouts = BPF_CORE_READ(request, num_retrans) + 1;
		bpf_ringbuf_submit(event, 0);
	}
	if (!is_owner_wanted(owner))
		return 0;
	growth.last_ns = bpf_ktime_get_ns();
	key.tgid = owner ? owner->tgid : 0;
	key.cgroup_id = cgroup_id_of(sk, owner);
	key.dport = 0;
	if (!by_port)
		key.lport = 0;
	return grow(&key, owner, &growth);
}
