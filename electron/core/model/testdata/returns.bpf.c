// SPDX-License-Identifier: GPL-2.0
/*
 * Programs whose translated code the return analysis is tested on; returns.json is made from it:
 *   clang -O2 -g -target bpf -c returns.bpf.c -o returns.o
 *   bpftool prog loadall returns.o /sys/fs/bpf/returns type classifier
 *   for each: bpftool -j prog dump xlated pinned /sys/fs/bpf/returns/NAME opcodes
 * Function name = key in returns.json.
 */
#include <linux/bpf.h>

#define SEC(name) __attribute__((section(name), used))

static void *(*lookup)(void *, const void *) = (void *)BPF_FUNC_map_lookup_elem;
static long (*redirect)(unsigned int, unsigned long) = (void *)BPF_FUNC_redirect;
static long (*tail_call)(void *, void *, unsigned int) = (void *)BPF_FUNC_tail_call;
static unsigned int (*prandom)(void) = (void *)BPF_FUNC_get_prandom_u32;

struct {
	int (*type)[BPF_MAP_TYPE_ARRAY];
	int (*max_entries)[4];
	unsigned int *key;
	unsigned int *value;
} counters SEC(".maps");

struct {
	int (*type)[BPF_MAP_TYPE_PROG_ARRAY];
	int (*max_entries)[4];
	unsigned int (*key_size)[4];
	unsigned int (*value_size)[4];
} calls SEC(".maps");

SEC("tc/1") int constant(struct __sk_buff *skb) { return 0; }
SEC("tc/2") int two_ways(struct __sk_buff *skb) { return skb->len > 100 ? 2 : 0; }

SEC("tc/3") int counts_then_next(struct __sk_buff *skb)
{
	unsigned int key = 0, *value = lookup(&counters, &key);

	if (!value)
		return -1;
	(*value)++;
	return -1;
}

SEC("tc/4") int map_decides(struct __sk_buff *skb)
{
	unsigned int key = 0, *value = lookup(&counters, &key);

	return value ? *value : 0;
}

SEC("tc/5") int tail_calls(struct __sk_buff *skb)
{
	tail_call(skb, &calls, 1);
	return 2;
}

SEC("tc/6") int tail_calls_sometimes(struct __sk_buff *skb)
{
	if (skb->mark == 7)
		tail_call(skb, &calls, prandom() & 3);
	return 0;
}

SEC("tc/7") int redirects(struct __sk_buff *skb) { return redirect(skb->ifindex, 0); }

SEC("tc/8") int drops_one_in_fifty(struct __sk_buff *skb) { return prandom() % 50 == 0 ? 2 : -1; }

static __attribute__((noinline)) int sub(struct __sk_buff *skb) { return skb->mark ? 2 : 0; }

SEC("tc/9") int asks_a_subprogram(struct __sk_buff *skb) { return sub(skb) == 2 ? 2 : -1; }
SEC("tc/10") int returns_a_subprogram(struct __sk_buff *skb) { return sub(skb); }

SEC("tc/11") int switches(struct __sk_buff *skb)
{
	switch (skb->protocol) {
	case 8:
		return 0;
	case 0xdd86:
		return 2;
	case 0x608:
		return 7;
	default:
		return -1;
	}
}

SEC("tc/12") int loops(struct __sk_buff *skb)
{
	int verdict = -1;

	for (int i = 0; i < 100; i++)
		if (prandom() == i)
			verdict = i & 1 ? 2 : 0;
	return verdict;
}

SEC("tc/13") int keeps_in_stack(struct __sk_buff *skb)
{
	volatile int verdict = 0;

	if (skb->len > 10)
		verdict = 2;
	return verdict;
}

SEC("tc/14") int arithmetic(struct __sk_buff *skb)
{
	int verdict = prandom() > 5 ? 1 : 3;

	__asm__ volatile("%0 *= 2\n%0 += 1\n%0 -= 3" : "+r"(verdict));
	return verdict;
}

SEC("tc/15") int returns_the_context_field(struct __sk_buff *skb) { return skb->mark; }

SEC("tc/16") int only_when_equal(struct __sk_buff *skb)
{
	unsigned long random = prandom();

	if (random == 4)
		return random;
	return 8;
}

SEC("tc/17") int dead_branch(struct __sk_buff *skb)
{
	int zero = 0;

	__asm__ volatile("if %0 == 0 goto +1\n%0 = 5\n" : "+r"(zero));
	return zero;
}

char _license[] SEC("license") = "GPL";
