/**
 * What a run has gathered, for its book's steps: made of the results its steps came to and of the recorded things they
 * name. Pure, so that a run that was resumed or is looked at again has the same.
 */
import type { EventBody, StepResult } from "../journal/events.ts";
import { mergedVerdicts, verdictsOf } from "../journal/runbooks.ts";
import type { Datapath } from "../model/types.ts";
import type { Reading, RunChange, RunState, TraceEvidence } from "./types.ts";

/** A picture and the command that brought it. */
export interface Picture {
  datapath: Datapath;
  command_id: string | null;
}

export interface RunParts {
  node: RunState["node"];
  started_at: number;
  inputs: Readonly<Record<string, string>>;
  /** By step, in the order they ended. */
  results: ReadonlyMap<string, StepResult>;
  answers: Readonly<Record<string, string>>;
  changes: readonly RunChange[];
  /** The node's last picture, for a run that has none of its own yet. */
  before: Picture | null;
  /** By collection. */
  pictures: ReadonlyMap<string, Picture>;
  /** By trace. */
  traces: ReadonlyMap<string, TraceEvidence>;
  /** By command. */
  readings: ReadonlyMap<string, readonly Reading[]>;
}

export function runStateOf(parts: RunParts): RunState {
  const results = [...parts.results];
  const own = results.flatMap(([, result]) =>
    result.kind === "collected" ? (parts.pictures.get(result.collect_id) ?? []) : [],
  );
  const last = own.at(-1) ?? parts.before;
  return {
    node: parts.node,
    started_at: parts.started_at,
    inputs: parts.inputs,
    datapath: last?.datapath ?? null,
    previous: own.length > 1 ? (own[0]?.datapath ?? null) : null,
    collect_command_id: last?.command_id ?? null,
    traces: Object.fromEntries(results.flatMap(([step, result]) => tracesOf(step, result, parts))),
    readings: Object.fromEntries(results.flatMap(([step, result]) => readingsOfStep(step, result, parts))),
    answers: parts.answers,
    left_out: Object.fromEntries(
      results.flatMap(([step, result]) => {
        const why = leftOut(result);
        return why === null ? [] : [[step, why]];
      }),
    ),
    changes: parts.changes,
    verdicts: results.reduce<RunState["verdicts"]>((all, [, result]) => mergedVerdicts(all, verdictsOf(result)), []),
  };
}

function tracesOf(step: string, result: StepResult, { traces }: RunParts): [string, Record<string, TraceEvidence>][] {
  if (result.kind !== "measured") return [];
  const ran = Object.entries(result.traces).flatMap(([id, trace_id]) => {
    const evidence = traces.get(trace_id);
    return evidence ? [[id, evidence] as const] : [];
  });
  const refused = Object.entries(result.refused ?? {}).map(
    ([id, { tracer, error }]) =>
      [id, { trace_id: "", tracer, schema: null, summary: null, error, records: {}, dropped: {} }] as const,
  );
  return [[step, Object.fromEntries([...ran, ...refused])]];
}

function readingsOfStep(step: string, result: StepResult, parts: RunParts): [string, RunState["readings"][string]][] {
  const of = (command_id: string) => parts.readings.get(command_id) ?? [];
  if (result.kind === "collected" && result.reading !== null) {
    return [[step, { before: [], after: of(result.reading), for_s: 0 }]];
  }
  if (result.kind === "measured" && result.readings) {
    const { before, after } = result.readings;
    return [[step, { before: of(before), after: of(after), for_s: result.for_s }]];
  }
  return [];
}

/** Why a step, or a part of it, was left out or failed; null for one that came to all it should have. */
export function leftOut(result: StepResult): string | null {
  switch (result.kind) {
    case "skipped":
      return result.why;
    case "failed":
      return result.error.message;
    case "collected":
      return result.problem?.message ?? null;
    case "measured": {
      const refused = Object.values(result.refused ?? {}).map(({ error }) => error.message);
      const why = [...new Set([...(result.problem ? [result.problem.message] : []), ...refused])];
      return why.length === 0 ? null : why.join(" ");
    }
    default:
      return null;
  }
}

type ChangeEvent = Extract<EventBody, { type: `change.${string}` }>;

/** Changes that were begun, with how each stands; a plan alone is none. `planned`: of the node, also earlier ones. */
export function changesOf(planned: readonly ChangeEvent[], since: readonly ChangeEvent[]): RunChange[] {
  const entries = new Map(
    planned.flatMap((event) =>
      event.type === "change.planned" ? [[event.plan.plan_id, event.plan.attachment.entry]] : [],
    ),
  );
  const phases = new Map<string, RunChange["phase"]>();
  for (const event of since) {
    if (event.type === "change.planned") continue;
    if (event.type === "change.failed") phases.set(event.plan_id, event.unsure ? "unsure" : "failed");
    else phases.set(event.plan_id, event.type.slice("change.".length) as RunChange["phase"]);
  }
  return [...phases].map(([plan_id, phase]) => ({ plan_id, entry: entries.get(plan_id) ?? "", phase }));
}
