// SPDX-License-Identifier: GPL-2.0
/*
 * Where the kernel frees a packet because of what a program of a hook returned. Of tc the reason says which hook (kfree_skb has one
 * since c504e5c2f964, 5.17; these since a568aff26ac0 and 98b4d7a4e737, 5.18). XDP_DROP has none: SKB_DROP_REASON_XDP is given only when a
 * redirect fails (do_xdp_generic), so there the place in the kernel's code says it. Nothing says which program it was.
 */
#include "kernel.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "flows.bpf.h"

char LICENSE[] SEC("license") = "GPL";

const volatile __u32 packets_per_s = 0;
/* Whether flows are told of. */
const volatile bool told_drops = false;
/* Unused ones are zero. */
const volatile struct verdict_place xdp_places[VERDICT_XDP_PLACES] = {};

/* Filled by the user side before anything is attached, counted in by the program. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 64);
	__type(key, struct verdict_hook_key);
	__type(value, struct verdict_hook);
} hooks SEC(".maps");

static __always_inline bool is_of_xdp(__u64 location)
{
#pragma unroll
	for (int i = 0; i < VERDICT_XDP_PLACES; i++)
		if (location - xdp_places[i].begin < xdp_places[i].end - xdp_places[i].begin)
			return true;
	return false;
}

/*
 * The reason is the third argument of the tracepoint where there are reasons; elsewhere a program that reads it is not attached
 * (bpf_raw_tp_link_attach compares max_ctx_offset), so it must not be read there.
 */
static __always_inline __u32 reason_of(struct bpf_raw_tracepoint_args *ctx)
{
	if (bpf_core_enum_value_exists(enum skb_drop_reason, SKB_DROP_REASON_TC_INGRESS))
		return (__u32)ctx->args[2];
	return 0;
}

/* False when it is of no hook. */
static __always_inline bool hook_of(__u32 reason, __u64 location, struct verdict_packet *packet)
{
	packet->flow.direction = VERDICT_INGRESS;
	if (bpf_core_enum_value_exists(enum skb_drop_reason, SKB_DROP_REASON_TC_INGRESS) &&
	    reason == bpf_core_enum_value(enum skb_drop_reason, SKB_DROP_REASON_TC_INGRESS))
		return true;
	if (is_of_xdp(location)) {
		packet->flow.xdp = 1;
		return true;
	}
	packet->flow.direction = VERDICT_EGRESS;
	return bpf_core_enum_value_exists(enum skb_drop_reason, SKB_DROP_REASON_TC_EGRESS) &&
	       reason == bpf_core_enum_value(enum skb_drop_reason, SKB_DROP_REASON_TC_EGRESS);
}

/* True when the tracer of the program that returned the drop has told of it. */
static __always_inline bool is_known(struct sk_buff *skb)
{
	__u32 zero = 0;
	__u64 *now = bpf_map_lookup_elem(&dropping, &zero);

	if (!now || *now != (__u64)skb)
		return false;
	*now = 0;
	return true;
}

SEC("raw_tp/kfree_skb")
int on_kfree_skb(struct bpf_raw_tracepoint_args *ctx)
{
	struct sk_buff *skb = (struct sk_buff *)ctx->args[0];
	struct verdict_hook_key key = {};
	struct verdict_packet packet = {};
	struct verdict_hook *hook;

	if (!counting || !hook_of(reason_of(ctx), ctx->args[1], &packet))
		return 0;
	describe_skb(skb, &packet);
	key.netns = packet.flow.netns;
	key.ifindex = packet.flow.ifindex;
	key.direction = packet.flow.direction;
	key.xdp = packet.flow.xdp;
	hook = bpf_map_lookup_elem(&hooks, &key);
	if (!hook)
		return 0;
	__sync_fetch_and_add(&hook->drops, 1);
	__sync_fetch_and_add(&hook->bytes, packet.len);
	if (is_known(skb))
		return 0;
	__sync_fetch_and_add(&hook->others, 1);
	/* One slot for all drops of a hook: SHOT, DROP and ABORTED look the same from here. */
	packet.flow.slot = VERDICT_SLOT_OTHER;
	if (told_drops)
		tell(&packet, packets_per_s);
	return 0;
}
