#!/bin/bash
# A server: carries out the plan on its stdin (its words: bpf/lab/agent/plan.c) and holds what it made until it is told to end.
set -eu
mkdir -p /sys/fs/cgroup/agent
made=$(lab-agent --stay /sys/fs/cgroup/agent)
printf '%s\n' "$made"
pid=$(sed -n 's/^pid \([0-9]*\) agent$/\1/p' <<< "$made")
trap 'kill "$pid"; exit 0' INT TERM
echo "AGENT=$pid"
echo ready
while kill -0 "$pid" 2> /dev/null; do sleep 0.5; done
echo "the agent died" >&2
exit 1
