import { expect, it } from "vitest";
import type { TraceStats } from "../../../electron/core/trace/protocol.ts";
import { figuresOf, ratesOf, ratesText } from "./rates.ts";

const START_US = 1_000_000_000_000_000;
const at = (second: number, events: number, lost = 0): TraceStats => ({
  record: "stats",
  time_us: START_US + second * 1e6,
  events,
  lost,
  evicted: 1,
  thinned: 2,
  sample_every: 4,
  cost: { bpf_run_cnt: 10, bpf_run_time_ns: 1000, user_cpu_ns: 5, cpu_pct: 0.5 },
});

it("turns totals into what happened in each second", () => {
  const rates = ratesOf([at(1, 100), at(2, 300, 4), at(4, 400, 4)], START_US);
  expect(rates).toEqual({
    time_s: [1_000_000_001, 1_000_000_002, 1_000_000_004],
    events: [100, 200, 50],
    lost: [0, 4, 0],
  });
});

it("does not show as one burst what a long run saw before the seconds that are kept", () => {
  expect(ratesOf([at(3600, 1_000_000), at(3601, 1_000_010)], START_US).events).toEqual([10]);
});

it("says in a sentence what the chart shows, losses included", () => {
  expect(ratesText(ratesOf([at(1, 100), at(2, 300, 4)], START_US))).toBe(
    "Events per second over 2 s: 200 now, 150 on average, 200 at most. Some were lost in 1 of these seconds.",
  );
  expect(ratesText(ratesOf([], START_US))).toBe("No second has been measured yet.");
});

it("takes the last word of a run for its figures", () => {
  const schema = null;
  const running = figuresOf({ state: "running", schema, summary: null, stats: [at(1, 100), at(2, 300, 4)] });
  expect(running).toMatchObject({ events: 300, per_second: 200, lost: 4, evicted: 1, thinned: 2, sample_every: 4 });
  const { record: _, ...counts } = at(3, 310, 5);
  const summary = { ...counts, record: "summary" as const, duration_ms: 3000, ended: "time" as const };
  const ended = figuresOf({ state: "ended", schema, summary, stats: [at(2, 300, 4)] });
  expect(ended).toMatchObject({ events: 310, per_second: null, lost: 5 });
});
