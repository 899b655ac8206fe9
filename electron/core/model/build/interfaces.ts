/**
 * Interfaces of every network namespace that was read, with the other end of each pair and the pod they
 * serve. Hooks are put on them by `hooks.ts`.
 */
import type { Facts } from "../../facts/facts.ts";
import type { SectionFacts } from "../../parse.ts";
import type { NetLinkRow } from "../../parsers/net.link.ts";
import type { Side } from "../label.ts";
import type { Iface, Key, Netns } from "../types.ts";
import { ifaceKey } from "./keys.ts";
import type { Pods } from "./pods.ts";
import { hostNetnsOf, push } from "./processes.ts";

/** An interface with what its hooks are found by. */
export interface IfaceDraft {
  iface: Iface;
  row: NetLinkRow;
  side: Side;
  /** Sections of the namespace it lives in. */
  facts: Partial<SectionFacts>;
  scope: string;
}

const PAIRED = new Set(["veth", "netkit"]);
/**
 * How CNIs name the host's end: Cilium lxc, Calico cali, AWS eni, Azure azv, GKE gke. Used only where
 * the pod's side cannot be read, so that the name is all there is.
 */
const CNI_HOST_END = /^(?:lxc(?:_health$|[0-9a-f]{4})|cali[0-9a-f]{6}|eni[0-9a-f]{6}|azv[0-9a-f]{6}|gke[0-9a-f]{6})/;

export function readNetns(facts: Facts, pods: Pods): Netns[] {
  const host = hostNetnsOf(facts) ?? HOST;
  const list: Netns[] = [{ inode: host, name: null, host: true, pid: 1, pod: null }];
  const known = new Set([host]);
  const add = (inode: string, name: string | null, pid: number | null): void => {
    if (known.has(inode)) return;
    known.add(inode);
    list.push({ inode, name, host: false, pid, pod: pods.ofNetns.get(inode) ?? null });
  };
  for (const row of facts.node["netns.list"] ?? []) add(row.inode, row.name, row.pid);
  for (const inode of facts.netns.keys()) add(inode, null, null);
  return list;
}

/** Stands for the node's own namespace where its inode could not be read. */
const HOST = "host";

export function readInterfaces(facts: Facts, netns: readonly Netns[]): IfaceDraft[] {
  const drafts: IfaceDraft[] = [];
  for (const space of netns) {
    const sections = space.host ? facts.node : facts.netns.get(space.inode);
    const scope = space.host ? "node" : `netns:${space.inode}`;
    if (sections !== undefined) drafts.push(...interfacesOf(sections, space, scope));
  }
  linkPeers(drafts, facts, netns);
  assignPods(drafts, netns);
  return drafts;
}

function interfacesOf(facts: Partial<SectionFacts>, space: Netns, scope: string): IfaceDraft[] {
  const rows = facts["net.link"] ?? [];
  const drivers = new Map((facts["net.drivers"] ?? []).map((row) => [row.ifname, row.driver]));
  const addresses = new Map((facts["net.addr"] ?? []).map((row) => [row.ifindex, row.addresses]));
  const byName = new Map(rows.map((row) => [row.ifname, row.ifindex]));
  return rows.map((row) => {
    const master = row.master === null ? undefined : byName.get(row.master);
    const kind = row.info_kind ?? (row.link_type === "loopback" ? "loopback" : (row.link_type ?? "ether"));
    const iface: Iface = {
      key: ifaceKey(space.inode, row.ifindex),
      name: row.ifname,
      ifindex: row.ifindex,
      netns: space.inode,
      host_netns: space.host,
      kind,
      // veth has no entry in sysfs to read a driver from; its kind is its driver.
      driver: drivers.get(row.ifname) ?? row.info_kind,
      mac: row.address,
      mtu: row.mtu,
      up: row.flags.includes("UP"),
      addresses: (addresses.get(row.ifindex) ?? []).map(({ local, prefixlen }) =>
        prefixlen === null ? local : `${local}/${prefixlen}`,
      ),
      peer: null,
      pod: null,
      pod_host_end: false,
      master: master === undefined ? null : ifaceKey(space.inode, master),
      counters: countersOf(row),
      hooks: [],
      origin: { section: "net.link", scope, raw: row.raw },
    };
    return { iface, row, side: "uplink", facts, scope };
  });
}

