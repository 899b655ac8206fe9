#!/bin/bash
# Runs a command in the cgroup of a container, as the kubelet and containerd make it: in_pod.sh NAMESPACE/NAME UID LETTER COMMAND…
# The container's id is made of LETTER. Says "ready" when the command is started; takes all away at the end.
set -eu
pod=$1 uid=$2 letter=$3
shift 3
slice=/sys/fs/cgroup/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${uid//-/_}.slice
scope=$slice/cri-containerd-$(printf "$letter%.0s" {1..64}).scope
logs=/var/log/pods/${pod/\//_}_$uid
mkdir -p "$scope" "$logs"
(
	echo "$BASHPID" > "$scope/cgroup.procs"
	echo ready
	exec "$@" < /dev/null
) &
end() {
	# All that it has started, too.
	while read -r pid; do kill -KILL "$pid" 2> /dev/null || true; done < "$scope/cgroup.procs"
}
trap end INT TERM
# A trap ends wait(1) at once; the second one takes what ended then.
wait || true
end
wait || true
for try in {1..100}; do rmdir "$scope" 2> /dev/null && break || sleep 0.1; done
rmdir "$slice" "$logs" 2> /dev/null || true
rmdir "${slice%/*}" "${slice%/*/*}" /var/log/pods 2> /dev/null || true
