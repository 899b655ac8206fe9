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

/** `null` where nothing tells. `host_network`: of a pod, null when that is not known. */
export function configuredFor(
  place: Place,
  host_network: boolean | null,
  readings: readonly Reading[],
  table: ProcessTable,
): Configured | null {
  const found = readings.filter(({ section }) => section === "dns.resolvers");
  const rows = found.flatMap(({ facts }) => (facts as Row[] | null) ?? []);
  const command_id = found[0]?.command_id ?? "";
  const own = rows.filter(({ pid }) => pid !== null && (table.byPid.get(pid) ?? []).some((one) => lives(one, place)));
  if (servers(own).length > 0) {
    const from = place.container_id === null ? "resolv.conf as it sees it" : "resolv.conf of its container";
    return { servers: servers(own), search: searchOf(own), from, own: true, command_id };
  }
  const node = rows.filter(({ source }) => source === "node");
  if (place.pod_uid === null) {
    if (servers(node).length === 0) return null;
    return { servers: servers(node), search: searchOf(node), from: "the node's resolv.conf", own: true, command_id };
  }
  const kubelet = rows.filter(({ source }) => source === "kubelet");
  if (servers(kubelet).length === 0 || host_network !== false) return null;
  return {
    servers: servers(kubelet),
    search: searchOf(node),
    from: "the kubelet's clusterDNS",
    own: false,
    command_id,
  };
}

/** What the kubelet puts into the search list of a pod; its namespace is not always known. */
export function clusterSearch(namespace: string | null, domain: string): string[] {
  return [...(namespace === null ? [] : [`${namespace}.svc.${domain}`]), `svc.${domain}`, domain];
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
