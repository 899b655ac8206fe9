/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is known of a buffer that is being freed: where it was, what it was, how many packets it was on the wire. A freed
 * buffer may be in any state, so nothing is believed that was not looked at.
 */
#ifndef BPFDESK_DROPS_PACKET_BPF_H
#define BPFDESK_DROPS_PACKET_BPF_H

#include "drops.h"

#define AF_UNSPEC 0
#define AF_PACKET 17
/* The lowest number of a namespace; those below are inodes of processes (PROC_DYNAMIC_FIRST, PROC_*_INIT_INO). */
#define FIRST_NAMESPACE 0xeffffff0u

struct place {
	__u32 ifindex;
	__u32 netns;
	char device[DROP_DEVICE];
};

/*
 * The device, when there is one. Queues of sockets and of qdiscs keep other things in the same word (`dev_scratch` of
 * UDP, `rbnode` of TCP, fq and netem), so it is one only if it lives in a network namespace and has a name and a number.
 */
static __always_inline bool read_device(struct sk_buff *skb, struct place *place)
{
	struct net_device *dev = BPF_CORE_READ(skb, dev);
	int ifindex;

	if (!dev)
		return false;
	place->netns = BPF_CORE_READ(dev, nd_net.net, ns.inum);
	ifindex = BPF_CORE_READ(dev, ifindex);
	if (place->netns < FIRST_NAMESPACE || ifindex <= 0)
		return false;
	BPF_CORE_READ_INTO(&place->device, dev, name);
	if (place->device[0] <= ' ')
		return false;
	place->ifindex = ifindex;
	return true;
}

/*
 * Where it was: the device and its namespace. In the queue of a socket it has no device any more; it came from the one
 * of `skb_iif`, which has no name here. Returns whether it had a device.
 */
static __always_inline bool read_place(struct sk_buff *skb, struct sock *sk, struct place *place)
{
	if (read_device(skb, place))
		return true;
	__builtin_memset(place, 0, sizeof(*place));
	if (sk)
		place->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	place->ifindex = BPF_CORE_READ(skb, skb_iif);
	return false;
}

/* Packets on the wire: a buffer that the device or the kernel would have cut up counts as its pieces. */
static __always_inline __u32 segments_of(struct sk_buff *skb)
{
	struct skb_shared_info *shared = (void *)(BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, end));
	__u16 segments = 0;

	if (BPF_CORE_READ(shared, gso_size))
		segments = BPF_CORE_READ(shared, gso_segs);
	return segments ?: 1;
}

/* Why this is no loss, whatever the reason given. `sender` and `receiver` may be NULL. */
static __always_inline enum drop_noise noise_of(struct sock *sender, struct sock *receiver, bool device, __u16 ethertype)
{
	__u16 family = sender ? BPF_CORE_READ(sender, __sk_common.skc_family) : AF_UNSPEC;

	if (receiver && BPF_CORE_READ(receiver, __sk_common.skc_family) == AF_PACKET)
		return DROP_CAPTURE;
	if (family == AF_INET || family == AF_INET6 || device || ethertype)
		return DROP_IS_LOSS;
	return DROP_NO_PACKET;
}

#endif
