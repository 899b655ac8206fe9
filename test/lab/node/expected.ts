/**
 * The truth about a lab node: which programs every hook of every interface must show, in the order
 * the kernel runs them. Written from the plan, independent of any tool that reads the kernel.
 */
import type { FaultName } from "./faults.ts";
import { AGENT_PREF, endpointPods, type NodePlan } from "./plan.ts";

export interface ExpectedEntry {
  mechanism: "xdp" | "tcx" | "clsact";
  prog_name: string;
  /** clsact only. */
  pref: number | null;
  handle: string | null;
}

export interface ExpectedHook {
  ifname: string;
  hook: "xdp" | "tc_ingress" | "tc_egress";
  entries: ExpectedEntry[];
}

/** Interface a fault is laid on: the first pod of the mechanism it needs. */
export function faultInterface(plan: NodePlan, fault: FaultName): string | null {
  const first = (mechanism: "tcx" | "clsact", skip = 0) => {
    const pod = endpointPods(plan).filter((p) => p.endpoint.mechanism === mechanism && p.endpoint.to_container)[skip];
    if (!pod) throw new Error(`the fault ${fault} needs a pod on ${mechanism} with both directions`);
    return pod.endpoint.ifname;
  };
  switch (fault) {
    case "stale-filter":
      return first("clsact");
    case "second-handle":
      return first("clsact", 1);
    case "dead-filter":
      return first("clsact", 2);
    case "missing-clsact":
      return first("clsact", 3);
    case "duplicate-tcx":
      return first("tcx");
    case "second-bpf-mount":
      return null;
  }
}

/** Every hook that has a program, in the order interfaces were made, xdp before ingress before egress. */
export function expectedHooks(plan: NodePlan, faults: readonly FaultName[] = []): ExpectedHook[] {
  const hooks: ExpectedHook[] = [];
  const add = (ifname: string, hook: ExpectedHook["hook"], mechanism: ExpectedEntry["mechanism"], prog: string) => {
    const clsact = mechanism === "clsact";
    const entry = { mechanism, prog_name: prog, pref: clsact ? AGENT_PREF : null, handle: clsact ? "0x1" : null };
    hooks.push({ ifname, hook, entries: [entry] });
  };
  const at = plan.host_mechanism;
  add("eth0", "xdp", "xdp", "cil_xdp_entry");
  add("eth0", "tc_ingress", at.eth0, "cil_from_netdev");
  add("eth0", "tc_egress", at.eth0, "cil_to_netdev");
  add("cilium_host", "tc_ingress", at.cilium_host, "cil_to_host");
  add("cilium_host", "tc_egress", at.cilium_host, "cil_from_host");
  add("cilium_net", "tc_ingress", at.cilium_host, "cil_to_host");
  add("cilium_vxlan", "xdp", "xdp", "cil_xdp_entry");
  add("cilium_vxlan", "tc_ingress", at.cilium_vxlan, "cil_from_overlay");
  add("cilium_vxlan", "tc_egress", at.cilium_vxlan, "cil_to_overlay");
  for (const { endpoint } of endpointPods(plan)) {
    add(endpoint.ifname, "tc_ingress", endpoint.mechanism, "cil_from_container");
    if (endpoint.to_container) add(endpoint.ifname, "tc_egress", endpoint.mechanism, "cil_to_container");
  }
  return faults.reduce((all, fault) => withFault(plan, all, fault), hooks);
}

function withFault(plan: NodePlan, hooks: ExpectedHook[], fault: FaultName): ExpectedHook[] {
  const ifname = faultInterface(plan, fault);
  if (fault === "missing-clsact") return hooks.filter((hook) => hook.ifname !== ifname);
  const clsact = (prog: string, pref: number, handle: string): ExpectedEntry => ({
    mechanism: "clsact",
    prog_name: prog,
    pref,
    handle,
  });
  return hooks.map((hook) => {
    if (hook.ifname !== ifname || hook.hook !== "tc_egress") return hook;
    switch (fault) {
      case "stale-filter":
        return { ...hook, entries: [clsact("cil_to_container", 1, "0x1"), ...hook.entries] };
      case "second-handle":
        // cls_bpf puts a new filter of the same pref at the head of its list (cls_bpf_change, list_add_rcu).
        return { ...hook, entries: [clsact("cil_to_container", AGENT_PREF, "0x2"), ...hook.entries] };
      case "dead-filter":
        return { ...hook, entries: [...hook.entries, clsact("classifier_egress", 50, "0x1")] };
      case "duplicate-tcx":
        return { ...hook, entries: [...hook.entries, ...hook.entries] };
      default:
        return hook;
    }
  });
}
