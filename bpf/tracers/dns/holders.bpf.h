/* SPDX-License-Identifier: GPL-2.0 */
/* Who sends a packet, who used its socket last, and who answers queries. To be included after tell.bpf.h. */
#ifndef BPFDESK_DNS_HOLDERS_BPF_H
#define BPFDESK_DNS_HOLDERS_BPF_H

#include "process.bpf.h"

/* 0: all. */
const volatile __u32 only_tgid = 0;

/* Who used a socket last, and what of it need not be read again while it does so. */
struct holder {
	struct process process;
	/* Addresses: of the task, 0 while it is written; of its memory map and its set of cgroups; of whose name it bears. */
	__u64 task, mm, cgroups, named;
	__u32 netns;
	__u32 spare;
};

/* Inserted at a packet that a process sends, freed with the socket. */
struct {
	__uint(type, BPF_MAP_TYPE_SK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct holder);
} holders SEC(".maps");

/*
 * The same by the socket's cookie, where the kernel gives no memory for the above: newer ones take it without waiting, which
 * may fail, and always does on a CPU that cannot exchange 16 bytes at once (kmalloc_nolock). The least recently used make room.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, __u64);
	__type(value, struct process);
} holders_by_cookie SEC(".maps");

/* Processes that answer queries. Inserted at an answer they send; the least recently seen make room. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, __u32);
	__type(value, __u8);
} servers SEC(".maps");

/* Reads all of it, and remembers it with the socket if there is room for that. */
static __always_inline void read_sender(struct told *told, struct task_struct *task, struct holder *holder)
{
	read_process(&told->process, task);
	if (!holder)
		return;
	holder->task = 0;
	barrier();
	holder->process = told->process;
	holder->mm = (__u64)BPF_CORE_READ(task, mm);
	holder->cgroups = (__u64)BPF_CORE_READ(task, cgroups);
	holder->named = (__u64)task_named(task);
	barrier();
	holder->task = (__u64)task;
}

/* What is remembered is still right: the same task, which has run no other file and is in the same cgroups. */
static __always_inline bool take_sender(struct told *told, struct task_struct *task, struct holder *holder)
{
	struct task_struct *named;

	if (!holder || holder->task != (__u64)task || holder->mm != (__u64)BPF_CORE_READ(task, mm) ||
	    holder->cgroups != (__u64)BPF_CORE_READ(task, cgroups))
		return false;
	told->process = holder->process;
	named = (void *)holder->named;
	barrier();
	/* Another thread may have sent meanwhile. */
	if (holder->task != (__u64)task)
		return false;
	/* Threads rename themselves. */
	bpf_probe_read_kernel(told->process.comm, sizeof(told->process.comm), &named->comm);
	return true;
}

static __always_inline void add_netns(struct told *told, struct sock *sk, struct holder *holder)
{
	if (holder && holder->netns) {
		told->packet.netns = holder->netns;
		return;
	}
	told->packet.netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	if (holder)
		holder->netns = told->packet.netns;
}

/* Adds the process that sends this packet. False when it is not asked about. */
static __always_inline bool add_sender(struct told *told, struct bpf_sock *socket, struct sock *sk)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct holder *holder;

	holder = bpf_sk_storage_get(&holders, socket, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!take_sender(told, task, holder))
		read_sender(told, task, holder);
	if (!holder)
		bpf_map_update_elem(&holders_by_cookie, &told->packet.cookie, &told->process, BPF_ANY);
	add_netns(told, sk, holder);
	told->packet.flags ^= DNS_HAS_PROCESS;
	if (bpf_map_lookup_elem(&servers, &told->process.tgid))
		told->packet.flags ^= DNS_FORWARDER;
	return !only_tgid || told->process.tgid == only_tgid;
}

/* The process that used the socket last, if it is known, added if `whole`. False when it is not the one asked about. */
static __always_inline bool add_holder(struct told *told, struct bpf_sock *socket, struct sock *sk, bool whole,
				       const struct process **found)
{
	struct holder *holder = bpf_sk_storage_get(&holders, socket, 0, 0);
	const struct process *process;

	if (holder)
		process = &holder->process;
	else
		process = bpf_map_lookup_elem(&holders_by_cookie, &told->packet.cookie);
	*found = process;
	add_netns(told, sk, holder);
	if (!process)
		return !only_tgid;
	if (whole) {
		told->process = *process;
		told->packet.flags ^= DNS_HAS_PROCESS | DNS_HOLDER;
		if (bpf_map_lookup_elem(&servers, &told->process.tgid))
			told->packet.flags ^= DNS_FORWARDER;
	}
	return !only_tgid || process->tgid == only_tgid;
}

/* The process that sends this answers queries. */
static __always_inline void remember_server(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	__u32 tgid = BPF_CORE_READ(task, tgid);
	__u8 one = 1;

	if (!bpf_map_lookup_elem(&servers, &tgid))
		bpf_map_update_elem(&servers, &tgid, &one, BPF_ANY);
}

#endif
