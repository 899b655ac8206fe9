/** The last words of a trace for a person's terminal: how many, how many were missed, what it cost. */
import { visibleText } from "../core/text/visible.ts";
import type { TraceSummary } from "../core/trace/protocol.ts";
import type { Paint } from "./paint.ts";
import { duration } from "./trace-columns.ts";

const ENDED: Record<TraceSummary["ended"], string> = {
  time: "its time was over",
  done: "it had done what it was asked",
  events: "it had seen as many as were asked for",
  stdin: "its connection ended",
  signal: "it was stopped",
  budget: "it would have cost more than its budget",
};

/** Members every summary has; the tracer's own come after them. */
const COMMON = new Set(["record", "time_us", "duration_ms", "ended", "events", "lost", "evicted", "thinned", "cost"]);

export function summaryLines(summary: TraceSummary, prefix: string, p: Paint): string[] {
  const { events, lost, evicted, thinned, cost, duration_ms, ended } = summary;
  const missed = [
    ...(lost > 0 ? [`${lost} lost`] : []),
    ...(evicted > 0 ? [`${evicted} evicted from full tables`] : []),
    ...(thinned > 0 ? [`${thinned} left out to stay within its budget`] : []),
  ];
  const cpu = cost === null ? "its cost is not known" : `${Number(cost.cpu_pct.toPrecision(2))} % of one CPU`;
  const own = Object.entries(summary)
    .filter(([name, value]) => !COMMON.has(name) && (typeof value !== "object" || value === null))
    .map(([name, value]) => `${name.replaceAll("_", " ")}: ${value === null ? "-" : String(value)}`);
  return [
    "",
    p.bold(
      `${prefix}${events} events in ${duration(duration_ms * 1e6)}, ${missed.length === 0 ? "none lost" : missed.join(", ")}`,
    ),
    `${prefix}It ended because ${ENDED[ended]}; ${cpu}${cost ? ` (${cost.bpf_run_cnt} runs in the kernel)` : ""}.`,
    ...own.map((line) => `${prefix}${visibleText(line)}`),
  ];
}
