/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which process holds a socket, whatever runs on the CPU: a retransmit timer fires in softirq, on top of anybody.
 *
 * Two things fill the table: connect, listen, accept and close, which run in the process itself; and the scan, an
 * iterator over the open files of all processes (all network namespaces, no setns), which the user side runs at the
 * start and when an owner is not known (owners.h). A socket leaves the table when the kernel frees it.
 *
 * What can be wrong: of a socket that several processes hold, the first one that is known of is named. After accept
 * and fork the parent is named until the first scan in which only the child has it.
 *
 * To be included after counts.bpf.h. A tracer that has no programs of its own on these hooks also includes
 * owner_programs.bpf.h; others call owner_state(), owner_scan_file() and owner_forget() from theirs.
 */
#ifndef BPFDESK_OWNER_BPF_H
#define BPFDESK_OWNER_BPF_H

#include "kernel.h"
#include <linux/ptrace.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "counts.bpf.h"
#include "owner.h"
#include "process.bpf.h"

/* include/net/tcp_states.h */
#ifndef TCP_ESTABLISHED
#define TCP_ESTABLISHED 1
#define TCP_SYN_SENT 2
#define TCP_SYN_RECV 3
#define TCP_FIN_WAIT1 4
#define TCP_CLOSE 7
#define TCP_LAST_ACK 9
#define TCP_LISTEN 10
#endif
#define AF_INET 2
#define AF_INET6 10
#define S_IFMT 00170000
#define S_IFSOCK 0140000

/* Key: the socket's address. Inserted by connect, listen, accept, close and the scan; deleted when the socket is freed. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__type(key, __u64);
	__type(value, struct owner_entry);
} owners SEC(".maps");

/* Written by the user side around each scan. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct owner_scans);
} owner_scans SEC(".maps");

/* The protocol whose sockets a scan takes in; 0: those of TCP and of UDP. */
const volatile __u32 owner_protocol = 0;

static __always_inline struct owner_scans owner_scans_now(void)
{
	__u32 zero = 0;
	struct owner_scans *scans = bpf_map_lookup_elem(&owner_scans, &zero);
	struct owner_scans none = {};

	return scans ? *scans : none;
}

static __always_inline const struct process *owner_entry_process(const struct owner_entry *entry)
{
	if (entry->scan && !entry->first_holds && entry->scan <= owner_scans_now().complete)
		return &entry->other;
	return &entry->first;
}

/* The process that holds the socket at this address, or NULL when it is not known. */
static __always_inline const struct process *owner_of(__u64 address)
{
	const struct owner_entry *entry = bpf_map_lookup_elem(&owners, &address);

	return entry ? owner_entry_process(entry) : NULL;
}

/* A function of its own: the entry takes much of the stack. */
static __noinline int owner_put(__u64 address, struct task_struct *task, __u32 scan)
{
	struct owner_entry entry = { .scan = scan, .holders = 1, .first_holds = 1 };

	read_process(&entry.first, BPF_CORE_READ(task, group_leader));
	if (bpf_map_update_elem(&owners, &address, &entry, BPF_ANY))
		count(COUNT_EVICTED);
	return 0;
}

/* The process that runs now holds the socket: only to be called in its own context. */
static __always_inline void owner_is_current(const struct sock *sk)
{
	owner_put((__u64)sk, (struct task_struct *)bpf_get_current_task(), 0);
}

/* The same, when nobody is known yet: cheap when somebody is. */
static __always_inline void owner_is_current_if_unknown(const struct sock *sk)
{
	__u64 address = (__u64)sk;

	if (!bpf_map_lookup_elem(&owners, &address))
		owner_is_current(sk);
}

/*
 * From the scan, after owner_scan_file(): false while the process that is known of was not found with the socket. If it
 * still is not when the scan is through, it left it to another, which the next scan names from its beginning.
 */
static __always_inline bool owner_is_sure(__u64 address)
{
	const struct owner_entry *entry = bpf_map_lookup_elem(&owners, &address);

	return !entry || entry->first_holds;
}

