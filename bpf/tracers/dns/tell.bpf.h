/* SPDX-License-Identifier: GPL-2.0 */
/* The ring that messages are told through, in items of a few sizes. To be included after counts.bpf.h and dns.h. */
#ifndef BPFDESK_DNS_TELL_BPF_H
#define BPFDESK_DNS_TELL_BPF_H

#define WAKE_EVERY_NS 5000000

/* Filled by the programs, emptied by the user side; its size is a parameter. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4 * 1024 * 1024);
} events SEC(".maps");

/* What is written to the ring, before the bytes of the message. */
struct told {
	struct dns_packet packet;
	struct process process;
};

/* All zero, which the verifier does not know: it would follow what comes after once for each way to fill it. */
struct dns_packet blank_packet;
struct process blank_process;

/* When the user side was woken last. */
__u64 woken_ns;

/*
 * A wake-up is an interrupt and costs more than all else here: one in a while is enough. The user side reads on by itself
 * for longer than that after it has found something (bpf/lib/run.c).
 */
static __always_inline __u64 wake_up(__u64 now_ns)
{
	if (now_ns - woken_ns < WAKE_EVERY_NS)
		return BPF_RB_NO_WAKEUP;
	woken_ns = now_ns;
	return BPF_RB_FORCE_WAKEUP;
}

/* One item of one size: before 5.19 there is no way to reserve as much as is needed only (bc34dee65a65). */
static __always_inline bool tell_in(struct __sk_buff *ctx, struct told *told, __u32 offset, __u32 size, __u32 head)
{
	__u32 kept = told->packet.length, less;
	struct dns_packet *item = bpf_ringbuf_reserve(&events, size, 0);

	if (!item)
		return false;
	/* Nothing is written to `told`: the verifier would follow the rest of the program once for each size. */
	__builtin_memcpy(item, told, head);
	if (kept > size - head)
		kept = size - head;
	/* 5.10 knows that it is above zero only when it sees it made so. */
	less = kept - 1;
	barrier_var(less);
	if (less < size - head && !bpf_skb_load_bytes(ctx, offset, (void *)item + head, less + 1))
		item->kept = kept;
	bpf_ringbuf_submit(item, wake_up(told->packet.time_ns));
	return true;
}

/* Tells `told->packet.length` bytes from `offset` on. */
static __noinline int tell(struct __sk_buff *ctx, struct told *told, __u32 offset)
{
	const __u32 bare = sizeof(struct dns_packet), whole = sizeof(struct told);
	__u32 length = told->packet.length;
	bool fits;

	if (told->packet.flags & DNS_HAS_PROCESS) {
		if (length <= 256 - whole)
			fits = tell_in(ctx, told, offset, 256, whole);
		else if (length <= 512 - whole)
			fits = tell_in(ctx, told, offset, 512, whole);
		else
			fits = tell_in(ctx, told, offset, 16384, whole);
	} else {
		if (length <= 192 - bare)
			fits = tell_in(ctx, told, offset, 192, bare);
		else if (length <= 320 - bare)
			fits = tell_in(ctx, told, offset, 320, bare);
		else if (length <= 1536 - bare)
			fits = tell_in(ctx, told, offset, 1536, bare);
		else if (length <= 4096 - bare)
			fits = tell_in(ctx, told, offset, 4096, bare);
		else
			fits = tell_in(ctx, told, offset, 16384, bare);
	}
	if (!fits)
		count(COUNT_LOST);
	return fits;
}

/* A further piece of a long segment, without the process. */
static __always_inline bool tell_rest(struct __sk_buff *ctx, struct told *told, __u32 offset)
{
	told->packet.flags &= ~(DNS_HAS_PROCESS | DNS_HOLDER);
	if (tell_in(ctx, told, offset, 16384, sizeof(struct dns_packet)))
		return true;
	count(COUNT_LOST);
	return false;
}

#endif
