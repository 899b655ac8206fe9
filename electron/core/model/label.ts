/**
 * How entries and hooks are called in sentences: one wording for reasons, findings and comparisons.
 * Text of the node passes through unchanged; the views make control characters visible.
 */
import type { Hook, HookEntry, HookName, Iface, Program } from "./types.ts";

/** The part of an entry that names its place. */
export type Place = Pick<HookEntry, "mechanism" | "mode" | "pref" | "handle" | "chain" | "link_id">;

/** `tcx link 5`, `pref 1 handle 0x2`, `native`: what tells an entry from its neighbours. */
export function placeOf(
  entry: Pick<HookEntry, "mechanism" | "mode" | "pref" | "handle" | "chain" | "link_id">,
): string {
  switch (entry.mechanism) {
    case "xdp":
      return entry.mode === null ? "XDP" : `XDP ${entry.mode}`;
    case "clsact": {
      const chain = entry.chain === null || entry.chain === 0 ? "" : `chain ${entry.chain} `;
      const handle = entry.handle === null ? "" : ` handle ${entry.handle}`;
      return `${chain}pref ${entry.pref ?? "?"}${handle}`;
    }
    default:
      return entry.link_id === null || entry.link_id === 0
        ? entry.mechanism
        : `${entry.mechanism} link ${entry.link_id}`;
  }
}

/** Name and id of a program as a person reads it: `cil_to_container (id 512)`. */
export function programLabel(id: number | null, program: Program | undefined): string {
  if (id === null) return "no BPF program";
  const name = program?.name ?? "";
  return name === "" ? `program ${id}` : `${name} (id ${id})`;
}

/** `pref 1 handle 0x1: cil_to_container (id 512)`; the filter kind for a filter without a program. */
export function entryLabel(entry: Place & Pick<HookEntry, "kind" | "prog_id">, program: Program | undefined): string {
  if (entry.kind !== "bpf") return `${placeOf(entry)}: ${entry.kind} filter`;
  return `${placeOf(entry)}: ${programLabel(entry.prog_id, program)}`;
}

/** `lxc1a2b3c egress (out → pod)`. */
export function hookLabel(iface: Pick<Iface, "name">, hook: Pick<Hook, "direction">): string {
  return `${iface.name} ${hook.direction}`;
}

/** Which side of the packet path an interface shows to the reader. */
export type Side = "pod_host_end" | "in_pod" | "in_namespace" | "uplink";

const INTO: Record<Side, string> = {
  pod_host_end: "pod → out",
  in_pod: "in → pod",
  in_namespace: "in → namespace",
  uplink: "out → host",
};
const OUT_OF: Record<Side, string> = {
  pod_host_end: "out → pod",
  in_pod: "pod → out",
  in_namespace: "namespace → out",
  uplink: "host → out",
};

/**
 * A hook's direction, both readings. tc names directions from the interface's side: on the host's end
 * of a pod's pair, ingress is what the pod sends. netkit's primary programs run when the host transmits
 * into the pair, its peer programs when the pod does (drivers/net/netkit.c, netkit_xmit).
 */
export function directionOf(hook: HookName, side: Side): string {
  const into = INTO[side];
  const outOf = OUT_OF[side];
  switch (hook) {
    case "xdp":
      return `xdp ingress (${into})`;
    case "tc_ingress":
      return `ingress (${into})`;
    case "tc_egress":
      return `egress (${outOf})`;
    case "netkit_primary":
      return `netkit primary (${outOf})`;
    case "netkit_peer":
      return `netkit peer (${into})`;
  }
}
