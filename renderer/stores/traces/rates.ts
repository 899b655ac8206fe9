/** Figures of a run over time: what happened in each second, what it cost. Pure. */
import type { TraceState } from "../../../electron/core/journal/state.ts";
import type { TraceCost, TraceStats } from "../../../electron/core/trace/protocol.ts";

export interface Rates {
  /** Epoch seconds, ascending. */
  time_s: number[];
  /** Events and losses in the second that ended then, per second. */
  events: number[];
  lost: number[];
}

/** The counts of `stats` are totals; each point is the growth since the one before, per second. */
export function ratesOf(stats: readonly TraceStats[], started_us: number): Rates {
  const rates: Rates = { time_s: [], events: [], lost: [] };
  let before = { time_us: started_us, events: 0, lost: 0 };
  for (const now of stats) {
    const seconds = (now.time_us - before.time_us) / 1e6;
    // The first of what is kept of a long run has nothing before it.
    const first = rates.time_s.length === 0 && stats.length > 1 && seconds > 5;
    if (seconds > 0 && !first) {
      rates.time_s.push(now.time_us / 1e6);
      rates.events.push(Math.max(0, now.events - before.events) / seconds);
      rates.lost.push(Math.max(0, now.lost - before.lost) / seconds);
    }
    before = now;
  }
  return rates;
}

export interface Figures {
  events: number;
  /** In the last second; null when it is over or nothing was said yet. */
  per_second: number | null;
  lost: number;
  evicted: number;
  thinned: number;
  sample_every: number;
  cost: TraceCost | null;
}

/** What is said of a run in numbers: the summary's when there is one, else the newest. */
export function figuresOf(trace: Pick<TraceState, "stats" | "summary" | "schema" | "state">): Figures {
  const last = trace.stats.at(-1);
  const said = trace.summary ?? last;
  const rates = trace.state === "running" ? ratesOf(trace.stats.slice(-2), trace.schema?.started_us ?? 0) : null;
  return {
    events: said?.events ?? 0,
    per_second: rates?.events.at(-1) ?? null,
    lost: said?.lost ?? 0,
    evicted: said?.evicted ?? 0,
    thinned: said?.thinned ?? 0,
    sample_every: last?.sample_every ?? 1,
    cost: said?.cost ?? null,
  };
}

/** The chart in one sentence, for those who do not see it. */
export function ratesText({ events, lost }: Rates): string {
  if (events.length === 0) return "No second has been measured yet.";
  const most = Math.max(...events);
  const mean = events.reduce((sum, value) => sum + value, 0) / events.length;
  const lostSeconds = lost.filter((value) => value > 0).length;
  const round = (value: number) => (value < 10 ? value.toFixed(1) : Math.round(value).toString());
  return [
    `Events per second over ${events.length} s: ${round(events.at(-1) ?? 0)} now, ${round(mean)} on average, ${round(most)} at most.`,
    lostSeconds === 0 ? "None lost." : `Some were lost in ${lostSeconds} of these seconds.`,
  ].join(" ");
}
