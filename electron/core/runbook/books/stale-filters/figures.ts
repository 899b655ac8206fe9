/**
 * What the verdict tracer said about one lane. Its records came from a node: a member that is not what it should be counts as
 * not told.
 */
import type { RunState, TraceEvidence } from "../../types.ts";
import type { Lane } from "./lanes.ts";

export interface ProgramFigures {
  /** Null: the kernel counts no runs. */
  runs: number | null;
  /** Null: its verdicts were not seen. */
  drops: number | null;
  /** How often it returned each, by name; null as `drops`. */
  verdicts: Readonly<Record<string, number>> | null;
}

export interface DroppedFlow {
  /** Null: only the hook is known. */
  prog_id: number | null;
  proto: string;
  src: string;
  dst: string;
  sport: number | null;
  dport: number | null;
  count: number;
}

export interface Figures {
  trace_id: string;
  seconds: number;
  programs: ReadonlyMap<number, ProgramFigures>;
  /** What the hook as a whole dropped; null when it was not counted. `complete` false: at least so many. */
  hook_drops: number | null;
  complete: boolean;
  /** Growth of the clsact qdisc's counter: both directions. */
  qdisc_drops: number | null;
  /** Of verdicts that drop, the most frequent first. */
  flows: DroppedFlow[];
  /** Returns or packets that were not seen, as far as counted. */
  lost: number;
  /** Why programs' own verdicts were not seen, in the tracer's words. */
  fallbacks: string[];
}

export type Measured = { figures: Figures } | { why: string; hint: string };

/** Of one trace over the programs of many lanes. */
export const ALL_PROGRAMS = "programs";

/** What step `step` measured of a lane, or why nothing is known. */
export function measured(state: RunState, step: string, lane: Lane): Measured {
  const traces = state.traces[step];
  const own = traces?.[lane.id];
  const all = traces?.[ALL_PROGRAMS];
  const trace = own ?? (all !== undefined && covers(all, lane) ? all : undefined);
  if (trace === undefined) {
    const why =
      state.left_out[step] ??
      (traces === undefined ? "It has not been measured yet." : "It was not among what was measured.");
    return { why, hint: `Run the book again for ${lane.iface.name} alone.` };
  }
  if (trace.summary === null) {
    const { error } = trace;
    return {
      why: error?.message ?? "The tracer ended without telling its figures.",
      hint: error?.hint ?? "Run the book again.",
    };
  }
  return { figures: own === undefined ? amongAll(trace, trace.summary, lane) : ofTrace(trace, trace.summary) };
}

type Summary = NonNullable<TraceEvidence["summary"]>;
type Row = Record<string, unknown>;

function ofTrace(trace: TraceEvidence, summary: Summary): Figures {
  const hooks = rows(trace, "hook");
  const told = hooks.flatMap(({ drops }) => countOf(drops) ?? []);
  const qdisc = hooks.flatMap(({ qdisc_drops }) => countOf(qdisc_drops) ?? []);
  return {
    trace_id: trace.trace_id,
    seconds: summary.duration_ms / 1000,
    programs: new Map(rows(trace, "program").flatMap((row) => programOf(row) ?? [])),
    hook_drops: told.length === 0 ? null : sum(told),
    complete: hooks.every(({ complete }) => complete !== false),
    qdisc_drops: qdisc.length === 0 ? null : Math.max(...qdisc),
    flows: flowsOf(rows(trace, "flow")),
    lost: summary.lost,
    fallbacks: (trace.schema?.fallbacks ?? []).map(({ why }) => why),
  };
}

/** Figures of a program that also runs elsewhere are not this lane's. */
function amongAll(trace: TraceEvidence, summary: Summary, lane: Lane): Figures {
  const here = (row: Row) =>
    row.ifindex === lane.iface.ifindex && String(row.netns) === lane.iface.netns && row.direction === lane.direction;
  const only = (name: string) => rows(trace, name).filter(here);
  const records = { program: rows(trace, "program"), hook: only("hook"), flow: only("flow") };
  const figures = ofTrace({ ...trace, records }, summary);
  const own = lane.places.flatMap(({ entry, program }): [number, ProgramFigures][] => {
    const id = entry.prog_id ?? -1;
    const found = figures.programs.get(id);
    if (found === undefined) return [];
    if (program?.attached.length === 1) return [[id, found]];
    const whole = found.drops !== null && summary.lost === 0 && summary.evicted === 0;
    const drops = whole ? sum(figures.flows.filter((flow) => flow.prog_id === id).map(({ count }) => count)) : null;
    return [[id, { runs: null, drops, verdicts: null }]];
  });
  return { ...figures, programs: new Map(own) };
}

function covers(trace: TraceEvidence, lane: Lane): boolean {
  const ids = new Set(rows(trace, "program").map(({ prog_id }) => prog_id));
  return trace.summary === null || lane.places.every(({ entry }) => ids.has(entry.prog_id));
}

const rows = ({ records }: TraceEvidence, name: string): Row[] => records[name] ?? [];
const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);

function countOf(value: unknown): number | null {
  const number = typeof value === "string" && /^\d+$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) && number >= 0 ? number : null;
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");

function programOf(row: Row): [[number, ProgramFigures]] | null {
  const id = countOf(row.prog_id);
  if (id === null) return null;
  const drops = row.evidence === "program" ? countOf(row.drops) : null;
  return [[id, { runs: countOf(row.runs), drops, verdicts: verdictsOf(row.verdicts) }]];
}

/** An object, or its JSON, as tables of a trace hold it. */
function verdictsOf(value: unknown): Record<string, number> | null {
  let object = value;
  if (typeof value === "string") {
    try {
      object = JSON.parse(value);
    } catch {
      return null; // not told
    }
  }
  if (typeof object !== "object" || object === null || Array.isArray(object)) return null;
  return Object.fromEntries(
    Object.entries(object).flatMap(([name, count]) => {
      const number = countOf(count);
      return number === null ? [] : [[name, number]];
    }),
  );
}

function flowsOf(rowsOfFlows: readonly Row[]): DroppedFlow[] {
  return rowsOfFlows
    .map((row) => ({
      prog_id: countOf(row.prog_id),
      proto: textOf(row.proto),
      src: textOf(row.src),
      dst: textOf(row.dst),
      sport: countOf(row.sport),
      dport: countOf(row.dport),
      count: countOf(row.count) ?? 0,
    }))
    .toSorted((a, b) => b.count - a.count);
}

/** `tcp 10.0.1.7:41022 → 10.0.2.9:80`. */
export function tupleText({ proto, src, dst, sport, dport }: DroppedFlow): string {
  const end = (address: string, port: number | null) =>
    `${port !== null && address.includes(":") ? `[${address}]` : address || "?"}${port === null ? "" : `:${port}`}`;
  return `${proto || "packet"} ${end(src, sport)} → ${end(dst, dport)}`;
}
