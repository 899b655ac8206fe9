// SPDX-License-Identifier: GPL-2.0
/* Socket load balancing at the cgroup root. Every call is allowed; connects are counted. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

/* Counted by cil_sock4_connect, one slot. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 1);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} cilium_sock_count SEC(".maps");

SEC("cgroup/connect4") int cil_sock4_connect(struct bpf_sock_addr *ctx)
{
	__u32 zero = 0;
	__u64 *seen = bpf_map_lookup_elem(&cilium_sock_count, &zero);

	(void)ctx;
	if (seen)
		__sync_fetch_and_add(seen, 1);
	return 1;
}

SEC("cgroup/connect6") int cil_sock6_connect(struct bpf_sock_addr *ctx)
{
	(void)ctx;
	return 1;
}

SEC("cgroup/sendmsg4") int cil_sock4_sendmsg(struct bpf_sock_addr *ctx)
{
	(void)ctx;
	return 1;
}

SEC("cgroup/recvmsg4") int cil_sock4_recvmsg(struct bpf_sock_addr *ctx)
{
	(void)ctx;
	return 1;
}

SEC("cgroup/getpeername4") int cil_sock4_getpeername(struct bpf_sock_addr *ctx)
{
	(void)ctx;
	return 1;
}

SEC("cgroup/post_bind4") int cil_sock4_post_bind(struct bpf_sock *ctx)
{
	(void)ctx;
	return 1;
}

char LICENSE[] SEC("license") = "Dual BSD/GPL";
