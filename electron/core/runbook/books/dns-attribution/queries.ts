/**
 * What the dns tracer told, as this book reads it; and how much of what happened that is. Records come from a node:
 * a member that is not what it should be is null.
 */
import { podOfCgroup } from "../../../parsers/lib/pod-cgroup.ts";
import type { TraceEvidence } from "../../types.ts";
import { plain } from "./names.ts";

/** Where a process lives, from its cgroup alone. */
export interface Place {
  cgroup: string;
  pod_uid: string | null;
  container_id: string | null;
}

export interface Query {
  time_us: number;
  outcome: string;
  /** Plain; null in a message that is none. */
  name: string | null;
  type: string;
  rcode: string | null;
  /** Addresses among the answers. */
  addresses: string[];
  latency_us: number | null;
  pid: number | null;
  comm: string;
  /** A path, or the file's name where the process was gone at once. */
  exe: string;
  /** The binary's file name, else the thread's name. */
  program: string;
  place: Place;
  netns: string | null;
  resolver: string | null;
  client: string | null;
  client_port: number | null;
  transport: string;
  transaction: number | null;
  retries: number;
  role: "client" | "server";
  forwarder: boolean;
  /** As the host named them. */
  pod: string | null;
  container: string | null;
}

/** What one process asked in all. */
export interface Total {
  pid: number;
  /** Clock ticks since boot, as /proc/<pid>/stat has it. */
  start: string | null;
  comm: string;
  exe: string;
  queries: number;
}

export interface Watch {
  trace_id: string;
  /** Epoch µs. */
  from_us: number;
  seconds: number;
  /** Of both roles, by time. */
  queries: Query[];
  totals: ReadonlyMap<number, Total[]>;
  /** Why it may not be all that was asked; empty when nothing was lost. */
  gaps: string[];
}

export function readWatch(trace: TraceEvidence, planned_s: number): Watch {
  const queries = (trace.records.query ?? []).flatMap(queryOf).sort((a, b) => a.time_us - b.time_us);
  const totals = new Map<number, Total[]>();
  for (const record of trace.records.process ?? []) {
    const total = totalOf(record);
    if (total !== null) totals.set(total.pid, [...(totals.get(total.pid) ?? []), total]);
  }
  const measured = trace.summary?.duration_ms ?? null;
  return {
    trace_id: trace.trace_id,
    from_us: trace.schema?.started_us ?? queries[0]?.time_us ?? 0,
    seconds: measured === null ? planned_s : measured / 1000,
    queries,
    totals,
    gaps: gapsOf(trace, "query", "queries"),
  };
}

/** What is missing of a trace, in words. */
export function gapsOf({ summary, error, dropped }: TraceEvidence, record: string, what: string): string[] {
  const gaps: string[] = [];
  if (error !== null) gaps.push(`the tracer failed: ${error.message}`);
  if (summary === null) gaps.push("the tracer did not come to its end, so what it lost is not known");
  else {
    if (summary.lost > 0) gaps.push(`${summary.lost} events were lost between kernel and tracer`);
    if (summary.evicted > 0) gaps.push(`${summary.evicted} entries had to make room in the tracer's tables`);
    if (summary.thinned > 0) gaps.push(`${summary.thinned} events were left out to stay within the tracer's budget`);
    if (summary.ended === "budget") gaps.push("the tracer ended early because of its cost");
  }
  const gone = dropped[record] ?? 0;
  if (gone > 0) gaps.push(`${gone} ${what} are not held any more`);
  return gaps;
}

/** How far into the watch, as text: "+3.2 s". */
export function since({ from_us }: Pick<Watch, "from_us">, time_us: number): string {
  return `+${Math.max(0, (time_us - from_us) / 1e6).toFixed(1)} s`;
}

export function placeOf(cgroup: string): Place {
  const found = podOfCgroup(cgroup);
  return { cgroup, pod_uid: found?.uid ?? null, container_id: found?.container_id ?? null };
}

/** The file's name: of a path, without what the kernel says of one that was removed. */
export function fileOf(exe: string): string {
  return exe.replace(/ \(deleted\)$/, "").replace(/^.*\//s, "");
}

type Members = Readonly<Record<string, unknown>>;

export const textOf = (value: unknown): string | null => (typeof value === "string" ? value : null);

export function numberOf(value: unknown): number | null {
  const number = typeof value === "string" && /^\d{1,20}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : null;
}

function queryOf(record: Members): Query[] {
  const time_us = numberOf(record.time_us);
  if (time_us === null) return [];
  const name = textOf(record.name);
  const comm = textOf(record.comm) ?? "";
  const exe = textOf(record.exe) ?? "";
  const netns = numberOf(record.netns);
  const answers = Array.isArray(record.answers) ? record.answers.map(String) : [];
  return [
    {
      time_us,
      outcome: textOf(record.outcome) ?? "",
      name: name === null ? null : plain(name),
      type: textOf(record.type) ?? "",
      rcode: textOf(record.rcode),
      addresses: answers.filter((one) => /^\d+\.\d+\.\d+\.\d+$|^[0-9a-f]*:[0-9a-f:.]+$/i.test(one)).map(plainAddress),
      latency_us: numberOf(record.latency_us),
      pid: numberOf(record.pid),
      comm,
      exe,
      program: fileOf(exe) || comm,
      place: placeOf(textOf(record.cgroup) ?? ""),
      netns: netns === null ? null : `${netns}`,
      resolver: addressOf(record.resolver),
      client: addressOf(record.client),
      client_port: numberOf(record.client_port),
      transport: textOf(record.transport) ?? "",
      transaction: numberOf(record.transaction),
      retries: numberOf(record.retries) ?? 0,
      role: record.role === "server" ? "server" : "client",
      forwarder: record.forwarder === true,
      pod: textOf(record.pod),
      container: textOf(record.container),
    },
  ];
}

function totalOf(record: Members): Total | null {
  const pid = numberOf(record.pid);
  if (pid === null) return null;
  const start = record.start;
  return {
    pid,
    start: typeof start === "number" || typeof start === "string" ? `${start}` : null,
    comm: textOf(record.comm) ?? "",
    exe: textOf(record.exe) ?? "",
    queries: numberOf(record.queries) ?? 0,
  };
}

function addressOf(value: unknown): string | null {
  const text = textOf(value);
  return text === null || text === "" ? null : plainAddress(text);
}

/** An IPv4 address that a socket of both families shows as `::ffff:1.2.3.4` is that address. */
export function plainAddress(text: string): string {
  return text
    .toLowerCase()
    .replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/, "")
    .replace(/%.*$/, "");
}
