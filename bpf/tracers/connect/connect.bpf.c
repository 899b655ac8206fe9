// SPDX-License-Identifier: GPL-2.0
/*
 * Follows each TCP connection by its socket's states (tracepoint sock:inet_sock_set_state), from the first to TCP_CLOSE.
 * Which process it belongs to is known by owner.bpf.h, or by who closes it: some changes of state happen only in the
 * process itself.
 */
#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "counts.bpf.h"
#include "owner.bpf.h"
#include "socket.bpf.h"

#define IPPROTO_TCP 6

char LICENSE[] SEC("license") = "GPL";

/* enum direction; 0: both. */
const volatile __u8 chosen_direction;
/* The one that is connected to; 0: any. */
const volatile __u16 chosen_port;
const volatile bool only_failed;
/* Tell also of connections as they are established. */
const volatile bool tell_opened;

/* Filled by the programs, emptied by the user side. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 2 * 1024 * 1024);
} events SEC(".maps");

/* Key: the socket's address. Inserted with its first change of state; deleted when it has ended. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, __u64);
	__type(value, struct connection);
} connections SEC(".maps");

/* Inserted by the programs, never deleted. What has no room is in the row whose key is zero, made by the user side. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192 + 1);
	__type(key, struct peer_key);
	__type(value, struct peer);
} peers SEC(".maps");

static __always_inline bool is_wanted(const struct connection *connection)
{
	if (chosen_direction && connection->direction && connection->direction != chosen_direction)
		return false;
	if (!chosen_port)
		return true;
	if (connection->direction != DIRECTION_ACCEPT && connection->rport == chosen_port)
		return true;
	return connection->direction != DIRECTION_CONNECT && connection->lport == chosen_port;
}

static __always_inline void key_of(const struct connection *connection, const struct process *owner, struct peer_key *key)
{
	__builtin_memcpy(key->remote, connection->remote, sizeof(key->remote));
	key->netns = connection->netns;
	key->family = connection->family;
	key->direction = connection->direction;
	if (connection->direction == DIRECTION_CONNECT)
		key->port = connection->rport;
	else if (connection->direction == DIRECTION_ACCEPT)
		key->port = connection->lport;
	if (owner) {
		key->cgroup_id = owner->cgroup_id;
		__builtin_memcpy(key->comm, owner->comm, sizeof(key->comm));
	}
}

static __always_inline struct peer *peer_of(const struct peer_key *key)
{
	struct peer *peer = bpf_map_lookup_elem(&peers, key);
	struct peer none = {};
	struct peer_key others = {};

	if (peer)
		return peer;
	/* Another CPU may have made it meanwhile: then this fails and finds that one. */
	bpf_map_update_elem(&peers, key, &none, BPF_NOEXIST);
	peer = bpf_map_lookup_elem(&peers, key);
	if (peer)
		return peer;
	count(COUNT_EVICTED);
	return bpf_map_lookup_elem(&peers, &others);
}

static __always_inline void count_ended(const struct connection *connection, const struct process *owner)
{
	struct peer_key key = {};
	struct peer *peer;
	__u64 latency;

	key_of(connection, owner, &key);
	peer = peer_of(&key);
	if (!peer)
		return;
	if (connection->outcome < OUTCOMES)
		__sync_fetch_and_add(&peer->outcomes[connection->outcome], 1);
	if (connection->end == END_LOCAL_RESET || connection->end == END_REMOTE_RESET)
		__sync_fetch_and_add(&peer->resets, 1);
	__sync_fetch_and_add(&peer->sent, connection->sent);
	__sync_fetch_and_add(&peer->received, connection->received);
	peer->last_ns = connection->end_ns;
	if (connection->direction != DIRECTION_CONNECT || !connection->start_ns || !connection->established_ns)
		return;
	latency = connection->established_ns - connection->start_ns;
	__sync_fetch_and_add(&peer->latency_sum_ns, latency);
	if (latency > peer->latency_max_ns)
		peer->latency_max_ns = latency;
}

static __always_inline void tell(const struct connection *connection, const struct process *owner, __u64 now)
{
	struct connect_event *event;

	if (only_failed && connection->outcome == OUTCOME_ESTABLISHED && connection->end <= END_CLOSED)
		return;
	if (thinned_out())
		return;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		count(COUNT_LOST);
		return;
	}
	event->time_ns = now;
	event->connection = *connection;
	if (owner)
		event->owner = *owner;
	else
		__builtin_memset(&event->owner, 0, sizeof(event->owner));
	bpf_ringbuf_submit(event, 0);
}

static __always_inline void finish(struct sock *sk, const struct connection *connection, __u64 now)
{
	__u64 address = (__u64)sk;
	const struct process *owner = owner_of(address);

	if (!is_wanted(connection))
		return;
	count_ended(connection, owner);
	tell(connection, owner, now);
}

