/** A runbook for tests, what its steps are made of, and the requests that run it on a fake node. */
import { beforeEach } from "vitest";
import type { RunbookRunState } from "../../electron/core/journal/runbooks.ts";
import type { Runbook, RunbookVerdict, RunState } from "../../electron/core/runbook/types.ts";
import type { TestService } from "../../electron/host/session/testing/service.ts";
import type { FakeNode } from "../support/fake-node.ts";

export const words = (id: string) => ({ id, title: `Title of ${id}`, text: `Text of ${id}.` });

export const verdict = (id: string, more: Partial<RunbookVerdict> = {}): RunbookVerdict => ({
  ...{ id, subject: `subject of ${id}`, subject_key: null, verdict: "likely", kind: "test" },
  ...{ evidence: [], meaning: "A test.", missing: [], proposal: null },
  ...more,
});

/** A book of these steps; its input `who` must be given. */
export const book = (steps: Runbook["steps"]): Runbook => ({
  ...{ id: "fixture", title: "Fixture", symptom: "A test.", when_to_use: "In tests.", runs: "A script." },
  inputs: [
    { name: "seconds", title: "Seconds", description: "How long.", type: "seconds", required: false, default: "1" },
    { name: "who", title: "Who", description: "Who it is.", type: "text", required: true },
  ],
  steps,
});
export const who = { inputs: { who: "me" } };

/** The fake tracer, as a measuring step asks for it. */
export const fake = (params: Record<string, string>) => ({ id: "fake", tracer: "fake", params });

/** One step of a run as it stands. */
export const step = (run: RunbookRunState, id: string) => run.steps.find((one) => one.step === id);

/** Runs of the book on this node. */
export function runsOn(machine: FakeNode) {
  /** What the steps made by `look` were given, in a test. */
  const seen: RunState[] = [];
  beforeEach(() => {
    seen.length = 0;
  });
  const order = (node: string) => ({ session_id: machine.service.session_id, node });

  /** The run once that holds. */
  async function until(run_id: string, holds: (run: RunbookRunState) => boolean): Promise<RunbookRunState> {
    const find = ({ runbooks }: { runbooks: readonly RunbookRunState[] }) =>
      runbooks.find((run) => run.run_id === run_id && holds(run));
    const found = find(await machine.service.until((state) => find(state) !== undefined));
    if (!found) throw new Error("no such run");
    return found;
  }

  return {
    seen,
    order,
    until,
    ended: (run_id: string) => until(run_id, ({ state }) => state === "ended"),
    look: (id: string): Runbook["steps"][number] => ({
      ...words(id),
      kind: "examine",
      examine: (state) => {
        seen.push(state);
        return [verdict(id)];
      },
    }),
    start: (of: Runbook, options: { session_path?: string } = {}): Promise<TestService> =>
      machine.start({ books: [of], ...options }),
    begin: async (node: string, more: { inputs?: Record<string, string>; attended?: boolean } = {}) =>
      (await machine.service.client.call("runbook.start", { ...order(node), book: "fixture", ...more })).run_id,
  };
}
