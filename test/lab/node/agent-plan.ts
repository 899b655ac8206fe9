/**
 * The plans that `lab-agent` carries out: what the CNI agent and Tetragon load, pin and attach.
 * Pure text; the grammar is in bpf/lab/agent/plan.c.
 */
import { AGENT_PREF, type EndpointPod, endpointPods, type NodePlan, ROUTER_ADDRESS } from "./plan.ts";

export const BIN = "/run/lab/bin";
const GLOBALS = "/sys/fs/bpf/tc/globals";
const CILIUM = "/sys/fs/bpf/cilium";

// Slots as in bpf/lab/lab.h.
const CALL = {
  ipv4: 7,
  ct_egress: 27,
  ct_ingress: 25,
  from_host: 22,
  revnat: 18,
  nat_egress: 15,
  xdp_lb: 2,
};

/** Everything the agent does at its start; doing it again after a restart takes over what is pinned. */
export function agentPlan(plan: NodePlan): string {
  return [...hostLines(plan), ...sockLines(), ...endpointPods(plan).flatMap(endpointLines)].join("\n");
}

/** Where the link of an endpoint's program is pinned. */
export function endpointLinkPin(pod: EndpointPod, prog: string): string {
  return `${CILIUM}/endpoints/${pod.endpoint.id}/links/${prog}`;
}

/** `load` words that give another object the configuration of this endpoint. */
export function endpointConfig(pod: EndpointPod, dropEvery: number): string {
  return `config=${pod.endpoint.id},${pod.endpoint.identity},${pod.endpoint.lean ? 1 : 0},${dropEvery}`;
}

export function tetragonPlan(): string {
  return [
    `load tetragon ${BIN}/tetragon.o`,
    ...["event_execve", "event_exit", "execve_rate"].map((p) => `trace tetragon:${p}`),
  ].join("\n");
}

/** `load` line of an endpoint's object under a variable of its own. */
export function loadEndpoint(pod: EndpointPod, variable: string): string {
  const id = String(pod.endpoint.id).padStart(5, "0");
  const map = (own: string, name: string) => `map=${own},${name},${GLOBALS}/${name}`;
  const skip = [
    ...(pod.endpoint.to_container ? [] : ["cil_to_container"]),
    ...(pod.endpoint.lean ? ["tail_handle_ipv4", "tail_ipv4_ct_egress", "tail_ipv4_ct_ingress"] : []),
  ].map((prog) => `skip=${prog}`);
  const maps = [map("cilium_calls", `cilium_calls_${id}`), map("cilium_policy", `cilium_policy_v2_${id}`)];
  return [`load ${variable} ${BIN}/bpf_lxc.o pins=${GLOBALS}`, endpointConfig(pod, 0), ...maps, ...skip].join(" ");
}

function endpointLines(pod: EndpointPod): string[] {
  const { id, identity, address, ifname, mechanism, to_container, lean } = pod.endpoint;
  const ep = `ep${id}`;
  const attach = (direction: string, prog: string) =>
    mechanism === "tcx"
      ? `tcx ${ifname} ${direction} ${ep}:${prog} ${endpointLinkPin(pod, prog)}`
      : `filter ${ifname} ${direction} ${AGENT_PREF} 1 ${ep}:${prog}`;
  const slot = (index: number, prog: string) => `call ${ep}:cilium_calls ${index} ${ep}:${prog}`;
  return [
    loadEndpoint(pod, ep),
    `put ${ep}:cilium_lxc ${ipv4(address)}01000000 00000000${u16(id)}0000`,
    `put ${ep}:cilium_ipcache 20000000${ipv4(address)} ${u32(identity)}00000000`,
    `call ${ep}:cilium_call_policy ${id} ${ep}:cil_lxc_policy`,
    ...(lean
      ? []
      : [
          slot(CALL.ipv4, "tail_handle_ipv4"),
          slot(CALL.ct_egress, "tail_ipv4_ct_egress"),
          slot(CALL.ct_ingress, "tail_ipv4_ct_ingress"),
        ]),
    ...(mechanism === "clsact" ? [`clsact ${ifname}`] : []),
    attach("ingress", "cil_from_container"),
    ...(to_container ? [attach("egress", "cil_to_container")] : []),
  ];
}

