#!/bin/bash
# A pod's network on a netkit pair: namespace "pod" with eth0 (10.7.0.2), the peer, and pod0 (10.7.0.1), the primary, on the node.
# netkit came with 6.7: an older kernel has a veth pair instead. ip of this userland knows no more of netkit than its name, so
# mode (l3) and policies (forward) are the kernel's own; it also names the peer.
set -eu
ip netns add pod
if ip link add pod0 type netkit 2> /dev/null; then
	peer=$(ip -o link show | sed -n 's/^[0-9]*: \([^@]*\)@pod0.*/\1/p')
	ip link set "$peer" netns pod name eth0
else
	ip link add pod0 type veth peer name eth0 netns pod
fi
ip address add 10.7.0.1/24 dev pod0
ip link set pod0 up
ip -netns pod -batch - << END
address add 10.7.0.2/24 dev eth0
link set lo up
link set eth0 up
END
