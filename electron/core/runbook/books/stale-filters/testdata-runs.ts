/** Runs of this book for its tests: what the tracer said, the states made of it, and verdicts in short. */
import type { Datapath } from "../../../model/types.ts";
import type { RunState, TraceEvidence } from "../../types.ts";
import { conclude } from "./conclude.ts";

export interface Counts {
  runs: number;
  /** Absent: not seen. */
  verdicts?: Record<string, number>;
}

const DROPPING = /SHOT|DROP|ABORTED/;

/** What the tracer said of one hook: exact where verdicts are given, else with the hook's drops. */
export function aTrace(
  counts: Readonly<Record<number, Counts>>,
  hook: { drops?: number; complete?: boolean } = {},
  flows: Record<string, unknown>[] = [],
): TraceEvidence {
  const program = Object.entries(counts).map(([id, { runs, verdicts }]) => ({
    prog_id: Number(id),
    evidence: verdicts === undefined ? "hook" : "program",
    runs,
    drops:
      verdicts === undefined
        ? null
        : Object.entries(verdicts).reduce((all, [name, count]) => all + (DROPPING.test(name) ? count : 0), 0),
    // As tables of a trace hold an object.
    verdicts: verdicts === undefined ? null : JSON.stringify(verdicts),
  }));
  const exact = program.every(({ evidence }) => evidence === "program");
  return {
    trace_id: "t1",
    tracer: "verdict",
    schema: {
      record: "schema",
      protocol: 1,
      tracer: "verdict",
      version: "1",
      arch: "x86_64",
      kernel: "6.18.0",
      variant: exact ? "fexit" : "hook",
      proves: "",
      fallbacks: exact ? [] : [{ wanted: "fexit", why: "this kernel does not let programs be traced" }],
      params: {},
      records: {},
      started_us: 1,
    },
    summary: {
      record: "summary",
      time_us: 1,
      duration_ms: 10_000,
      ended: "time",
      events: 0,
      lost: 0,
      evicted: 0,
      thinned: 0,
      cost: null,
    },
    error: null,
    records: {
      program,
      hook:
        hook.drops === undefined
          ? []
          : [{ drops: hook.drops, others: 0, complete: hook.complete ?? true, qdisc_drops: hook.drops }],
      flow: flows,
    },
    dropped: {},
  };
}

export const aFlow = (prog_id: number | null, count: number, sport = 40_000) => ({
  prog_id,
  verdict: "drop",
  proto: "tcp",
  src: "10.0.0.9",
  dst: "10.0.1.7",
  sport,
  dport: 8080,
  count,
});

export function aState(datapath: Datapath | null, change: Partial<RunState> = {}): RunState {
  return {
    node: { name: "n1", label: "node-1", root: true },
    started_at: 1,
    inputs: {},
    datapath,
    previous: null,
    collect_command_id: "c1",
    traces: {},
    readings: {},
    answers: {},
    left_out: {},
    changes: [],
    verdicts: [],
    ...change,
  };
}

/** The key of an egress lane of the nth pod. */
export const egressOf = (index: number): string => `if:4026531840:${7 + index} egress`;

/** A run in which the hook of the first pod's egress was measured, with what that came to. */
export const measuredRun = (datapath: Datapath, trace: TraceEvidence, change: Partial<RunState> = {}): RunState =>
  aState(datapath, { traces: { measure: { [egressOf(0)]: trace } }, ...change });

/** Verdicts in short: `confirmed active-conflict: lxc1, pref 1 …`. */
export const short = (state: RunState): string[] =>
  conclude(state).map(
    ({ verdict, kind, subject }) => `${verdict} ${kind}: ${subject.replace(/ (?:in|e)gress \([^)]*\)/, "")}`,
  );
export const texts = (state: RunState, at = 0): string[] => conclude(state)[at]?.evidence.map(({ text }) => text) ?? [];
/** Meaning and what is missing, of one verdict. */
export const said = (state: RunState, at = 0): string => {
  const one = conclude(state)[at];
  return [one?.meaning, ...(one?.missing ?? [])].join(" ");
};
