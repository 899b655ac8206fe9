/**
 * The steps that touch a node: a fresh picture, and looking for some seconds with tracers side by side and with
 * sections read before and after. What a part of it fails with is told with the rest; only an interruption rejects.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { BpfdeskError, type ErrorData } from "../../core/errors.ts";
import type { EventBody, StepResult } from "../../core/journal/events.ts";
import type { MeasurePlan } from "../../core/runbook/types.ts";
import type { TracerManifest } from "../../core/trace/manifest.ts";
import { validateParams } from "../../core/trace/params.ts";
import type { Journal } from "../journal/journal.ts";
import { failureData } from "../session/failure.ts";
import type { LiveNode } from "../session/live-node.ts";
import { firstNews, Interrupted } from "./news.ts";

export interface MeasureParts {
  journal: Journal;
  node: string;
  run_id: string;
  live: LiveNode;
  manifests: readonly TracerManifest[];
  /** Aborted when the run is paused or stopped, or the connection is over. */
  signal: AbortSignal;
  tell(...events: EventBody[]): void;
}

type Measured = Extract<StepResult, { kind: "measured" }>;

/** Percent of one CPU a tracer of a runbook may cost, as one that a person starts. */
const BUDGET_PCT = 3;
const LONGEST_S = 3600;
/** Somebody else's collection may be under way, and after it another. */
const COLLECT_TRIES = 5;

/** Rejects with {@link Interrupted}; with what the collection failed with. */
export async function collectStep(
  parts: MeasureParts,
  sections: readonly string[],
): Promise<Extract<StepResult, { kind: "collected" }>> {
  const collect_id = await collectOnce(parts);
  if (sections.length === 0) return { kind: "collected", collect_id, reading: null };
  const reading = await read(parts, sections);
  return typeof reading === "string"
    ? { kind: "collected", collect_id, reading }
    : { kind: "collected", collect_id, reading: null, problem: reading };
}

async function collectOnce({ journal, node, live, signal }: MeasureParts): Promise<string> {
  for (let tries = 1; ; tries++) {
    if (signal.aborted) throw new Interrupted();
    const from = journal.last_seq;
    try {
      const { collect_id } = live.collect();
      const error = await firstNews(journal, from, signal, (event) => {
        if (event.type === "collect.finished" && event.collect_id === collect_id) return null;
        return event.type === "collect.failed" && event.collect_id === collect_id ? event.error : undefined;
      });
      if (error === null) return collect_id;
      throw new BpfdeskError(error);
    } catch (error) {
      const busy = error instanceof BpfdeskError && error.data.code === "collecting";
      if (!busy || tries === COLLECT_TRIES) throw error;
      await firstNews(journal, from, signal, (event) =>
        (event.type === "collect.finished" || event.type === "collect.failed") && event.node === node
          ? true
          : undefined,
      );
    }
  }
}

/** The command's id, or why it could not be read. */
async function read({ live, signal }: MeasureParts, sections: readonly string[]): Promise<string | ErrorData> {
  try {
    return await live.readSections(sections, signal);
  } catch (error) {
    if (signal.aborted) throw new Interrupted();
    return failureData(error, "collecting", live.transport.host);
  }
}

/** Rejects with {@link Interrupted} only, or with a plan that cannot be. */
export async function measureStep(parts: MeasureParts, step: string, plan: MeasurePlan): Promise<Measured> {
  const { journal, node, run_id, tell, signal } = parts;
  if (!(plan.for_s >= 1 && plan.for_s <= LONGEST_S)) throw new RangeError(`to measure for ${plan.for_s} s`);
  const for_s = Math.ceil(plan.for_s);
  const reads = plan.sections.length > 0;
  const began = performance.now();
  const before = reads ? await read(parts, plan.sections) : null;
  if (signal.aborted) throw new Interrupted();
  const from = journal.last_seq;
  const { traces, refused } = startTraces(parts, { ...plan, for_s });
  tell({ type: "runbook.measuring", node, run_id, step, for_s, traces });
  const ends = untilEnded(parts, from, Object.values(traces));
  const over = reads ? sleep(for_s * 1000, null, { signal }).catch(() => Promise.reject(new Interrupted())) : null;
  // Also when it is interrupted: whoever resumes it waits until the tracers have ended.
  for (const one of await Promise.allSettled([ends, over])) if (one.status === "rejected") throw one.reason;
  const until = performance.now();
  const after = reads ? await read(parts, plan.sections) : null;
  if (signal.aborted) throw new Interrupted();
  const problem = [before, after].find((one) => one !== null && typeof one !== "string");
  const both = typeof before === "string" && typeof after === "string" ? { before, after } : null;
  return {
    kind: "measured",
    for_s: both ? Math.round((until - began) / 100) / 10 : for_s,
    traces,
    ...(Object.keys(refused).length > 0 ? { refused } : {}),
    readings: both,
    ...(problem && typeof problem !== "string" ? { problem } : {}),
    verdicts: [],
  };
}

function startTraces(
  { live, manifests }: MeasureParts,
  { traces: measurements, for_s, budget_pct = BUDGET_PCT }: MeasurePlan,
) {
  const traces: Record<string, string> = {};
  const refused: NonNullable<Measured["refused"]> = {};
  for (const { id, tracer, params } of measurements) {
    try {
      const manifest = manifests.find(({ name }) => name === tracer);
      if (!manifest) throw noSuchTracer(tracer, live.transport.host);
      validateParams(manifest, params);
      const limits = { for_s, events: null, budget_pct };
      traces[id] = live.tracing.start({ tracer, params, limits }).trace_id;
    } catch (error) {
      refused[id] = { tracer, error: failureData(error, "ready", live.transport.host) };
    }
  }
  return { traces, refused };
}

/** When it is interrupted the tracers are asked to end, and their end is waited for: it is bounded by itself. */
async function untilEnded(
  { journal, live, signal }: MeasureParts,
  from: number,
  ids: readonly string[],
): Promise<void> {
  const waiting = new Set(ids);
  if (waiting.size === 0) return;
  const stop = () => {
    for (const id of waiting) {
      try {
        live.tracing.stop(id);
      } catch {
        // It has ended meanwhile.
      }
    }
  };
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    await firstNews(journal, from, new AbortController().signal, (event) => {
      if (event.type === "trace.ended") waiting.delete(event.trace_id);
      return waiting.size === 0 ? true : undefined;
    });
  } finally {
    signal.removeEventListener("abort", stop);
  }
  if (signal.aborted) throw new Interrupted();
}

const noSuchTracer = (tracer: string, node: string) =>
  new BpfdeskError({
    code: "no-such-tracer",
    message: `There is no tracer called ${JSON.stringify(tracer)}.`,
    hint: "This installation may hold none: make them with npm run build:tracers (on Debian).",
    node,
  });
