import { expect, it } from "vitest";
import type { EventBody, JournalEvent } from "../../../electron/core/journal/events.ts";
import { emptySession, foldAll, type SessionState } from "../../../electron/core/journal/state.ts";
import type { RunbookInfo } from "../../../electron/shared/contract.ts";
import { earlierRuns, lessSeen, newestGoing, runText, runWord, stepsOf, whyNoRun } from "./run-state.ts";
import { evidenceOf } from "./step-evidence.ts";

const ids = { node: "n1", run_id: "r1" };
const book: RunbookInfo = {
  id: "stale-filters",
  title: "Stale filters",
  symptom: "",
  when_to_use: "",
  runs: "",
  inputs: [],
  steps: ["look", "measure", "judge"].map((id) => ({ id, kind: "", title: id.toUpperCase(), text: "" })),
  suggested_by: [],
  file: null,
  problems: [],
};

/** The session after these events, each a second after the one before, from second 1 on. */
function sessionOf(transport: "ssh" | "replay", ...bodies: EventBody[]): SessionState {
  const added: EventBody = { type: "node.added", node: "n1", target: "n1", label: "n1", transport };
  const ready: EventBody = {
    ...{ type: "connection.ready", node: "n1", host: "n1", user: "root", privileges: "root" },
    limits: [],
  };
  const all = [added, ready, ...bodies];
  return foldAll(
    emptySession,
    all.map((body, at): JournalEvent => ({ seq: at + 1, at: (at - 1) * 1000, ...body })),
  );
}

const command = (command_id: string): EventBody => ({
  ...{ type: "command.started", node: "n1", command_id, text: "", shell_line: "", host: "", user: "" },
  ...{ root: true, purpose: "collect" },
});
const begun: EventBody = { type: "runbook.started", ...ids, book: "stale-filters", inputs: {} };
const step = (name: string): EventBody => ({ type: "runbook.step_started", ...ids, step: name });
const skipped: EventBody = {
  ...{ type: "runbook.step_ended", ...ids, step: "look" },
  result: { kind: "skipped", why: "the picture is fresh" },
};
const measuring: EventBody = { type: "runbook.measuring", ...ids, step: "measure", for_s: 10, traces: { d: "t1" } };
const first = (session: SessionState) => {
  const [run] = session.runbooks;
  if (!run) throw new Error("There is no run.");
  return run;
};

it("shows all steps of the book, those that were begun with how they stand", () => {
  const session = sessionOf("ssh", begun, step("look"), skipped, step("measure"), measuring);
  const steps = stepsOf(first(session), book, false, 8000);
  expect(steps.map(({ title, word, note, progress }) => [title, word, note, progress])).toEqual([
    ["LOOK", "skipped", "the picture is fresh", null],
    ["MEASURE", "running", "4 s of 10 s", 0.4],
    ["JUDGE", "to-come", "", null],
  ]);
});

it("shows steps of a book that is not here, and says what a recording did not reach", () => {
  const session = sessionOf("replay", begun, step("look"), skipped);
  expect(stepsOf(first(session), undefined, true, 9000).map(({ title, word }) => [title, word])).toEqual([
    ["look", "skipped"],
  ]);
  expect(stepsOf(first(session), book, true, 9000).map(({ word }) => word)).toEqual([
    "skipped",
    "not-reached",
    "not-reached",
  ]);
  expect(runText(first(session), true, 9000)).toBe("not finished in this recording");
});

it("says how a run stands, and since when", () => {
  const running = first(sessionOf("ssh", begun));
  expect(runText(running, false, 13_400)).toBe("running, 12 s");
  const lost = { code: "connection-lost", message: "", hint: "" };
  expect(runWord(first(sessionOf("ssh", begun, { type: "runbook.paused", ...ids, error: lost })), false)).toBe(
    "paused",
  );
  const ended = sessionOf("ssh", begun, { type: "runbook.ended", ...ids, outcome: "stopped", error: null });
  expect(runText(first(ended), false, 99_000)).toBe("stopped after 1.0 s");
});

it("leads to the run that waits for a person before those that go on", () => {
  const asked: EventBody = {
    ...{ type: "runbook.asked", ...ids, step: "look", question: "?" },
    answers: [{ id: "a", text: "A" }],
  };
  const other: EventBody = { type: "runbook.started", node: "n1", run_id: "r2", book: "b", inputs: {} };
  const { runbooks, nodes } = sessionOf("ssh", begun, step("look"), asked, other);
  expect(newestGoing(runbooks, nodes)).toEqual({
    run_id: "r1",
    waits: true,
    text: "Runbooks: 1 waiting for you, 1 running",
  });
  const recorded = sessionOf("replay", begun);
  expect(newestGoing(recorded.runbooks, recorded.nodes)).toBeNull();
});

it("starts nothing on a recording, and says what is seen less of without root", () => {
  expect(whyNoRun(sessionOf("replay").nodes.n1)).toMatch(/recording/);
  expect(whyNoRun(sessionOf("ssh").nodes.n1)).toBeNull();
  expect(whyNoRun(undefined)).toMatch(/not part of this session/);
  expect(lessSeen({ privileges: "sudo" })).toBeNull();
  expect(lessSeen({ privileges: "none" })).toMatch(/cannot tell/);
});

it("offers earlier runs of the same book on the same node that came to something", () => {
  const of = (run_id: string, name: string): EventBody[] => [
    { type: "runbook.started", node: "n1", run_id, book: name, inputs: {} },
    {
      ...{ type: "runbook.asked", node: "n1", run_id, step: "s", question: "?", answers: [] },
      verdicts: [
        {
          ...{ id: "v", subject: "", subject_key: null, verdict: "likely", kind: "", evidence: [], meaning: "" },
          ...{ missing: [], proposal: null },
        },
      ],
    },
  ];
  const { runbooks } = sessionOf("ssh", ...of("a", "x"), ...of("b", "y"), ...of("c", "x"), begun, ...of("d", "x"));
  const last = runbooks.at(-1);
  expect(last && earlierRuns(runbooks, last).map(({ run_id }) => run_id)).toEqual(["c", "a"]);
});

it("finds the commands a step names, apart from what else ran on the node meanwhile", () => {
  const readings = { before: "c2", after: "c3" };
  const session = sessionOf(
    "ssh",
    command("c1"),
    begun,
    step("measure"),
    measuring,
    command("c2"),
    command("other"),
    command("c3"),
    {
      ...{ type: "runbook.step_ended", ...ids, step: "measure" },
      result: { kind: "measured", for_s: 10, traces: { d: "t1" }, readings, verdicts: [] },
    },
    command("later"),
  );
  const [state] = first(session).steps;
  if (!state) throw new Error("There is no step.");
  const { commands, traces } = evidenceOf(session, { node: "n1" }, state);
  expect(commands.map(({ command, own }) => [command.command_id, own])).toEqual([
    ["c2", true],
    ["c3", true],
    ["other", false],
  ]);
  expect(traces).toEqual([{ name: "d", trace_id: "t1", trace: null }]);
});
