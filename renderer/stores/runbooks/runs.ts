/** What a person can ask of runs: start, answer, pause, go on, stop. What comes of it arrives as events. */
import type { ErrorData } from "../../../electron/core/errors.ts";
import { errorData } from "../../host/error-data.ts";
import { host } from "../../host/link.ts";
import { notify } from "../notice.ts";
import { showRun } from "./shown.ts";

export interface StartFailure {
  node: string;
  error: ErrorData;
}

/** Starts a book on some nodes and shows the first run; answers with the nodes that refused, and why. */
export async function startOn(
  nodes: readonly string[],
  book: string,
  inputs: Record<string, string>,
): Promise<StartFailure[]> {
  const started = await Promise.all(
    nodes.map(async (node) => {
      try {
        const { client, session_id } = host();
        return { node, ...(await client.call("runbook.start", { session_id, node, book, inputs })) };
      } catch (error) {
        return { node, error: errorData(error) };
      }
    }),
  );
  const first = started.find((one) => "run_id" in one);
  if (first && "run_id" in first) showRun(first.run_id);
  return started.flatMap((one) => ("error" in one ? [{ node: one.node, error: one.error }] : []));
}

interface RunName {
  node: string;
  run_id: string;
}

/** Starts a run again as it was. */
export async function runAgain(run: { node: string; book: string; inputs: Readonly<Record<string, string>> }) {
  const [failed] = await startOn([run.node], run.book, { ...run.inputs });
  if (failed) notify({ kind: "error", text: failed.error.message, hint: failed.error.hint });
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
