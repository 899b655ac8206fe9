/** Whom a process is told to ask, and what is put behind the names it asks for. */
import type { SectionFacts } from "../../../parse.ts";
import type { Reading } from "../../types.ts";
import { plain } from "./names.ts";
import type { Process, ProcessTable } from "./processes.ts";
import { type Place, plainAddress } from "./queries.ts";

export interface Configured {
  servers: string[];
  /** Plain. */
  search: string[];
  /** In words: "resolv.conf of its container". */
  from: string;
  /** True when it was read where the process reads it; else it is what is usual there. */
  own: boolean;
  command_id: string;
}

type Row = SectionFacts["dns.resolvers"][number];

/** All that was read of it. */
export interface Resolvers {
  node: Row[];
  kubelet: Row[];
  /** Mount namespace of each process that is not in the node's own. */
  namespaces: ReadonlyMap<number, string>;
  /** Lines of resolv.conf, by mount namespace. */
  files: ReadonlyMap<string, Row[]>;
  command_id: string;
}

export function readResolvers(readings: readonly Reading[]): Resolvers {
  const found = readings.filter(({ section }) => section === "dns.resolvers");
  const rows = found.flatMap(({ facts }) => (facts as Row[] | null) ?? []);
  const namespaces = new Map(
    rows.flatMap(({ pid, option, values: [inode] }) =>
      option === "namespace" && pid !== null && inode !== undefined ? [[pid, inode] as const] : [],
    ),
  );
  const files = new Map<string, Row[]>();
  for (const row of rows) {
    if (row.pid === null || row.option === "namespace") continue;
    const namespace = namespaces.get(row.pid) ?? "";
    const known = files.get(namespace);
    if (known) known.push(row);
    else files.set(namespace, [row]);
  }
  return {
    node: rows.filter(({ source }) => source === "node"),
    kubelet: rows.filter(({ source }) => source === "kubelet"),
    namespaces,
    files,
    command_id: found[0]?.command_id ?? "",
  };
}

/**
 * `null` where nothing tells. `pids`: of those who ask, also of some that are gone; another process of their container has the
 * same file. `host_network`: of a pod, null when that is not known.
 */
export function configuredFor(
  place: Place,
  pids: readonly number[],
  host_network: boolean | null,
  resolvers: Resolvers,
  table: ProcessTable,
): Configured | null {
  const { node, kubelet, command_id } = resolvers;
  const own = namespacesOf(place, pids, resolvers, table).flatMap((one) => resolvers.files.get(one) ?? []);
  if (servers(own).length > 0) {
    const from = place.container_id === null ? "resolv.conf as it sees it" : "resolv.conf of its container";
    return { servers: servers(own), search: searchOf(own), from, own: true, command_id };
  }
  if (place.pod_uid === null) {
    if (servers(node).length === 0) return null;
    return { servers: servers(node), search: searchOf(node), from: "the node's resolv.conf", own: true, command_id };
  }
  if (servers(kubelet).length === 0 || host_network !== false) return null;
  const from = "the kubelet's clusterDNS";
  return { servers: servers(kubelet), search: searchOf(node), from, own: false, command_id };
}

/** What the kubelet puts into the search list of a pod; its namespace is not always known. */
export function clusterSearch(namespace: string | null, domain: string): string[] {
  return [...(namespace === null ? [] : [`${namespace}.svc.${domain}`]), `svc.${domain}`, domain];
}

/** Mount namespaces of the processes, or else of those that live in the same place. */
function namespacesOf(
  place: Place,
  pids: readonly number[],
  { namespaces }: Resolvers,
  { byPid }: ProcessTable,
): string[] {
  const theirs = pids.flatMap((pid) => namespaces.get(pid) ?? []);
  if (theirs.length > 0) return [...new Set(theirs)];
  const beside = [...namespaces].filter(([pid]) => (byPid.get(pid) ?? []).some((one) => lives(one, place)));
  return [...new Set(beside.map(([, namespace]) => namespace))];
}

function lives({ container_id, cgroups }: Process, place: Place): boolean {
  return place.container_id === null ? cgroups.includes(place.cgroup) : container_id === place.container_id;
}

const valuesOf = (rows: readonly Row[], ...options: Row["option"][]) => [
  ...new Set(rows.filter(({ option }) => options.includes(option)).flatMap(({ values }) => values)),
];

const servers = (rows: readonly Row[]) => valuesOf(rows, "nameserver").map(plainAddress);

const searchOf = (rows: readonly Row[]) =>
  valuesOf(rows, "search", "domain")
    .map(plain)
    .filter((one) => one !== "");
