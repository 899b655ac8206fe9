#!/bin/bash
# A server: as agent.sh, with the loader running under an agent's name: named_agent.sh NAME < PLAN.
set -eu
mkdir -p "/sys/fs/cgroup/$1"
ln -f lab-agent "$1"
made=$("./$1" --stay "/sys/fs/cgroup/$1")
printf '%s\n' "$made"
pid=$(sed -n 's/^pid \([0-9]*\) agent$/\1/p' <<< "$made")
end() {
	kill "$pid"
	for try in 1 2 3 4 5 6 7 8 9 10; do
		rmdir "/sys/fs/cgroup/$1" 2> /dev/null && break
		sleep 0.2
	done
	rm -f "$1"
	exit 0
}
trap 'end "$1"' INT TERM
echo ready
while kill -0 "$pid" 2> /dev/null; do sleep 0.5; done
echo "the agent died" >&2
exit 1
