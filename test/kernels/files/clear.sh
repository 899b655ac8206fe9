#!/bin/bash
# Takes away what a case has made, also one that came to no good end: the lab's loader under whatever name (its names are links to
# one file; it is in no script's session), namespaces, interfaces, qdiscs, netfilter's rules, pins, cgroups.
for exe in $(find -L /proc/[0-9]*/exe -maxdepth 0 -samefile lab-agent 2> /dev/null); do
	pid=${exe#/proc/}
	kill -KILL "${pid%/exe}"
done
ip -all netns delete
ip -o link show | sed -nE 's/^[0-9]+: ([^:@]+).*/\1/p' | grep -vxE 'lo|eth0' | sed 's/^/link delete /' | ip -force -batch - 2> /dev/null
printf 'qdisc delete dev %s %s\n' lo clsact lo root eth0 clsact eth0 root | tc -force -batch - 2> /dev/null
[ ! -d /sys/module/nf_tables ] || nft flush ruleset
[ ! -d /sys/module/nf_conntrack ] || sysctl -qw net.netfilter.nf_conntrack_max=65536
rm -rf /sys/fs/bpf/*
for folder in /sys/fs/cgroup/*/; do
	case $(basename "$folder") in *.slice | *.scope | *.mount | *.service) continue ;; esac
	for try in 1 2 3 4 5 6 7 8 9 10; do
		find "$folder" -depth -type d -exec rmdir {} + 2> /dev/null
		[ -d "$folder" ] || break
		sleep 0.2
	done
done
exit 0
