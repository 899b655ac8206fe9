#!/bin/bash
# A server: an agent called cilium-agent that gives each interface IFACE:ID its cil_to_container on clsact, at pref 1.
# Its look-alikes of Cilium's programs allow everything.
set -eu
globals=/sys/fs/bpf/tc/globals
mkdir -p "$globals" /sys/fs/cgroup/agent
ln -f lab-agent cilium-agent
plan=$(for one in "$@"; do
	iface=${one%:*} id=${one#*:} ep=ep${one#*:}
	printf 'load %s %s/bpf_lxc.o pins=%s config=%s,100,1,0 map=cilium_calls,cilium_calls_%s,%s/cilium_calls_%s map=cilium_policy,cilium_policy_%s,%s/cilium_policy_%s skip=cil_from_container skip=tail_handle_ipv4 skip=tail_ipv4_ct_egress skip=tail_ipv4_ct_ingress\n' \
		"$ep" "$FILES" "$globals" "$id" "$id" "$globals" "$id" "$id" "$globals" "$id"
	printf 'call %s:cilium_call_policy %s %s:cil_lxc_policy\nclsact %s\n' "$ep" "$id" "$ep" "$iface"
	printf 'filter %s egress %s 1 %s:cil_to_container\n' "$iface" "${PREF:-1}" "$ep"
done)
made=$(./cilium-agent --stay /sys/fs/cgroup/agent <<< "$plan")
printf '%s\n' "$made"
pid=$(sed -n 's/^pid \([0-9]*\) agent$/\1/p' <<< "$made")
trap 'kill "$pid"; rm -rf "$globals"; exit 0' INT TERM
echo ready
while kill -0 "$pid" 2> /dev/null; do sleep 0.5; done
echo "the agent died" >&2
exit 1