static __always_inline void owner_forget(__u64 address)
{
	bpf_map_delete_elem(&owners, &address);
}

/*
 * From raw_tp inet_sock_set_state. These changes are made by connect(2), listen(2), and close(2) or shutdown(2) in the
 * calling process (tcp_close_state()); a kernel thread closes what a process no longer could.
 */
static __always_inline void owner_state(const struct sock *sk, int old, int new)
{
	struct task_struct *task;

	if (old == TCP_CLOSE && (new == TCP_SYN_SENT || new == TCP_LISTEN)) {
		owner_is_current(sk);
	} else if (new == TCP_FIN_WAIT1 || new == TCP_LAST_ACK) {
		task = (struct task_struct *)bpf_get_current_task();
		if (!(BPF_CORE_READ(task, flags) & PF_KTHREAD))
			owner_is_current_if_unknown(sk);
	}
}

static __always_inline bool owner_wants(const struct sock *sk)
{
	__u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);
	__u16 protocol = BPF_CORE_READ(sk, sk_protocol);

	if (family != AF_INET && family != AF_INET6)
		return false;
	if (owner_protocol)
		return protocol == owner_protocol;
	return protocol == 6 || protocol == 17;
}

/* From the iterator: the internet socket behind this open file of this task, or NULL; its owner is kept. */
static __always_inline struct sock *owner_scan_file(struct task_struct *task, struct file *file)
{
	struct owner_scans scans;
	struct owner_entry *known;
	struct socket *socket;
	struct sock *sk;
	__u64 address;
	__u32 tgid;

	/* Whoever opened the path of a Unix socket has such an inode, too, but no socket that points back to the file. */
	if ((file->f_inode->i_mode & S_IFMT) != S_IFSOCK)
		return NULL;
	socket = file->private_data;
	if (!socket || BPF_CORE_READ(socket, file) != file)
		return NULL;
	sk = BPF_CORE_READ(socket, sk);
	if (!sk || !owner_wants(sk))
		return NULL;
	scans = owner_scans_now();
	tgid = task->tgid;
	address = (__u64)sk;
	known = bpf_map_lookup_elem(&owners, &address);
	if (!known) {
		owner_put(address, task, scans.current);
		return sk;
	}
	if (known->scan != scans.current) {
		if (known->scan && !known->first_holds)
			known->first = known->other;
		known->scan = scans.current;
		known->holders = 0;
		known->first_holds = 0;
	}
	known->holders++;
	if (known->first.tgid == tgid)
		known->first_holds = 1;
	else if (known->holders == 1)
		read_process(&known->other, BPF_CORE_READ(task, group_leader));
	return sk;
}

/*
 * accept(2), in the process that accepts: fexit where the kernel can, else the kprobe, chosen by owners.c. Where it has
 * neither, who accepted is known from the next scan, or when the connection is closed. The third program, not loaded
 * unless a tracer says so, runs in the process at each receive: more often than any of the others.
 */
struct proto_accept_arg {
	int flags;
} __attribute__((preserve_access_index));

SEC("fexit/inet_csk_accept")
int owner_accept_fexit(__u64 *ctx)
{
	struct sock *sk;

	/*
	 * What it returned comes after its arguments, which are in a struct since 92ef0fd55ac8 (6.10): two in place of four.
	 * Spelled out, because the verifier allows no offset that is computed.
	 */
	if (bpf_core_type_exists(struct proto_accept_arg))
		asm volatile("%0 = *(u64 *)(%1 + 16)" : "=r"(sk) : "r"(ctx));
	else
		asm volatile("%0 = *(u64 *)(%1 + 32)" : "=r"(sk) : "r"(ctx));
	if (sk)
		owner_is_current(sk);
	return 0;
}

SEC("kretprobe/inet_csk_accept")
int BPF_KRETPROBE(owner_accept_kretprobe, struct sock *sk)
{
	if (sk)
		owner_is_current(sk);
	return 0;
}

SEC("raw_tp/tcp_rcv_space_adjust")
int BPF_PROG(owner_receive, struct sock *sk)
{
	owner_is_current_if_unknown(sk);
	return 0;
}

#endif
