// SPDX-License-Identifier: GPL-2.0
/* Process events as Tetragon takes them: exec and exit tracepoints and one raw tracepoint. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct exec_event {
	__u64 ktime;
	__u32 tgid;
	__u32 op;
	char comm[16];
};

/* Written by the programs below. Nobody reads it in the lab, so it fills and then loses events. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} tg_rb_events SEC(".maps");

/* Alive processes: inserted at exec, deleted at exit. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, __u32);
	__type(value, struct exec_event);
	__uint(max_entries, 4096);
} execve_map SEC(".maps");

/* Counted per CPU by execve_rate. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 2);
} tg_stats_map SEC(".maps");

SEC("tracepoint/sched/sched_process_exec") int event_execve(void *ctx)
{
	struct exec_event event = { .ktime = bpf_ktime_get_ns(), .tgid = bpf_get_current_pid_tgid() >> 32, .op = 5 };

	(void)ctx;
	bpf_get_current_comm(event.comm, sizeof(event.comm));
	bpf_map_update_elem(&execve_map, &event.tgid, &event, BPF_ANY);
	bpf_ringbuf_output(&tg_rb_events, &event, sizeof(event), 0);
	return 0;
}

SEC("tracepoint/sched/sched_process_exit") int event_exit(void *ctx)
{
	__u32 tgid = bpf_get_current_pid_tgid() >> 32;

	(void)ctx;
	bpf_map_delete_elem(&execve_map, &tgid);
	return 0;
}

SEC("raw_tracepoint/sched_process_exec") int execve_rate(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 zero = 0;
	__u64 *seen = bpf_map_lookup_elem(&tg_stats_map, &zero);

	(void)ctx;
	if (seen)
		*seen += 1;
	return 0;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
