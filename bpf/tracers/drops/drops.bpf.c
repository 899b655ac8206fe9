// SPDX-License-Identifier: GPL-2.0
/* Packets that are freed with a drop reason. */
#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include "counts.bpf.h"
#include "drops.h"

char LICENSE[] SEC("license") = "GPL";

/* Filled by the program, emptied by the user side. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} events SEC(".maps");

SEC("raw_tp/kfree_skb")
int BPF_PROG(on_kfree_skb, struct sk_buff *skb, void *location, int reason)
{
	struct drop_event *event;

	if (thinned_out())
		return 0;
	event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	if (!event) {
		count(COUNT_LOST);
		return 0;
	}
	event->time_ns = bpf_ktime_get_ns();
	event->reason = (__u32)reason;
	event->len = BPF_CORE_READ(skb, len);
	event->pid = bpf_get_current_pid_tgid() >> 32;
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	bpf_ringbuf_submit(event, 0);
	return 0;
}