function countersOf(row: NetLinkRow): Iface["counters"] {
  if (row.rx === null || row.tx === null) return null;
  return {
    rx_packets: row.rx.packets ?? "0",
    tx_packets: row.tx.packets ?? "0",
    rx_dropped: row.rx.dropped ?? "0",
    tx_dropped: row.tx.dropped ?? "0",
    rx_errors: row.rx.errors ?? "0",
    tx_errors: row.tx.errors ?? "0",
  };
}

/**
 * Two ends belong together when each names the other's ifindex. ifindexes repeat between namespaces, so
 * a match counts only when it is the only one; the node's namespace ids settle some of the others.
 */
function linkPeers(drafts: readonly IfaceDraft[], facts: Facts, netns: readonly Netns[]): void {
  const inodeOfName = new Map(netns.flatMap((one) => (one.name === null ? [] : [[one.name, one.inode] as const])));
  const inodeOfId = new Map(
    (facts.node["net.netns"] ?? []).flatMap((row) => {
      const inode = row.name === null ? undefined : inodeOfName.get(row.name);
      return row.nsid === null || inode === undefined ? [] : [[row.nsid, inode] as const];
    }),
  );
  const byIndexes = new Map<string, IfaceDraft[]>();
  const byName = new Map<string, IfaceDraft>();
  for (const draft of drafts) {
    byName.set(`${draft.iface.netns} ${draft.iface.name}`, draft);
    if (!PAIRED.has(draft.iface.kind) || draft.row.link_index === null) continue;
    push(byIndexes, `${draft.iface.kind} ${draft.iface.ifindex}:${draft.row.link_index}`, draft);
  }
  const candidates = ({ iface, row }: IfaceDraft): IfaceDraft[] => {
    const same = row.link_netnsid === null;
    const wanted = iface.host_netns && row.link_netnsid !== null ? inodeOfId.get(row.link_netnsid) : undefined;
    return (byIndexes.get(`${iface.kind} ${row.link_index}:${iface.ifindex}`) ?? []).filter(
      (other) =>
        other.iface !== iface &&
        (other.iface.netns === iface.netns) === same &&
        (wanted === undefined || other.iface.netns === wanted),
    );
  };
  for (const draft of drafts) {
    const { iface, row } = draft;
    if (!PAIRED.has(iface.kind) || iface.peer !== null) continue;
    if (row.link_netnsid === null && row.link !== null) {
      // ip prints the other end by name when it is in the same namespace.
      const other = byName.get(`${iface.netns} ${row.link}`);
      if (other !== undefined && other !== draft) join(draft, other);
      continue;
    }
    const [only, ...more] = candidates(draft);
    if (only === undefined || more.length > 0) continue;
    const back = candidates(only);
    if (back.length === 1 && back[0] === draft) join(draft, only);
  }
}

function join(a: IfaceDraft, b: IfaceDraft): void {
  a.iface.peer = b.iface.key;
  b.iface.peer = a.iface.key;
}

function assignPods(drafts: readonly IfaceDraft[], netns: readonly Netns[]): void {
  const spaces = new Map(netns.map((one) => [one.inode, one]));
  const byKey = new Map<Key, IfaceDraft>(drafts.map((draft) => [draft.iface.key, draft]));
  for (const draft of drafts) {
    const { iface } = draft;
    if (!iface.host_netns) {
      const space = spaces.get(iface.netns);
      iface.pod = space?.pod ?? null;
      draft.side = isPodNetns(space) ? "in_pod" : "in_namespace";
      continue;
    }
    if (!PAIRED.has(iface.kind)) continue;
    const other = iface.peer === null ? undefined : byKey.get(iface.peer);
    const space = other === undefined ? undefined : spaces.get(other.iface.netns);
    const hidden = other === undefined && draft.row.link_netnsid !== null;
    iface.pod = space?.pod ?? null;
    iface.pod_host_end =
      (space !== undefined && !space.host && isPodNetns(space)) ||
      ((hidden || space?.host === false) && CNI_HOST_END.test(iface.name));
    if (iface.pod_host_end) draft.side = "pod_host_end";
  }
}

/** Runtimes name the namespaces they make for pods `cni-…`. */
function isPodNetns(space: Netns | undefined): boolean {
  return space !== undefined && (space.pod !== null || space.name?.startsWith("cni-") === true);
}
