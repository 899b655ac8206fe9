/**
 * Who asked: a program in a container (or a cgroup of the node), told apart by its command line where that is known. A
 * process is one asker; so are a hundred short-lived ones of one program, which is what cron jobs and shell loops make.
 */
import { type Container, containerOf } from "./containers.ts";
import type { Ground } from "./ground.ts";
import { type Process, processOf } from "./processes.ts";
import { fileOf, type Place, type Query, type Total } from "./queries.ts";
import { type Configured, clusterSearch, configuredFor } from "./resolvers.ts";
import { searchOf } from "./search.ts";

export interface Asker {
  /** Stable over runs on the same things, for the verdict's id. */
  id: string;
  /** "curl (pid 1234) in container sidecar of pod shop/cart-1". */
  subject: string;
  program: string;
  comm: string;
  /** The longest path that was told. */
  exe: string;
  place: Place;
  container: Container | null;
  /** By their first query. */
  pids: number[];
  /** Those that are in the table of processes. */
  processes: Process[];
  /** As it is read; null where no process was there to be asked for it. */
  command_line: string | null;
  /** What it sent, by time. */
  queries: Query[];
  totals: Total[];
  forwarder: boolean;
  configured: Configured | null;
  /** Domains that a library puts behind a name. Plain. */
  search: string[];
}

const RESOLVERS =
  /^(coredns|node-cache|dnsmasq|systemd-resolve|unbound|named|kresd|pdns_recursor|stubby|dnscrypt-proxy)/;

/** By its name alone: whoever bears it may be something else, and what answers is known by that. */
export function isCalledResolver({ program, comm }: Asker): boolean {
  return RESOLVERS.test(program) || RESOLVERS.test(comm);
}

type Parts = Omit<Ground, "askers">;

export function askersOf(parts: Parts): Asker[] {
  const groups = new Map<string, { process: Process | null; queries: Query[] }[]>();
  for (const one of byProcess(parts)) {
    const [first] = one.queries;
    if (first === undefined) continue;
    const line = one.process?.command_line ?? "";
    const { cgroup, pod_uid, container_id } = first.place;
    const key = [container_id ?? pod_uid ?? cgroup, first.program, line].join("\0");
    const group = groups.get(key);
    if (group) group.push(one);
    else groups.set(key, [one]);
  }
  return [...groups.values()]
    .map((members) => askerOf(members, parts))
    .sort((a, b) => b.queries.length - a.queries.length || (a.id < b.id ? -1 : 1));
}

/** Queries of one process under one name: one that runs another program meanwhile is two. */
function byProcess({ watch, table }: Parts): { process: Process | null; queries: Query[] }[] {
  const groups = new Map<string, Query[]>();
  for (const query of watch.queries) {
    if (query.role !== "client") continue;
    const key = `${query.pid}\0${query.program}\0${query.place.cgroup}`;
    const group = groups.get(key);
    if (group) group.push(query);
    else groups.set(key, [query]);
  }
  return [...groups.values()].map((queries) => {
    const [first] = queries;
    if (first?.pid == null) return { process: null, queries };
    const totals = watch.totals.get(first.pid) ?? [];
    // A number that two processes had is nobody's.
    const start = totals.length === 1 ? (totals[0]?.start ?? null) : null;
    const process = totals.length > 1 ? null : processOf(table, first.pid, start);
    // It runs something else by now, so its command line is not the asker's.
    const same = process !== null && (process.exe === null || fileOf(process.exe) === first.program);
    return { process: same || process?.comm === first.comm ? process : null, queries };
  });
}

function askerOf(members: readonly { process: Process | null; queries: Query[] }[], parts: Parts): Asker {
  const queries = members.flatMap((one) => one.queries).sort((a, b) => a.time_us - b.time_us);
  const [first] = queries as [Query, ...Query[]];
  const processes = members.flatMap(({ process }) => process ?? []);
  const pids = [...new Set(queries.flatMap(({ pid }) => pid ?? []))];
  const container = containerOf(first.place, parts.state.datapath, parts.crictl, first);
  const configured = configuredFor(first.place, pids, container?.host_network ?? null, parts.resolvers, parts.table);
  const command_line = processes[0]?.command_line ?? null;
  const where = container === null ? first.place.cgroup : (first.place.container_id?.slice(0, 12) ?? container.pod);
  return {
    id: [where, first.program, ...(command_line === null ? [] : [hashOf(command_line)])].join(":"),
    subject: `${nameOf(first)} (${pidsText(pids)}) ${whereText(first.place, container)}`,
    program: first.program,
    comm: first.comm,
    exe: queries.reduce((longest, { exe }) => (exe.length > longest.length ? exe : longest), ""),
    place: first.place,
    container,
    pids,
    processes,
    command_line,
    queries,
    totals: pids.flatMap((pid) => parts.watch.totals.get(pid) ?? []),
    forwarder: pids.some((pid) => parts.forwarding.forwarders.has(pid)),
    configured,
    search: searchOf(queries, [
      ...(configured?.search ?? []),
      ...(container === null ? [] : clusterSearch(container.namespace, parts.question.cluster_domain)),
    ]),
  };
}

/** The binary, and the thread where that is called otherwise. */
function nameOf({ program, comm }: Query): string {
  return program === comm || comm === "" ? program : `${program} [${comm}]`;
}

function pidsText(pids: readonly number[]): string {
  const [only, ...others] = pids;
  if (only === undefined) return "process not known";
  if (others.length === 0) return `pid ${only}`;
  return pids.length <= 3 ? `pids ${pids.join(", ")}` : `${pids.length} processes, pids ${only} to ${pids.at(-1)}`;
}

function whereText({ cgroup }: Place, container: Container | null): string {
  if (container === null) {
    const unit = cgroup.split("/").findLast((part) => /\.(service|scope|slice)$/.test(part));
    return unit === undefined ? `on the node (cgroup ${cgroup || "not known"})` : `on the node, in ${unit}`;
  }
  const which = container.name === null ? "" : `container ${container.name} of `;
  return `in ${which}pod ${container.pod}`;
}

/** FNV-1a, 32 bits: tells command lines apart in an id, no more. */
function hashOf(text: string): string {
  let hash = 0x811c9dc5;
  for (const char of text) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, "0");
}
