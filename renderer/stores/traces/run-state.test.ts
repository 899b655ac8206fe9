import { expect, it } from "vitest";
import type { NodeState, TraceState } from "../../../electron/core/journal/state.ts";
import { runningSum, shownRun, whyNot } from "./run-state.ts";
import { costText, isOverBudget, nothingText, stateText, summaryFacts } from "./text.ts";

const stats = (cpu_pct: number, lost: number) => ({
  record: "stats" as const,
  time_us: 12_000_000,
  events: 0,
  lost,
  evicted: 0,
  thinned: 0,
  sample_every: 1,
  cost: { bpf_run_cnt: 0, bpf_run_time_ns: 0, user_cpu_ns: 0, cpu_pct },
});

const trace = (more: Partial<TraceState>): TraceState => ({
  trace_id: "t",
  node: "n",
  tracer: "verdict",
  params: {},
  limits: { for_s: 30, events: null, budget_pct: 3 },
  started_at: 0,
  ended_at: null,
  state: "running",
  command_id: null,
  schema: null,
  stats: [],
  rows: {},
  notes: [],
  summary: null,
  error: null,
  ...more,
});

it("sums what goes on, and says nothing when nothing does", () => {
  const traces = [
    trace({ stats: [stats(0.5, 2)] }),
    trace({ state: "starting" }),
    trace({ state: "ended", stats: [stats(9, 9)] }),
  ];
  expect(runningSum({ traces, nodes: {} })).toEqual({ count: 2, starting: 1, cpu_pct: 0.5, lost: 2 });
  expect(runningSum({ traces: [trace({ state: "failed" })], nodes: {} })).toBeNull();
  const nodes = { n: { transport: "replay" } as NodeState };
  expect(runningSum({ traces, nodes })).toBeNull();
});

it("shows the chosen run, or the newest", () => {
  const traces = [trace({ trace_id: "a" }), trace({ trace_id: "b" })];
  expect(shownRun({ traces }, "a")?.trace_id).toBe("a");
  expect(shownRun({ traces }, "gone")?.trace_id).toBe("b");
  expect(shownRun({ traces: [] }, null)).toBeUndefined();
});

it("says why a node takes no tracer", () => {
  const node = (more: Partial<NodeState>) =>
    ({ transport: "ssh", phase: "ready", privileges: "root", ...more }) as NodeState;
  expect(whyNot(node({}))).toBeNull();
  expect(whyNot(node({ transport: "replay" }))).toMatch(/recording/);
  expect(whyNot(node({ phase: "waiting" }))).toMatch(/not connected/);
  expect(whyNot(node({ privileges: "sudo_some" }))).toMatch(/need root/);
});

it("tells how far a run is and how it ended", () => {
  const counts = { events: 0, lost: 0, evicted: 0, thinned: 0, cost: null };
  const summary = { record: "summary" as const, time_us: 0, duration_ms: 30_000, ended: "budget" as const, ...counts };
  expect(stateText(trace({}), 12_000)).toBe("running, 12 s of 30 s");
  expect(stateText(trace({ state: "ended", summary }), 0)).toBe(
    "ended because it cost more than its budget after 30.0 s",
  );
  expect(stateText(trace({ state: "failed", ended_at: 2000 }), 9000)).toBe("could not start");
  expect(nothingText(trace({}), 12_000)).toBe("0 events in 12 s");
});

it("tells the cost of a short run as time, and warns of none", () => {
  const cost = { bpf_run_cnt: 0, bpf_run_time_ns: 1_000_000, user_cpu_ns: 23_000_000, cpu_pct: 89 };
  const counts = { events: 0, lost: 0, evicted: 0, thinned: 0, cost };
  const ended = (duration_ms: number) =>
    trace({ summary: { record: "summary", time_us: 0, duration_ms, ended: "done", ...counts } });
  expect([costText(cost, 26), costText(cost, 5000)]).toEqual(["24.0 ms of CPU", "89.00 % CPU"]);
  expect([isOverBudget(ended(26), cost), isOverBudget(ended(5000), cost), isOverBudget(trace({}), cost)]).toEqual([
    false,
    true,
    true,
  ]);
});

it("shows what a tracer adds to its summary, without its tables", () => {
  const counts = { events: 0, lost: 0, evicted: 0, thinned: 0, cost: null };
  const own = { hooks: 2, verdict: [{ prog_id: 1 }], by: { tcp: 3 } };
  const summary = { record: "summary" as const, time_us: 0, duration_ms: 1, ended: "time" as const, ...counts, ...own };
  expect(summaryFacts(summary)).toEqual([
    { name: "hooks", value: "2" },
    { name: "by", value: "tcp 3" },
  ]);
});
