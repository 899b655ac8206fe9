/** The records of the three tracers this book runs, as far as it needs them. Fields that are missing or odd are null. */
import type { TraceEvidence } from "../../types.ts";

export interface Connection {
  saddr: string;
  sport: number;
  daddr: string;
  dport: number;
}

/** A retransmission that was told one by one. */
export interface Retransmission extends Connection {
  kind: string;
  segments: number;
  /** False: a queue or filter of this node refused it. */
  sent: boolean;
  netns: string;
  pod: string | null;
  pid: number | null;
  comm: string | null;
  /** In a row. */
  timeouts: number;
}

export const KINDS = ["timeout", "after_timeout", "fast", "probe", "syn", "synack", "other"] as const;
export type Kind = (typeof KINDS)[number];

/** What one process sent to one destination. */
export interface Destination {
  daddr: string;
  /** Where this side connected, and where the peer did; the other is null. */
  dport: number | null;
  lport: number | null;
  pid: number | null;
  comm: string | null;
  pod: string | null;
  netns: string;
  sent: number;
  retrans: number;
  refused: number;
  connections: number;
  kinds: Record<Kind, number>;
  /** Null when no segment was ever acknowledged. */
  srtt_us: number | null;
}

/** Packets of one flow that the kernel freed as dropped. Ports are 0 where a protocol has none. */
export interface DropFlow extends Connection {
  proto: string;
  /** "" where the kernel gives none. */
  reason: string;
  location: string;
  device: string | null;
  ifindex: number;
  netns: string;
  segments: number;
}

/** Packets of one flow that a program or its hook dropped. */
export interface VerdictFlow extends Connection {
  proto: string;
  netns: string;
  /** Null when only the hook is known. */
  prog_id: number | null;
  name: string | null;
  verdict: string;
  packets: number;
  /** Of these packets; one that was still to be segmented is one packet. */
  bytes: number;
}

type Row = Readonly<Record<string, unknown>>;

export function retransmissionsOf(trace: TraceEvidence | null): Retransmission[] {
  return rows(trace, "retransmit").flatMap((row): Retransmission[] => {
    const connection = connectionOf(row, ["saddr", "daddr"]);
    if (!connection) return [];
    return [
      {
        ...connection,
        kind: text(row.kind) ?? "other",
        segments: number(row.segments) ?? 1,
        sent: row.sent !== false,
        netns: `${number(row.netns) ?? ""}`,
        ...{ pod: text(row.pod), pid: number(row.pid), comm: text(row.comm) },
        timeouts: number(row.timeouts) ?? 0,
      },
    ];
  });
}

export function destinationsOf(trace: TraceEvidence | null): Destination[] {
  return rows(trace, "destination").flatMap((row): Destination[] => {
    const daddr = text(row.daddr);
    if (daddr === null) return [];
    return [
      {
        daddr,
        ...{ dport: number(row.dport), lport: number(row.lport), pid: number(row.pid) },
        ...{ comm: text(row.comm), pod: text(row.pod) },
        netns: `${number(row.netns) ?? ""}`,
        ...{ sent: number(row.segs_sent) ?? 0, retrans: number(row.segs_retrans) ?? 0 },
        ...{ refused: number(row.refused) ?? 0, connections: number(row.connections) ?? 0 },
        kinds: Object.fromEntries(KINDS.map((kind) => [kind, number(row[kind]) ?? 0])) as Record<Kind, number>,
        srtt_us: number(row.srtt_avg_us),
      },
    ];
  });
}

export function dropFlowsOf(trace: TraceEvidence | null): DropFlow[] {
  return rows(trace, "flow").flatMap((row): DropFlow[] => {
    return [
      {
        ...flowOf(row),
        ...{ reason: text(row.reason) ?? "", location: text(row.location) ?? "", device: text(row.device) },
        ifindex: number(row.ifindex) ?? 0,
        netns: `${number(row.netns) ?? ""}`,
        segments: number(row.segments) ?? number(row.packets) ?? 0,
      },
    ];
  });
}

export function verdictFlowsOf(trace: TraceEvidence | null): VerdictFlow[] {
  return rows(trace, "flow").flatMap((row): VerdictFlow[] => {
    const { prog_id, name, verdict, count, bytes } = row;
    return [
      {
        ...flowOf(row),
        ...{ prog_id: number(prog_id), name: text(name), verdict: text(verdict) ?? "" },
        ...{ packets: number(count) ?? 0, bytes: number(bytes) ?? 0, netns: `${number(row.netns) ?? ""}` },
      },
    ];
  });
}

/**
 * Null when a trace ran to its end and lost nothing, so that what its `flow` records do not tell did not happen;
 * otherwise why not.
 */
export function gapOf(trace: TraceEvidence | null, name: string): string | null {
  if (trace === null) return `${name} was not run`;
  if (trace.error) return `${name} could not run: ${trace.error.message}`;
  if (trace.summary === null) return `${name} did not come to its end`;
  if (trace.summary.ended === "budget") return `${name} ended early: it would have cost too much`;
  const { lost, evicted } = trace.summary;
  if (lost > 0 || evicted > 0) return `${name} lost ${lost + evicted} of what it saw`;
  const dropped = trace.dropped.flow ?? 0;
  return dropped > 0 ? `${dropped} flows of ${name} are no longer held` : null;
}

/** The same of a hook's verdicts: where programs cannot be traced it depends on what the hook as a whole can tell. */
export function verdictGapOf(trace: TraceEvidence | null, label: string): string | null {
  const gap = gapOf(trace, `the tracer of ${label}`);
  if (gap !== null || trace?.schema?.variant !== "hook") return gap;
  const hooks = rows(trace, "hook");
  const tells = hooks.length > 0 && hooks.every((row) => number(row.drops) !== null && row.complete !== false);
  return tells
    ? null
    : `${label}: this kernel cannot trace programs (no fexit), and does not tell all that the hook drops`;
}

function rows(trace: TraceEvidence | null, record: string): readonly Row[] {
  return trace?.records[record] ?? [];
}

function connectionOf(row: Row, [from, to]: [string, string]): Connection | null {
  const [saddr, daddr, sport, dport] = [text(row[from]), text(row[to]), number(row.sport), number(row.dport)];
  return saddr === null || daddr === null || sport === null || dport === null ? null : { saddr, sport, daddr, dport };
}

function flowOf({ proto, src, sport, dst, dport }: Row): Connection & { proto: string } {
  return {
    proto: text(proto) ?? "",
    ...{ saddr: text(src) ?? "", sport: number(sport) ?? 0, daddr: text(dst) ?? "", dport: number(dport) ?? 0 },
  };
}

const text = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);

/** Numbers come as such, and as text where they may be too large for one. */
function number(value: unknown): number | null {
  if (typeof value === "number") return Number.isFinite(value) ? value : null;
  return typeof value === "string" && /^-?\d{1,20}(\.\d+)?$/.test(value) ? Number(value) : null;
}

/**
 * A connection, told apart from all others of the node, towards its peer. Addresses are the node's or the cluster's own and
 * hold in every network namespace; but each has its own loopback.
 */
export function connectionKey({ saddr, sport, daddr, dport, netns }: Connection & { netns: string }): string {
  const place = isLoopback(daddr) ? `${netns} ` : "";
  return `${place}${saddr} ${sport} ${daddr} ${dport}`;
}

export function reversed<T extends Connection>(flow: T): T {
  return { ...flow, saddr: flow.daddr, sport: flow.dport, daddr: flow.saddr, dport: flow.sport };
}

export const isLoopback = (address: string): boolean => /^127\.|^::1$/.test(address);