/* The entry of a socket that was there before the run began is made when it is first seen, leaving this state. */
static __always_inline struct connection *connection_of(__u64 address, int state)
{
	struct connection *connection = bpf_map_lookup_elem(&connections, &address);
	struct connection old = {};

	if (connection)
		return connection;
	old.direction = state == TCP_SYN_SENT ? DIRECTION_CONNECT : DIRECTION_UNKNOWN;
	old.outcome = state == TCP_SYN_SENT ? OUTCOME_PENDING : OUTCOME_ESTABLISHED;
	if (bpf_map_update_elem(&connections, &address, &old, BPF_NOEXIST))
		count(COUNT_EVICTED);
	return bpf_map_lookup_elem(&connections, &address);
}

static __always_inline void begin(struct sock *sk, __u64 now, enum direction direction)
{
	struct connection connection = { .start_ns = now, .direction = direction };
	__u64 address = (__u64)sk;

	if (bpf_map_update_elem(&connections, &address, &connection, BPF_ANY))
		count(COUNT_EVICTED);
}

static __always_inline void established(struct sock *sk, __u64 now)
{
	__u64 address = (__u64)sk;
	struct connection *connection = bpf_map_lookup_elem(&connections, &address);

	if (!connection)
		return;
	connection->established_ns = now;
	connection->outcome = OUTCOME_ESTABLISHED;
	if (!tell_opened)
		return;
	read_addresses(sk, connection);
	if (is_wanted(connection))
		tell(connection, owner_of(address), now);
}

static __always_inline void closed(struct sock *sk, int state, __u64 now)
{
	__u64 address = (__u64)sk;
	struct connection *connection = connection_of(address, state);
	int error = BPF_CORE_READ(sk, sk_err);

	if (!connection)
		return;
	connection->end_ns = now;
	connection->error = error;
	read_addresses(sk, connection);
	read_figures(sk, connection);
	if (connection->outcome == OUTCOME_ESTABLISHED) {
		connection->end = end_of(error, state);
	} else {
		connection->outcome = outcome_of(sk, error, connection->direction);
		connection->end = END_NONE;
	}
	if (connection->end == END_LOCAL_RESET && BPF_CORE_READ(sk, sk_socket))
		owner_is_current_if_unknown(sk);
	/* Ended from outside before its process was known: it will be when that one closes it. */
	if (!owner_of(address) && BPF_CORE_READ(sk, sk_socket)) {
		connection->waiting = 1;
		return;
	}
	finish(sk, connection, now);
	bpf_map_delete_elem(&connections, &address);
}

SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(owner_on_state, struct sock *sk, int old, int new)
{
	__u64 address = (__u64)sk, now;
	struct connection *connection;

	if (BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP)
		return 0;
	owner_state(sk, old, new);
	now = bpf_ktime_get_ns();
	switch (new) {
	case TCP_SYN_SENT:
		begin(sk, now, DIRECTION_CONNECT);
		break;
	case TCP_SYN_RECV:
		/* A copy of the listening socket. From TCP_SYN_SENT: both sides connected at once. */
		if (old == TCP_LISTEN)
			begin(sk, now, DIRECTION_ACCEPT);
		break;
	case TCP_ESTABLISHED:
		established(sk, now);
		break;
	case TCP_FIN_WAIT1:
	case TCP_LAST_ACK:
		/* By close(2), shutdown(2) or the end of the process: the only ways here (tcp_close_state()). */
		owner_is_current_if_unknown(sk);
		connection = connection_of(address, old);
		if (connection && !connection->closed_by)
			connection->closed_by = SIDE_LOCAL;
		break;
	case TCP_CLOSE_WAIT:
		connection = connection_of(address, old);
		if (connection && !connection->closed_by)
			connection->closed_by = SIDE_REMOTE;
		break;
	case TCP_CLOSE:
		if (old != TCP_LISTEN)
			closed(sk, old, now);
		break;
	}
	return 0;
}

SEC("raw_tp/tcp_destroy_sock")
int BPF_PROG(owner_on_destroy, struct sock *sk)
{
	__u64 address = (__u64)sk;
	struct connection *connection = bpf_map_lookup_elem(&connections, &address);

	if (connection && connection->waiting) {
		owner_is_current_if_unknown(sk);
		finish(sk, connection, bpf_ktime_get_ns());
	}
	if (connection)
		bpf_map_delete_elem(&connections, &address);
	owner_forget(address);
	return 0;
}

SEC("iter/task_file")
int owner_scan(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;

	if (task && file)
		owner_scan_file(task, file);
	return 0;
}

/* Tells of all connections that are open now. */
SEC("iter/bpf_map_elem")
int list_live(struct bpf_iter__bpf_map_elem *ctx)
{
	struct connection *connection = ctx->value;
	__u64 *address = ctx->key;
	struct connect_event event = {};
	const struct process *owner;
	struct sock *sk;

	if (!connection || !address)
		return 0;
	sk = (struct sock *)*address;
	event.time_ns = bpf_ktime_get_ns();
	event.connection = *connection;
	if (!connection->waiting) {
		read_addresses(sk, &event.connection);
		read_figures(sk, &event.connection);
	}
	if (!is_wanted(&event.connection))
		return 0;
	owner = owner_of((__u64)sk);
	if (owner)
		event.owner = *owner;
	bpf_seq_write(ctx->meta->seq, &event, sizeof(event));
	return 0;
}
