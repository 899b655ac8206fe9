#!/bin/bash
# A pod's network: namespace "pod" with eth0 (10.7.0.2, fd07::2), and its other end pod0 (10.7.0.1, fd07::1) on the node.
# No neighbour discovery and no duplicate address detection: every packet there is, is one of the case.
set -eu
ip netns add pod
ip link add pod0 address 02:00:00:00:07:01 type veth peer name eth0 address 02:00:00:00:07:02 netns pod
echo 0 | tee /proc/sys/net/ipv6/conf/pod0/{accept_dad,router_solicitations} > /dev/null
ip -batch - << END
address add 10.7.0.1/24 dev pod0
address add fd07::1/64 dev pod0
link set pod0 up
neighbour replace 10.7.0.2 lladdr 02:00:00:00:07:02 dev pod0 nud permanent
neighbour replace fd07::2 lladdr 02:00:00:00:07:02 dev pod0 nud permanent
END
ip netns exec pod sh -c 'echo 0 | tee /proc/sys/net/ipv6/conf/eth0/accept_dad /proc/sys/net/ipv6/conf/eth0/router_solicitations > /dev/null'
ip -netns pod -batch - << END
address add 10.7.0.2/24 dev eth0
address add fd07::2/64 dev eth0
link set lo up
link set eth0 up
neighbour replace 10.7.0.1 lladdr 02:00:00:00:07:01 dev eth0 nud permanent
neighbour replace fd07::1 lladdr 02:00:00:00:07:01 dev eth0 nud permanent
END
