// SPDX-License-Identifier: GPL-2.0
/* Service load balancing at the driver, as Cilium places it: cil_xdp_entry → tail_lb_ipv4. Passes all. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "lab.h"

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
	__uint(max_entries, CALL_MAX);
} cilium_calls_xdp SEC(".maps");

/* Counted per CPU by tail_lb_ipv4. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 1);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} cilium_xdp_scratch SEC(".maps");

SEC("xdp") int cil_xdp_entry(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;

	if ((void *)(eth + 1) > end || eth->h_proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	bpf_tail_call_static(ctx, &cilium_calls_xdp, CALL_XDP_LB);
	return XDP_DROP;
}

SEC("xdp") int tail_lb_ipv4(struct xdp_md *ctx)
{
	__u32 zero = 0;
	__u64 *seen = bpf_map_lookup_elem(&cilium_xdp_scratch, &zero);

	(void)ctx;
	if (seen)
		*seen += 1;
	return XDP_PASS;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
