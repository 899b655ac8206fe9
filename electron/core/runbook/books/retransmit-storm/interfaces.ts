/** Which interfaces of this node the affected connections cross, and the programs on their hooks. */
import type { Datapath, Hook, HookName, Iface } from "../../../model/types.ts";
import type { RouteRow } from "../../../parsers/net.route.ts";
import { routeTo } from "./addresses.ts";
import type { Connection, Destination } from "./records.ts";

/** As the tracer `verdict` calls a hook. */
export type Direction = "ingress" | "egress" | "xdp";

export const directionOfHook: Readonly<Record<HookName, Direction>> = {
  xdp: "xdp",
  tc_ingress: "ingress",
  tc_egress: "egress",
  // A pair's peer programs run when the pod sends, its primary ones when it is sent to.
  netkit_peer: "ingress",
  netkit_primary: "egress",
};

export function ifaceAt(datapath: Datapath | null, netns: string, ifindex: number): Iface | null {
  return datapath?.interfaces.find((one) => one.netns === netns && one.ifindex === ifindex) ?? null;
}

export function isKnownNetns(datapath: Datapath | null, netns: string): boolean {
  return datapath?.netns.some(({ inode }) => inode === netns) ?? false;
}

/** The interface that has this address; in the namespace, when it is there. */
export function ifaceOf(datapath: Datapath | null, address: string, netns?: string): Iface | null {
  const own = (datapath?.interfaces ?? []).filter(({ addresses }) =>
    addresses.some((one) => one.split("/")[0] === address),
  );
  return own.find((one) => one.netns === netns) ?? own[0] ?? null;
}

/** Of the main table of each network namespace, by inode. */
export type Routes = ReadonlyMap<string, readonly RouteRow[]>;

/**
 * In the order a packet meets them: the sender's own, its other end, the destination's when that is on this node, else
 * the one that the node's route names, else every uplink. What leaves its namespace by an interface without another end on
 * this node goes no further here. Without a picture none.
 */
export function crossedBy(
  affected: readonly (Pick<Connection, "saddr" | "daddr"> & { netns: string })[],
  datapath: Datapath | null,
  routes: Routes,
): Iface[] {
  if (!datapath) return [];
  const host = datapath.node.host_netns;
  const found = new Set<Iface>();
  const add = (iface: Iface) => {
    if (iface.kind === "loopback") return null;
    found.add(iface);
    const peer = datapath.interfaces.find(({ key }) => key === iface.peer) ?? null;
    if (peer) found.add(peer);
    return peer;
  };
  for (const { saddr, daddr, netns } of affected) {
    const local = ifaceOf(datapath, daddr);
    if (local?.kind === "loopback") continue;
    if (local) add(local);
    const own = leavesBy(daddr, netns, datapath, routes) ?? ifaceOf(datapath, saddr, netns);
    const beyond = own === null ? null : add(own);
    const isInside = netns === host || own === null || beyond?.netns === host;
    if (!local && isInside) for (const iface of towards(daddr, datapath, routes.get(host) ?? [])) add(iface);
  }
  return [...found];
}

/** The interface of the sender's namespace that its route names. */
function leavesBy(daddr: string, netns: string, datapath: Datapath, routes: Routes): Iface | null {
  const dev = routeTo(daddr, routes.get(netns) ?? [])?.dev ?? null;
  return datapath.interfaces.find((one) => one.netns === netns && one.name === dev) ?? null;
}

/** Interfaces of the node's own namespace by which a packet for an address elsewhere leaves. */
function towards(daddr: string, datapath: Datapath, routes: readonly RouteRow[]): Iface[] {
  const own = datapath.interfaces.filter((one) => one.host_netns);
  const route = routeTo(daddr, routes);
  const names = route === null ? [] : [route.dev, ...route.nexthops.map(({ dev }) => dev)];
  const named = own.filter(({ name }) => names.includes(name));
  if (named.length > 0) return named;
  return own.filter((one) => one.up && !one.pod_host_end && one.kind !== "loopback" && one.addresses.length > 0);
}

export interface HookPlace {
  iface: Iface;
  hooks: Hook[];
  direction: Direction;
}

/** Directions of an interface with programs or other filters on them. */
export function hookPlaces(iface: Iface): HookPlace[] {
  return (["xdp", "ingress", "egress"] as const).flatMap((direction) => {
    const hooks = iface.hooks.filter((one) => directionOfHook[one.hook] === direction && one.entries.length > 0);
    return hooks.length === 0 ? [] : [{ iface, hooks, direction }];
  });
}

/** `lxc1a2b3c egress (out → pod)`, or in words for an interface the picture does not have. */
export function placeLabel(iface: Iface | null, direction: Direction | null, fallback: string): string {
  if (!iface) return fallback;
  const hook = iface.hooks.find((one) => directionOfHook[one.hook] === direction);
  return `${iface.name} ${hook?.direction ?? direction ?? ""}`.trim();
}

/** The next hop to a destination, as it is told apart from others; null when it is on this node or nothing is known. */
export function wayTo({ daddr }: Pick<Destination, "daddr">, datapath: Datapath | null, routes: Routes): string | null {
  if (ifaceOf(datapath, daddr)) return null;
  const route = routeTo(daddr, routes.get(datapath?.node.host_netns ?? "") ?? []);
  if (route === null) return null;
  if (route.nexthops.length > 0) return `${route.dst} over ${route.nexthops.length} next hops`;
  return `${route.gateway === null ? route.dst : `via ${route.gateway}`} dev ${route.dev ?? "?"}`;
}
