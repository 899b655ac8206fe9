/** Runs of runbooks in words: how each stands, what can be done about it, its steps. Pure: the present is an argument. */
import type { RunbookRunState, RunbookStepState } from "../../../electron/core/journal/runbooks.ts";
import type { NodeState, SessionState } from "../../../electron/core/journal/state.ts";
import type { RunbookInfo } from "../../../electron/shared/contract.ts";
import { durationText } from "../../ui/format.ts";

/** Why a runbook cannot be started or gone on with on a node; null when it can. */
export function whyNoRun(node: NodeState | undefined): string | null {
  if (!node) return "The node is not part of this session any more.";
  if (node.transport === "replay") return "This is a recording: nothing can be started on it.";
  if (node.phase !== "ready" && node.phase !== "collecting") return "The node is not connected.";
  return null;
}

/** What a run would see less of on a node that can run it; null when nothing. */
export function lessSeen({ privileges }: Pick<NodeState, "privileges">): string | null {
  if (privileges !== null && privileges !== "none" && privileges !== "sudo_some") return null;
  return "bpfdesk is not root there: what needs a tracer will be “cannot tell”.";
}

/** Whether it goes on at a node, or could; a recorded run that is still being read does not. */
export function goesOn(run: RunbookRunState, nodes: Readonly<Record<string, NodeState>>): boolean {
  return run.state !== "ended" && nodes[run.node]?.transport !== "replay";
}

/** The run to look at now, for the status bar: one that waits for a person before one that goes on; null when none does. */
export function newestGoing(
  runs: readonly RunbookRunState[],
  nodes: Readonly<Record<string, NodeState>>,
): { run_id: string; waits: boolean; text: string } | null {
  const going = runs.filter((run) => goesOn(run, nodes));
  const waiting = going.filter(({ state }) => state === "waiting");
  const run = waiting.at(-1) ?? going.findLast(({ state }) => state === "running") ?? going.at(-1);
  if (!run) return null;
  const running = going.filter(({ state }) => state === "running").length;
  const parts = [
    waiting.length > 0 ? `${waiting.length} waiting for you` : "",
    running > 0 ? `${running} running` : "",
    going.length > waiting.length + running ? `${going.length - waiting.length - running} paused` : "",
  ].filter(Boolean);
  return { run_id: run.run_id, waits: waiting.length > 0, text: `Runbooks: ${parts.join(", ")}` };
}

export type RunWord = "running" | "waiting" | "paused" | "finished" | "stopped" | "failed" | "unfinished";

/** How it stands. `unfinished`: a recording that ends in the midst of it. */
export function runWord(run: RunbookRunState, recorded: boolean): RunWord {
  if (run.state === "ended") return run.outcome ?? "finished";
  return recorded ? "unfinished" : run.state;
}

const RUN_TEXTS: Record<RunWord, string> = {
  running: "running",
  waiting: "waits for you",
  paused: "paused",
  finished: "finished",
  stopped: "stopped",
  failed: "failed",
  unfinished: "not finished in this recording",
};

/** How it stands, in a word or a few. */
export function runWordText(word: RunWord): string {
  return RUN_TEXTS[word];
}

/** How it stands, and since when or how long it took. */
export function runText(run: RunbookRunState, recorded: boolean, now_ms: number): string {
  const word = runWord(run, recorded);
  if (word === "unfinished" || word === "paused") return RUN_TEXTS[word];
  const ms = Math.max(0, (run.ended_at ?? now_ms) - run.started_at);
  const time = run.ended_at === null ? `${Math.floor(ms / 1000)} s` : durationText(ms);
  return `${RUN_TEXTS[word]}${run.ended_at === null ? `, ${time}` : ` after ${time}`}`;
}

/** The run with that id. */
export function runOf({ runbooks }: Pick<SessionState, "runbooks">, run_id: string): RunbookRunState | undefined {
  return runbooks.findLast((run) => run.run_id === run_id);
}

/** Earlier runs of the same book on the same node that came to verdicts, newest first. */
export function earlierRuns(runs: readonly RunbookRunState[], run: RunbookRunState): RunbookRunState[] {
  return runs
    .slice(0, Math.max(0, runs.indexOf(run)))
    .filter((one) => one.book === run.book && one.node === run.node && one.verdicts.length > 0)
    .toReversed();
}

export type StepWord = RunbookStepState["state"] | "to-come" | "not-reached";

/** A step of a run as it is shown. */
export interface StepView {
  id: string;
  title: string;
  /** What it does and why; empty for a step this installation's book does not have. */
  text: string;
  kind: string;
  word: StepWord;
  /** The word with what there is to say: why it was left out, how far it is. */
  note: string;
  /** 0 to 1 while it measures; null when nobody knows. */
  progress: number | null;
  state: RunbookStepState | null;
}

const STEP_TEXTS: Record<StepWord, string> = {
  running: "running",
  waiting: "waits for your answer",
  done: "done",
  skipped: "skipped",
  failed: "failed",
  interrupted: "interrupted",
  "to-come": "to come",
  "not-reached": "not reached",
};

/** A step's word as it is read. */
export function stepText(word: StepWord): string {
  return STEP_TEXTS[word];
}

/** All steps of the book, in its order; then those of the run that the book, of another version, does not have. */
export function stepsOf(
  run: RunbookRunState,
  book: RunbookInfo | undefined,
  recorded: boolean,
  now_ms: number,
): StepView[] {
  const known = book?.steps ?? [];
  const begun = new Map(run.steps.map((state) => [state.step, state]));
  const own = run.steps.filter(({ step }) => !known.some(({ id }) => id === step));
  return [
    ...known.map((step) => viewOf(step, begun.get(step.id) ?? null, run, recorded, now_ms)),
    ...own.map((state) =>
      viewOf(
        { id: state.step, kind: state.result?.kind ?? "", title: state.step, text: "" },
        state,
        run,
        recorded,
        now_ms,
      ),
    ),
  ];
}

function viewOf(
  { id, kind, title, text }: RunbookInfo["steps"][number],
  state: RunbookStepState | null,
  run: RunbookRunState,
  recorded: boolean,
  now_ms: number,
): StepView {
  const over = run.state === "ended" || recorded;
  const begun = state?.state ?? (over ? "not-reached" : "to-come");
  const word: StepWord = recorded && (begun === "running" || begun === "waiting") ? "interrupted" : begun;
  const measuring = word === "running" && state?.for_s ? measured(state.for_s, state.started_at, now_ms) : null;
  return { id, kind, title, text, word, note: noteOf(state, measuring), progress: measuring?.share ?? null, state };
}

interface Measuring {
  share: number;
  seconds: number;
  for_s: number;
}

function measured(for_s: number, started_at: number, now_ms: number): Measuring {
  const seconds = Math.min(for_s, Math.max(0, Math.floor((now_ms - started_at) / 1000)));
  return { share: seconds / for_s, seconds, for_s };
}

function noteOf(state: RunbookStepState | null, measuring: Measuring | null): string {
  if (measuring) return `${measuring.seconds} s of ${measuring.for_s} s`;
  const result = state?.result;
  if (!state || !result) return "";
  switch (result.kind) {
    case "skipped":
      return result.why;
    case "failed":
      return result.error.message;
    case "answered":
      return result.answer;
    case "collected":
    case "measured":
    case "concluded":
      return state.ended_at === null ? "" : durationText(state.ended_at - state.started_at);
  }
}
