/* SPDX-License-Identifier: GPL-2.0 */
/* The programs that keep owner.bpf.h's table, for a tracer that has none of its own on these hooks. */
#ifndef BPFDESK_OWNER_PROGRAMS_BPF_H
#define BPFDESK_OWNER_PROGRAMS_BPF_H

#include "owner.bpf.h"

SEC("iter/task_file")
int owner_scan(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;

	if (task && file)
		owner_scan_file(task, file);
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
