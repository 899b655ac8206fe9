/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whose packet it was: the socket that sent it or was to get it. The process is known as owner.bpf.h knows it. A socket
 * of UDP leaves no trace when it is closed, so there what a scan found holds only while the inode is the same.
 */
#ifndef BPFDESK_DROPS_HOLDER_BPF_H
#define BPFDESK_DROPS_HOLDER_BPF_H

#include "owner.bpf.h"
#include "drops.h"

#define IPPROTO_TCP 6
/* include/net/tcp_states.h: what has these states is no whole socket. */
#define TCP_TIME_WAIT 6
#define TCP_NEW_SYN_RECV 12

/* Before 8520e224f547 (5.16) it was a word whose low bits said whether the rest is a pointer. */
struct sock_cgroup_data___word {
	__u64 val;
} __attribute__((preserve_access_index));

/* Key: the address of a socket without connection; value: its inode. Inserted by the scan; the oldest are given up. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, __u64);
} inodes SEC(".maps");

/* Added to by the program when a packet has a socket without a known process; the user side scans then. */
__u64 unknown_holders = 0;

static __always_inline __u64 inode_of(struct sock *sk)
{
	return BPF_CORE_READ(sk, sk_socket, file, f_inode, i_ino);
}

static __always_inline __u64 socket_cgroup(struct sock *sk)
{
	struct sock_cgroup_data___word *word = (void *)&sk->sk_cgrp_data;
	struct cgroup *cgroup;
	__u64 value;

	if (bpf_core_field_exists(sk->sk_cgrp_data.cgroup)) {
		cgroup = BPF_CORE_READ(sk, sk_cgrp_data.cgroup);
	} else {
		value = BPF_CORE_READ(word, val);
		cgroup = value & 1 ? NULL : (struct cgroup *)(value & ~3ull);
	}
	return cgroup ? BPF_CORE_READ(cgroup, kn, id) : 0;
}

/* `holder` must be zeroed. */
static __always_inline void read_holder(struct sock *sk, struct drop_holder *holder)
{
	__u64 address = (__u64)sk, *inode;
	const struct process *process;
	__u16 family;
	__u8 state;

	if (!sk)
		return;
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	state = BPF_CORE_READ(sk, __sk_common.skc_state);
	if ((family != AF_INET && family != AF_INET6) || state == TCP_TIME_WAIT || state == TCP_NEW_SYN_RECV)
		return;
	holder->known = 1;
	holder->uid = BPF_CORE_READ(sk, sk_uid.val);
	holder->cgroup_id = socket_cgroup(sk);
	process = owner_of(address);
	if (process && BPF_CORE_READ(sk, sk_protocol) != IPPROTO_TCP) {
		inode = bpf_map_lookup_elem(&inodes, &address);
		if (!inode || *inode != inode_of(sk))
			process = NULL;
	}
	if (process)
		holder->process = *process;
	else
		__sync_fetch_and_add(&unknown_holders, 1);
}

SEC("iter/task_file")
int owner_scan(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	__u64 address, inode;
	struct sock *sk;

	if (!task || !file)
		return 0;
	sk = owner_scan_file(task, file);
	if (!sk || BPF_CORE_READ(sk, sk_protocol) == IPPROTO_TCP)
		return 0;
	address = (__u64)sk;
	inode = inode_of(sk);
	bpf_map_update_elem(&inodes, &address, &inode, BPF_ANY);
	return 0;
}

SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(owner_on_state, const struct sock *sk, int old, int new)
{
	owner_state(sk, old, new);
	return 0;
}

SEC("raw_tp/tcp_destroy_sock")
int BPF_PROG(owner_on_destroy, const struct sock *sk)
{
	owner_forget((__u64)sk);
	return 0;
}

#endif
