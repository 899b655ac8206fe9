/**
 * One run of a runbook on one open target, from its start to its end: says what it does, passes its questions on,
 * stops it at an interrupt.
 */
import { BpfdeskError } from "../core/errors.ts";
import type { RunbookRunState, RunbookStepState } from "../core/journal/runbooks.ts";
import type { Runbook } from "../core/runbook/types.ts";
import type { Run } from "./run.ts";

export interface RunOrder {
  book: Runbook;
  inputs: Record<string, string>;
  /** Somebody is at the terminal, and there is one target. */
  attended: boolean;
  /** Steps are told on stderr. */
  progress: boolean;
  /** What a propose step waits for; resolved when it was decided. Absent: it goes on at once. */
  decide?(on: Run, run: RunbookRunState): Promise<void>;
}

const OVER: readonly RunbookRunState["state"][] = ["ended", "paused"];

/** Resolves with the run when it ended or was paused. Rejects with what kept it from beginning. */
export async function runBook(on: Run, order: RunOrder): Promise<RunbookRunState> {
  const { client, target, signal } = on;
  const { session_id, node } = on.opened;
  const { book, inputs, attended } = order;
  if (signal.aborted) throw cancelled(on.name);
  const { run_id } = await client.call("runbook.start", { session_id, node, book: book.id, inputs, attended });
  const stop = () => void client.call("runbook.stop", { session_id, node, run_id }).catch(() => {});
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  const told = new Set<string>();
  let answered: string | null = null;
  try {
    for (;;) {
      const run = await target.run(run_id, (now) => news(now, told) || OVER.includes(now.state) || asks(now, answered));
      for (const step of run.steps) tell(step, on, order, told);
      if (OVER.includes(run.state)) return run;
      if (!asks(run, answered) || !run.question) continue;
      answered = run.question.step;
      const gone = new AbortController();
      const step = answered;
      // A connection that is lost takes its question away from the terminal.
      target
        .run(run_id, ({ question }) => question?.step !== step)
        .then(
          () => gone.abort(),
          () => gone.abort(),
        );
      const answer = await answerOf(run, { ...on, signal: AbortSignal.any([signal, gone.signal]) }, order);
      if (gone.signal.aborted) continue;
      if (answer === null) stop();
      else await client.call("runbook.answer", { session_id, node, run_id, step: answered, answer }).catch(() => null);
    }
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

const asks = (run: RunbookRunState, answered: string | null) => run.question !== null && run.question.step !== answered;

/** What was not told yet of a step: that it began, and how it ended. */
const news = ({ steps }: RunbookRunState, told: ReadonlySet<string>) => steps.some((step) => !told.has(wordOf(step)));
const wordOf = ({ step, ended_at }: RunbookStepState) => `${step} ${ended_at === null ? "began" : "ended"}`;

function tell(state: RunbookStepState, { terminal, plan, name }: Run, { book, progress }: RunOrder, told: Set<string>) {
  if (told.has(wordOf(state))) return;
  told.add(wordOf(state));
  const { title = state.step } = book.steps.find(({ id }) => id === state.step) ?? {};
  const where = plan.one ? `${name}: ` : "";
  if (state.result?.kind === "failed") terminal.say(`${where}${title}: failed: ${state.result.error.message}`);
  else if (progress && state.ended_at === null) terminal.say(`${where}${title} …`);
}

/** Null: nobody answers, and the run is not to go on without. */
async function answerOf(run: RunbookRunState, on: Run, order: RunOrder): Promise<string | null> {
  const { terminal, signal } = on;
  const { question } = run;
  if (!question) return null;
  const step = order.book.steps.find(({ id }) => id === question.step);
  if (step?.kind === "propose") {
    await order.decide?.(on, run);
    return "go-on";
  }
  const { answers } = question;
  const lines = [question.question, ...answers.map(({ id, text }) => `  ${id}: ${text}`)];
  const said = await terminal.ask(`${lines.join("\n")}\n> `, { secret: false, signal });
  if (said === null) return null;
  const typed = said.trim();
  if (answers.length === 0 || answers.some(({ id }) => id === typed)) return typed;
  terminal.say(`That is none of the answers: ${answers.map(({ id }) => id).join(", ")}.`);
  return answerOf(run, on, order);
}

const cancelled = (name: string) =>
  new BpfdeskError({ code: "cancelled", message: `The runbook was cancelled before it began on ${name}.`, hint: "" });