function hostLines(plan: NodePlan): string[] {
  const at = plan.host_mechanism;
  const calls = (own: string, name: string) => `map=${own},${name},${GLOBALS}/${name}`;
  const attach = (how: "tcx" | "clsact", ifname: string, direction: string, program: string) =>
    how === "tcx"
      ? [`tcx ${ifname} ${direction} ${program} ${CILIUM}/devices/${ifname}/links/${program.split(":")[1]}`]
      : [`clsact ${ifname}`, `filter ${ifname} ${direction} ${AGENT_PREF} 1 ${program}`];
  return [
    `load host ${BIN}/bpf_host.o pins=${GLOBALS} ${calls("cilium_calls", "cilium_calls_hostns_04001")}`,
    `put host:cilium_ipcache 20000000${ipv4(ROUTER_ADDRESS)} ${u32(1)}00000000`,
    `call host:cilium_calls ${CALL.ipv4} host:tail_handle_ipv4_from_netdev`,
    `call host:cilium_calls ${CALL.revnat} host:tail_nodeport_rev_dnat_ipv4`,
    `call host:cilium_calls ${CALL.nat_egress} host:tail_nodeport_nat_egress_ipv4`,
    `call host:cilium_calls ${CALL.from_host} host:tail_handle_ipv4_from_host`,
    ...attach(at.eth0, "eth0", "ingress", "host:cil_from_netdev"),
    ...attach(at.eth0, "eth0", "egress", "host:cil_to_netdev"),
    ...attach(at.cilium_host, "cilium_host", "ingress", "host:cil_to_host"),
    ...attach(at.cilium_host, "cilium_host", "egress", "host:cil_from_host"),
    ...attach(at.cilium_host, "cilium_net", "ingress", "host:cil_to_host"),
    `load overlay ${BIN}/bpf_overlay.o pins=${GLOBALS} ${calls("cilium_calls", "cilium_calls_overlay_2")}`,
    `call overlay:cilium_calls ${CALL.ipv4} overlay:tail_handle_ipv4`,
    ...attach(at.cilium_vxlan, "cilium_vxlan", "ingress", "overlay:cil_from_overlay"),
    ...attach(at.cilium_vxlan, "cilium_vxlan", "egress", "overlay:cil_to_overlay"),
    `load xdp ${BIN}/bpf_xdp.o pins=${GLOBALS} ${calls("cilium_calls_xdp", "cilium_calls_xdp")}`,
    `call xdp:cilium_calls_xdp ${CALL.xdp_lb} xdp:tail_lb_ipv4`,
    // veth has native XDP; the vxlan driver has none, so generic is the best it can do.
    `xdp eth0 native xdp:cil_xdp_entry ${CILIUM}/devices/eth0/links/cil_xdp_entry`,
    `xdp cilium_vxlan generic xdp:cil_xdp_entry ${CILIUM}/devices/cilium_vxlan/links/cil_xdp_entry`,
  ];
}

export const SOCK_PROGRAMS = [
  "cil_sock4_connect",
  "cil_sock6_connect",
  "cil_sock4_sendmsg",
  "cil_sock4_recvmsg",
  "cil_sock4_getpeername",
  "cil_sock4_post_bind",
];

function sockLines(): string[] {
  return [
    `load sock ${BIN}/bpf_sock.o pins=${GLOBALS}`,
    ...SOCK_PROGRAMS.map((p) => `cgroup /sys/fs/cgroup sock:${p} ${CILIUM}/socklb/links/cgroup/${p}`),
  ];
}

const ipv4 = (address: string) =>
  address
    .split(".")
    .map((part) => Number(part).toString(16).padStart(2, "0"))
    .join("");

/** Little endian, as both architectures of the lab store them. */
function u32(value: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes.toString("hex");
}

const u16 = (value: number) => u32(value).slice(0, 4);
