/** What a person can ask of runs: start, answer, pause, go on, stop. What comes of it arrives as events. */
import type { RunbookRunState } from "../../../electron/core/journal/runbooks.ts";
import type { RunBatch } from "../../../electron/core/runbook/types.ts";
import { errorData } from "../../host/error-data.ts";
import { host } from "../../host/link.ts";
import { notify } from "../notice.ts";
import { LEAVE } from "./batch-rows.ts";
import { keepRefused, type StartFailure } from "./refused.ts";
import { showBatch, showRun } from "./shown.ts";

/** Starts a book on some nodes and shows what was begun; answers with the nodes that refused, and why. */
export async function startOn(
  nodes: readonly string[],
  book: string,
  inputs: Record<string, string>,
): Promise<StartFailure[]> {
  // Told from others of this session, also from those before a reload of the page.
  const batch = nodes.length > 1 ? { id: `${Date.now()}.${nodes[0]}`, nodes: nodes.length } : null;
  const { begun, refused } = await begin(nodes, { book, inputs, batch });
  const [first] = begun;
  if (first && batch) {
    keepRefused(batch.id, refused);
    showBatch(batch.id);
  } else if (first) showRun(first.run_id);
  return refused;
}

interface RunOrder {
  book: string;
  inputs: Readonly<Record<string, string>>;
  batch: RunBatch | null;
}

async function begin(
  nodes: readonly string[],
  { book, inputs, batch }: RunOrder,
): Promise<{ begun: { node: string; run_id: string }[]; refused: StartFailure[] }> {
  const order = { book, inputs: { ...inputs }, ...(batch ? { batch } : {}) };
  const started = await Promise.all(
    nodes.map(async (node) => {
      try {
        const { client, session_id } = host();
        return { node, ...(await client.call("runbook.start", { session_id, node, ...order })) };
      } catch (error) {
        return { node, error: errorData(error) };
      }
    }),
  );
  return {
    begun: started.flatMap((one) => ("run_id" in one ? [one] : [])),
    refused: started.flatMap((one) => ("run_id" in one ? [] : [one])),
  };
}

/** Starts a run again as it was; one of several nodes stays one of them. */
export async function runAgain(run: RunOrder & { node: string }): Promise<void> {
  const { begun, refused } = await begin([run.node], run);
  const [first] = begun;
  if (first) showRun(first.run_id);
  for (const { error } of refused) notify({ kind: "error", text: error.message, hint: error.hint });
}

/** Starts it again on some nodes of what was begun on several; the others stay as they are. */
export async function againOn(batch: RunOrder & { batch: RunBatch }, nodes: readonly string[]): Promise<void> {
  const { refused } = await begin(nodes, batch);
  keepRefused(batch.batch.id, refused);
}

interface RunName {
  node: string;
  run_id: string;
}

export function pauseRun(run: RunName): Promise<void> {
  return ask("runbook.pause", run);
}

export function resumeRun(run: RunName): Promise<void> {
  return ask("runbook.resume", run);
}

export function stopRun(run: RunName): Promise<void> {
  return ask("runbook.stop", run);
}

/** Pauses all that run or wait. */
export async function pauseRuns(runs: readonly RunName[]): Promise<void> {
  await Promise.all(runs.map(pauseRun));
}

export async function resumeRuns(runs: readonly RunName[]): Promise<void> {
  await Promise.all(runs.map(resumeRun));
}

export async function stopRuns(runs: readonly RunName[]): Promise<void> {
  await Promise.all(runs.map(stopRun));
}

/** Answers each of them with the answer that changes nothing. */
export async function leaveRuns(runs: readonly RunbookRunState[]): Promise<void> {
  await Promise.all(runs.map((run) => (run.question ? answerRun(run, run.question.step, LEAVE) : undefined)));
}

export async function answerRun({ node, run_id }: RunName, step: string, answer: string): Promise<void> {
  await told(() => {
    const { client, session_id } = host();
    return client.call("runbook.answer", { session_id, node, run_id, step, answer });
  });
}

function ask(method: "runbook.pause" | "runbook.resume" | "runbook.stop", { node, run_id }: RunName): Promise<void> {
  return told(() => {
    const { client, session_id } = host();
    return client.call(method, { session_id, node, run_id });
  });
}

/** A refusal is told in the notice line. */
async function told(call: () => Promise<unknown>): Promise<void> {
  try {
    await call();
  } catch (error) {
    const { message, hint } = errorData(error);
    notify({ kind: "error", text: message, hint });
  }
}
