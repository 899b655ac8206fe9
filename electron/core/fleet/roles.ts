/**
 * What an interface is for, so that the interfaces of two nodes can be told to be the same thing: pods' pairs
 * are named anew on every node, the node's own interfaces are not.
 */
import type { Datapath, Iface } from "../model/types.ts";

export interface Role {
  /** `eth0`, `pod interfaces`, `eth0 in pods`. */
  name: string;
  /** The name stands for many interfaces, which are compared as a set. */
  many: boolean;
}

export type RoleOf = (iface: Iface) => Role;

/** Kinds of interfaces that come in pairs, one end for the node. */
const PAIRS = new Set(["veth", "netkit"]);

export function rolesIn(datapath: Datapath): RoleOf {
  const byKey = new Map(datapath.interfaces.map((iface) => [iface.key, iface]));
  return (iface) => {
    if (!iface.host_netns) {
      return { name: `${iface.name} in ${iface.pod === null ? "other namespaces" : "pods"}`, many: true };
    }
    if (iface.pod_host_end) return { name: "pod interfaces", many: true };
    const peer = iface.peer === null ? undefined : byKey.get(iface.peer);
    if (PAIRS.has(iface.kind) && !peer?.host_netns) {
      return { name: `${iface.kind} interfaces of other namespaces`, many: true };
    }
    return { name: iface.name, many: false };
  };
}
