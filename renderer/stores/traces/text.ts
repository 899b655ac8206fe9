/** States and ends of a run in words. Pure: the present is an argument. */
import type { TraceState } from "../../../electron/core/journal/state.ts";
import type { TracerManifest } from "../../../electron/core/trace/manifest.ts";
import type { TraceCost, TraceSummary } from "../../../electron/core/trace/protocol.ts";
import { countText, durationText, plural } from "../../ui/format.ts";
import { valueText } from "./values.ts";

const ENDS: Record<TraceSummary["ended"], string> = {
  done: "by itself",
  time: "at its time limit",
  events: "at its limit of events",
  stdin: "because it was stopped",
  signal: "because it was stopped",
  budget: "because it cost more than its budget",
};

/** One or two words. */
export function stateWord({ state }: Pick<TraceState, "state">): string {
  return { starting: "starting", running: "running", ended: "ended", failed: "failed" }[state];
}

/** How far it is, or how it ended: `running, 12 s of 30 s`, `ended at its time limit after 30.0 s`. */
export function stateText(trace: TraceState, now_ms: number): string {
  const seconds = Math.max(0, Math.floor(((trace.ended_at ?? now_ms) - trace.started_at) / 1000));
  switch (trace.state) {
    case "starting":
      return seconds === 0 ? "starting" : `starting, ${seconds} s`;
    case "running":
      return `running, ${Math.min(runSeconds(trace, now_ms), trace.limits.for_s)} s of ${trace.limits.for_s} s`;
    case "ended":
      return trace.summary
        ? `ended ${ENDS[trace.summary.ended]} after ${durationText(trace.summary.duration_ms)}`
        : `ended after ${seconds} s`;
    case "failed":
      return trace.schema ? `failed after ${runSeconds(trace, trace.ended_at ?? now_ms)} s` : "could not start";
  }
}

/**
 * Whole seconds that it has been looking. By the node's own clock as far as that was told: between the clocks of two
 * machines may lie more than a run takes.
 */
export function runSeconds({ schema, stats, started_at }: TraceState, now_ms: number): number {
  const last = stats.at(-1);
  if (schema && last) return Math.max(0, Math.round((last.time_us - schema.started_us) / 1e6));
  return Math.max(0, Math.floor((now_ms - started_at) / 1000));
}

/** Epoch ms by the node's clock, as the times of its records are; until the node told it, by the host's. */
export function startedAt({ schema, started_at }: TraceState): number {
  return schema ? Math.floor(schema.started_us / 1000) : started_at;
}

/** What a run that saw nothing says instead of rows. */
export function nothingText(trace: TraceState, now_ms: number): string {
  const events = trace.summary?.events ?? trace.stats.at(-1)?.events ?? 0;
  const seconds = trace.summary ? durationText(trace.summary.duration_ms) : `${runSeconds(trace, now_ms)} s`;
  return `${plural(events, "event")} in ${seconds}`;
}

/** Title of a tracer; its name when this version does not ship it. */
export function tracerTitle(manifest: TracerManifest | undefined, name: string): string {
  return manifest?.title ?? name;
}

/** `0.12 % CPU`, of one. */
export function cpuText(cpu_pct: number): string {
  return `${cpu_pct < 0.01 && cpu_pct > 0 ? "< 0.01" : cpu_pct.toFixed(2)} % CPU`;
}

/** A run shorter than this has no share of a CPU worth the name. */
const SHORT_MS = 1000;

/** What looking cost: a share of a CPU, or for a short run the time itself. */
export function costText(cost: TraceCost, duration_ms: number | null): string {
  if (duration_ms === null || duration_ms >= SHORT_MS) return cpuText(cost.cpu_pct);
  return `${((cost.bpf_run_time_ns + cost.user_cpu_ns) / 1e6).toFixed(1)} ms of CPU`;
}

/** Whether it cost more than it was given; a short run has no rate to tell by. */
export function isOverBudget({ limits, summary }: TraceState, cost: TraceCost | null): boolean {
  return cost !== null && cost.cpu_pct > limits.budget_pct && (summary?.duration_ms ?? SHORT_MS) >= SHORT_MS;
}

/** What one event cost in its own programs; null when nothing ran. */
export function perRunText(cost: { bpf_run_cnt: number; bpf_run_time_ns: number }): string | null {
  if (cost.bpf_run_cnt === 0) return null;
  const each = Math.round(cost.bpf_run_time_ns / cost.bpf_run_cnt);
  return `${countText(cost.bpf_run_cnt)} runs of its programs, ${countText(each)} ns each`;
}

/** What a tracer adds to its summary: plain values by name; tables are shown as records. */
export function summaryFacts(summary: TraceSummary): { name: string; value: string }[] {
  return Object.entries(summary)
    .filter(([name, value]) => !SUMMARY_FIELDS.has(name) && !Array.isArray(value) && value !== null)
    .map(([name, value]) => ({ name, value: valueText({ type: "object" }, value) }));
}

const SUMMARY_FIELDS = new Set([
  "record",
  "time_us",
  "duration_ms",
  "ended",
  "events",
  "lost",
  "evicted",
  "thinned",
  "cost",
]);
