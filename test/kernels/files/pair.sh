#!/bin/bash
# A pod's network: namespace "pod" with eth0 (10.7.0.2, fd07::2), and its other end pod0 (10.7.0.1, fd07::1) on the node.
# No neighbour discovery, duplicate address detection or offloads: every packet there is, is one of the case.
set -eu
ip netns add pod
ip link add pod0 type veth peer name eth0 netns pod
sysctl -qw net.ipv6.conf.pod0.accept_dad=0 net.ipv6.conf.pod0.router_solicitations=0
ip netns exec pod sysctl -qw net.ipv6.conf.eth0.accept_dad=0 net.ipv6.conf.eth0.router_solicitations=0
ip address add 10.7.0.1/24 dev pod0
ip address add fd07::1/64 dev pod0
ip netns exec pod ip address add 10.7.0.2/24 dev eth0
ip netns exec pod ip address add fd07::2/64 dev eth0
ip link set pod0 up
ip netns exec pod ip link set lo up
ip netns exec pod ip link set eth0 up
outer=$(cat /sys/class/net/pod0/address)
inner=$(ip netns exec pod cat /sys/class/net/eth0/address)
ip neighbour replace 10.7.0.2 lladdr "$inner" dev pod0 nud permanent
ip neighbour replace fd07::2 lladdr "$inner" dev pod0 nud permanent
ip netns exec pod ip neighbour replace 10.7.0.1 lladdr "$outer" dev eth0 nud permanent
ip netns exec pod ip neighbour replace fd07::1 lladdr "$outer" dev eth0 nud permanent
