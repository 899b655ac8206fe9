#!/bin/bash
# Takes away what a case has made: its namespaces, interfaces, qdiscs, and the lab's loader, which is in no script's session.
pkill -KILL -x lab-agent
ip -all netns delete
ip -o link show | sed -nE 's/^[0-9]+: ([^:@]+).*/\1/p' | grep -vxE 'lo|eth0' | sed 's/^/link delete /' | ip -force -batch - 2> /dev/null
printf 'qdisc delete dev %s %s\n' lo clsact lo root eth0 clsact eth0 root | tc -force -batch - 2> /dev/null
for try in 1 2 3 4 5 6 7 8 9 10; do
	rmdir /sys/fs/cgroup/agent 2> /dev/null
	[ -d /sys/fs/cgroup/agent ] || break
	sleep 0.2
done
exit 0
