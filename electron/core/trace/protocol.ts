/**
 * The lines of `bpfdesk-tracer run`, see docs/design/0006-tracers.md. They come from a node and are checked here.
 */
import { z } from "zod";
import { fieldType, unit } from "./manifest.ts";

const count = z.number().nonnegative();

const cost = z.object({
  bpf_run_cnt: count,
  bpf_run_time_ns: count,
  user_cpu_ns: count,
  /** Of the last second in `stats`, of the whole run in `summary`; 100 is one CPU. */
  cpu_pct: count,
});
export type TraceCost = z.infer<typeof cost>;

const counts = { events: count, lost: count, evicted: count, thinned: count, cost: cost.nullable() };

export const traceSchema = z.object({
  record: z.literal("schema"),
  protocol: z.literal(1),
  tracer: z.string(),
  version: z.string(),
  arch: z.string(),
  kernel: z.string(),
  variant: z.string(),
  proves: z.string(),
  fallbacks: z.array(z.object({ wanted: z.string(), why: z.string() })),
  params: z.record(z.string(), z.string()),
  records: z.record(
    z.string(),
    z.object({
      kind: z.enum(["event", "total"]),
      fields: z.array(
        z.object({ name: z.string(), type: fieldType, unit: unit.optional(), key: z.boolean().optional() }),
      ),
    }),
  ),
  /** Epoch µs. */
  started_us: count,
});
export type TraceSchema = z.infer<typeof traceSchema>;

export const traceStats = z.object({
  record: z.literal("stats"),
  time_us: count,
  ...counts,
  /** Every so many events one is told of; 1: all. */
  sample_every: count,
});
export type TraceStats = z.infer<typeof traceStats>;

export const traceNote = z.object({
  record: z.literal("note"),
  time_us: count,
  code: z.string(),
  message: z.string(),
});
export type TraceNote = z.infer<typeof traceNote>;

/** Further members are the tracer's own totals. */
export const traceSummary = z.looseObject({
  record: z.literal("summary"),
  time_us: count,
  duration_ms: count,
  ended: z.enum(["done", "time", "events", "stdin", "signal", "budget"]),
  ...counts,
});
export type TraceSummary = z.infer<typeof traceSummary>;

export const traceError = z.object({
  record: z.literal("error"),
  code: z.string(),
  message: z.string(),
  hint: z.string(),
});
export type TraceError = z.infer<typeof traceError>;
