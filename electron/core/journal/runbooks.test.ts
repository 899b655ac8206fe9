import { expect, it } from "vitest";
import type { RunbookVerdict } from "../runbook/types.ts";
import type { EventBody } from "./events.ts";
import { emptySession, foldAll } from "./state.ts";

const about = { node: "n1", run_id: "r1" };
const verdict = (id: string, word: RunbookVerdict["verdict"]): RunbookVerdict => ({
  ...{
    id,
    subject: id,
    subject_key: null,
    verdict: word,
    kind: "k",
    evidence: [],
    meaning: "",
    missing: [],
    proposal: null,
  },
});
const started: EventBody = { type: "runbook.started", ...about, book: "b", inputs: {} };
const after = (...events: EventBody[]) =>
  foldAll(
    emptySession,
    events.map((event, at) => ({ ...event, seq: at + 1, at: at * 10 })),
  ).runbooks;

it("keeps a step once, as it was done last, and a verdict as it was said last", () => {
  const [run] = after(
    started,
    { type: "runbook.step_started", ...about, step: "watch" },
    { type: "runbook.measuring", ...about, step: "watch", for_s: 5, traces: { a: "t1" } },
    { type: "runbook.paused", ...about, error: null },
    { type: "runbook.resumed", ...about },
    { type: "runbook.step_started", ...about, step: "watch" },
    { type: "runbook.measuring", ...about, step: "watch", for_s: 5, traces: { a: "t2" } },
    {
      ...{ type: "runbook.step_ended", ...about, step: "watch" },
      result: { kind: "measured", for_s: 5, traces: { a: "t2" }, readings: null, verdicts: [] },
    },
    {
      type: "runbook.step_ended",
      ...about,
      step: "judge",
      result: { kind: "concluded", verdicts: [verdict("v", "likely"), verdict("w", "likely")] },
    },
    {
      type: "runbook.step_ended",
      ...about,
      step: "verify",
      result: { kind: "concluded", verdicts: [verdict("v", "ruled_out")] },
    },
  );
  expect(run?.steps).toMatchObject([{ step: "watch", state: "done", started_at: 50, traces: { a: "t2" }, for_s: 5 }]);
  expect(run?.verdicts.map(({ id, verdict: word }) => [id, word])).toEqual([
    ["v", "ruled_out"],
    ["w", "likely"],
  ]);
  expect(run).toMatchObject({ state: "running", paused: null });
});

it("waits with its question and the verdicts it is about, and no longer when it is paused", () => {
  const asked: EventBody = {
    ...{ type: "runbook.asked", ...about, step: "remedy", question: "Do it?" },
    ...{ answers: [{ id: "go-on", text: "Go on" }], verdicts: [verdict("v", "confirmed")] },
  };
  const begun: EventBody = { type: "runbook.step_started", ...about, step: "remedy" };
  expect(after(started, begun, asked)).toMatchObject([
    {
      state: "waiting",
      question: { step: "remedy", asked_at: 20 },
      verdicts: [{ id: "v" }],
      steps: [{ state: "waiting" }],
    },
  ]);
  const error = { code: "connection-lost", message: "It was lost.", hint: "" };
  expect(after(started, begun, asked, { type: "runbook.paused", ...about, error })).toMatchObject([
    { state: "paused", paused: { error, at: 30 }, question: null, steps: [{ state: "interrupted" }] },
  ]);
  expect(after(started, begun, { type: "runbook.ended", ...about, outcome: "stopped", error: null })).toMatchObject([
    { state: "ended", outcome: "stopped", ended_at: 20, steps: [{ state: "interrupted" }] },
  ]);
});

it("keeps runs of several nodes apart, and passes over events of runs it does not know", () => {
  const other: EventBody = { ...started, node: "n2", run_id: "r2" };
  const runs = after(started, other, { type: "runbook.step_started", node: "n2", run_id: "r2", step: "x" });
  expect(runs.map(({ node, steps }) => [node, steps.length])).toEqual([
    ["n1", 0],
    ["n2", 1],
  ]);
  expect(after({ type: "runbook.resumed", ...about })).toEqual([]);
});
