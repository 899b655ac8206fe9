/**
 * Runs of runbooks in the fold of the journal: how far each is, what it waits for, what it found so far.
 *
 * What a run measured is not here: its result names traces and commands, whose records are read from the host.
 */
import type { ErrorData } from "../errors.ts";
import type { RunBatch, RunbookVerdict } from "../runbook/types.ts";
import type { EventBody, StepResult } from "./events.ts";

/** One step of a run that was begun. */
export interface RunbookStepState {
  step: string;
  /** `interrupted`: it was under way when the run was paused or stopped, and is done anew on resume. */
  state: "running" | "waiting" | "done" | "skipped" | "failed" | "interrupted";
  /** Epoch ms. */
  started_at: number;
  ended_at: number | null;
  /** While it measures, and after: measurement id to trace id. */
  traces: Readonly<Record<string, string>>;
  /** Seconds it measures, null for other steps. */
  for_s: number | null;
  result: StepResult | null;
}

/** One run of a runbook on one node. */
export interface RunbookRunState {
  run_id: string;
  node: string;
  book: string;
  inputs: Readonly<Record<string, string>>;
  /** Null: it was begun on this node alone. */
  batch: RunBatch | null;
  /** Epoch ms. */
  started_at: number;
  ended_at: number | null;
  /** `waiting`: for a person, see `question`. */
  state: "running" | "waiting" | "paused" | "ended";
  /** In the order they were begun; each once. */
  steps: readonly RunbookStepState[];
  question: { step: string; question: string; answers: { id: string; text: string }[]; asked_at: number } | null;
  /** Of all steps so far; a later one with the same id replaces the earlier. */
  verdicts: readonly RunbookVerdict[];
  /** Why it is paused (null: a person wished it), or null when it is not. */
  paused: { error: ErrorData | null; at: number } | null;
  outcome: "finished" | "stopped" | "failed" | null;
  /** Of an outcome that is `failed`. */
  error: ErrorData | null;
}

export type RunbookEvent = Extract<EventBody, { type: `runbook.${string}` }>;

export const isRunbookEvent = (event: EventBody): event is RunbookEvent => event.type.startsWith("runbook.");

/** Applies one event. An event of a run that is not known changes nothing. */
export function foldRunbooks(
  runs: readonly RunbookRunState[],
  event: RunbookEvent,
  at: number,
): readonly RunbookRunState[] {
  if (event.type === "runbook.started") return [...runs, newRun(event, at)];
  const index = runs.findLastIndex(({ run_id }) => run_id === event.run_id);
  const run = runs[index];
  return run ? runs.with(index, { ...run, ...changed(run, event, at) }) : runs;
}

function newRun(event: Extract<RunbookEvent, { type: "runbook.started" }>, at: number): RunbookRunState {
  const { run_id, node, book, inputs, batch = null } = event;
  return {
    ...{ run_id, node, book, inputs, batch, started_at: at, ended_at: null, state: "running", steps: [] },
    ...{ question: null, verdicts: [], paused: null, outcome: null, error: null },
  };
}

function changed(
  run: RunbookRunState,
  event: Exclude<RunbookEvent, { type: "runbook.started" }>,
  at: number,
): Partial<RunbookRunState> {
  switch (event.type) {
    case "runbook.step_started": {
      const fresh: RunbookStepState = {
        ...{ step: event.step, state: "running", started_at: at, ended_at: null },
        ...{ traces: {}, for_s: null, result: null },
      };
      return { steps: [...run.steps.filter(({ step }) => step !== event.step), fresh] };
    }
    case "runbook.measuring": {
      const { traces, for_s } = event;
      return { steps: onStep(run, event.step, () => ({ traces, for_s })) };
    }
    case "runbook.asked": {
      const { step, question, answers, verdicts = [] } = event;
      return {
        state: "waiting",
        question: { step, question, answers, asked_at: at },
        steps: onStep(run, step, () => ({ state: "waiting" })),
        verdicts: mergedVerdicts(run.verdicts, verdicts),
      };
    }
    case "runbook.answered":
      return { state: "running", question: null, steps: onStep(run, event.step, () => ({ state: "running" })) };
    case "runbook.step_ended": {
      const { step, result } = event;
      return {
        steps: onStep(run, step, ({ traces, for_s }) => ({
          ...{ state: stateOf(result), ended_at: at, result },
          ...(result.kind === "measured" ? { traces: result.traces, for_s: result.for_s } : { traces, for_s }),
        })),
        verdicts: mergedVerdicts(run.verdicts, verdictsOf(result)),
      };
    }
    case "runbook.paused":
      return { state: "paused", paused: { error: event.error, at }, question: null, steps: interrupted(run, at) };
    case "runbook.resumed":
      return { state: "running", paused: null };
    case "runbook.ended": {
      const { outcome, error } = event;
      return {
        ...{ state: "ended", ended_at: at, outcome, error, paused: null, question: null },
        steps: interrupted(run, at),
      };
    }
  }
}

/** The verdicts a step came to. */
export function verdictsOf(result: StepResult): readonly RunbookVerdict[] {
  return result.kind === "concluded" || result.kind === "measured" ? result.verdicts : [];
}

/** In the order they first came; a later one with the same id takes the place of the earlier. */
export function mergedVerdicts(
  before: readonly RunbookVerdict[],
  more: readonly RunbookVerdict[],
): readonly RunbookVerdict[] {
  if (more.length === 0) return before;
  return [...new Map([...before, ...more].map((verdict) => [verdict.id, verdict])).values()];
}

function stateOf({ kind }: StepResult): RunbookStepState["state"] {
  return kind === "skipped" || kind === "failed" ? kind : "done";
}

function onStep(
  run: RunbookRunState,
  id: string,
  change: (step: RunbookStepState) => Partial<RunbookStepState>,
): readonly RunbookStepState[] {
  return run.steps.map((step) => (step.step === id ? { ...step, ...change(step) } : step));
}

function interrupted(run: RunbookRunState, at: number): readonly RunbookStepState[] {
  return run.steps.map((step) =>
    step.state === "running" || step.state === "waiting" ? { ...step, state: "interrupted", ended_at: at } : step,
  );
}
