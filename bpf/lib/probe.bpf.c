// SPDX-License-Identifier: GPL-2.0
/* The smallest program of each kind, to find out what this kernel takes. None of them does anything. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "GPL";

/* Filled by nobody: whether it can be made is the question. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ring SEC(".maps");

SEC("socket")
int probe_target(struct __sk_buff *skb)
{
	return skb->len > 0;
}

/* Its target is given at run time: `probe_target`. */
SEC("fexit")
int probe_fexit_prog(void *ctx)
{
	/* The verifier takes no other value from such a program. */
	return 0;
}

/* Called when a process sets its time zone: as good as never. */
SEC("fentry/do_sys_settimeofday64")
int probe_fentry(void *ctx)
{
	return 0;
}

SEC("kprobe/do_sys_settimeofday64")
int probe_kprobe(void *ctx)
{
	return 0;
}

SEC("tp_btf/oom_score_adj_update")
int probe_tp_btf(void *ctx)
{
	return 0;
}

SEC("raw_tp/oom_score_adj_update")
int probe_raw_tp(void *ctx)
{
	return 0;
}

SEC("cgroup_skb/egress")
int probe_cgroup_skb(struct __sk_buff *skb)
{
	return 1;
}

SEC("cgroup/sock_create")
int probe_cgroup_sock(struct bpf_sock *sk)
{
	return 1;
}

SEC("iter/task_file")
int probe_iter_task_file(void *ctx)
{
	return 0;
}

SEC("iter/tcp")
int probe_iter_tcp(void *ctx)
{
	return 0;
}
