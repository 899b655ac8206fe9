#!/bin/bash
# Takes away what a case has made: its namespaces, interfaces, qdiscs. Its processes ended with its scripts.
ip -all netns delete
for name in $(ip -o link show | sed -n 's/^[0-9]*: \([^:@]*\).*/\1/p'); do
	case $name in
	lo | eth0) ;;
	*) ip link delete "$name" 2>/dev/null || true ;;
	esac
done
for name in lo eth0; do
	tc qdisc delete dev "$name" clsact 2>/dev/null || true
	tc qdisc delete dev "$name" root 2>/dev/null || true
done
rmdir /sys/fs/cgroup/agent 2>/dev/null || true
