import { expect, it } from "vitest";
import type { EventBody } from "../../../electron/core/journal/events.ts";
import { emptySession, foldAll, type SessionState } from "../../../electron/core/journal/state.ts";
import { batchesOf } from "../../../electron/core/runbook/batch.ts";
import type { RunbookVerdict, VerdictWord } from "../../../electron/core/runbook/types.ts";
import type { RunbookInfo } from "../../../electron/shared/contract.ts";
import { choicesOf, foundText, listedOf, rowsOf, standingText } from "./batch-rows.ts";
import { alikeRows, onNodesText } from "./in-common.ts";

const book = {
  id: "b",
  steps: ["look", "measure", "judge"].map((id) => ({ id, kind: "", title: id.toUpperCase(), text: "" })),
} as unknown as RunbookInfo;
const batch = { id: "batch", nodes: 8 };
const verdict = (word: VerdictWord, kind = "active-conflict"): RunbookVerdict => ({
  ...{ id: `${word} ${kind}`, subject: "eth0 (id 7)", subject_key: null, verdict: word, kind },
  ...{ evidence: [], meaning: "", missing: [], proposal: null },
});

const at = (node: string) => ({ node, run_id: `run of ${node}` });
const begun = (node: string): EventBody => ({ type: "runbook.started", ...at(node), book: "b", inputs: {}, batch });
const step = (node: string, name: string): EventBody => ({ type: "runbook.step_started", ...at(node), step: name });
const judged = (node: string, ...verdicts: RunbookVerdict[]): EventBody => ({
  ...{ type: "runbook.step_ended", ...at(node), step: "judge", result: { kind: "concluded", verdicts } },
});
const error = { code: "e", message: "It broke.", hint: "" };
const ended = (node: string, outcome: "finished" | "failed" | "stopped" = "finished"): EventBody => ({
  ...{ type: "runbook.ended", ...at(node), outcome, error: outcome === "failed" ? error : null },
});

/** Nodes n1 to n10 of which n9 is not connected; runs on n1 to n7. */
function session(transport: "ssh" | "replay" = "ssh"): SessionState {
  const nodes = Array.from({ length: 10 }, (_, index) => `n${index + 1}`);
  const answers = ["go-on", "leave"].map((id) => ({ id, text: id }));
  const events: EventBody[] = [
    ...nodes.flatMap((node): EventBody[] => [
      { type: "node.added", node, target: node, label: node, transport },
      ...(node === "n9"
        ? []
        : [
            {
              type: "connection.ready" as const,
              node,
              host: "h",
              user: "root",
              privileges: "root" as const,
              limits: [],
            },
          ]),
    ]),
    ...nodes.slice(0, 7).map(begun),
    ...[step("n1", "look"), step("n1", "measure")],
    ...[step("n2", "judge"), judged("n2", verdict("ruled_out")), ended("n2")],
    ...[step("n3", "judge"), judged("n3", verdict("likely"), verdict("cannot_tell", "who")), ended("n3")],
    ...[step("n4", "look"), ended("n4", "failed")],
    ...[step("n5", "look"), { type: "runbook.paused", ...at("n5"), error } as const],
    ...[step("n6", "judge"), judged("n6", verdict("confirmed")), step("n6", "propose")],
    { type: "runbook.asked", ...at("n6"), step: "propose", question: "What to do?", answers },
    ended("n7"),
  ];
  return foldAll(
    emptySession,
    events.map((event, index) => ({ seq: index + 1, at: index, ...event })),
  );
}

const refused = [
  { node: "n10", error: { code: "x", message: "It runs there already.", hint: "" } },
  { node: "n9", error: { code: "x", message: "Not connected.", hint: "" } },
  { node: "n1", error: { code: "x", message: "Of before: it has a run now.", hint: "" } },
];

function rows(state = session()) {
  const [first] = batchesOf(state.runbooks);
  if (!first) throw new Error("There is no batch.");
  return rowsOf(first, state.nodes, refused, book);
}

it("has a row a node, what to look at first above, then by name as people count", () => {
  expect(
    rows().map(({ label, word, tally, kinds, state, why }) => [label, word, tally.worst, kinds, state, why]),
  ).toEqual([
    ["n6", "waiting", "confirmed", "active conflict", "waits for you", "What to do?"],
    ["n3", "finished", "likely", "active conflict, who", "finished", null],
    ["n4", "failed", null, "", "failed", "It broke."],
    ["n9", "refused", null, "", "did not begin", "Not connected."],
    ["n10", "refused", null, "", "did not begin", "It runs there already."],
    ["n1", "running", null, "", "running, step 2 of 3: MEASURE", null],
    ["n5", "paused", null, "", "paused, step 1 of 3: LOOK", "It broke."],
    ["n2", "finished", "ruled_out", "", "finished", null],
    ["n7", "finished", null, "", "finished", null],
  ]);
});

it("can do with all of them what can be done with each, on nodes that are there", () => {
  const state = session();
  const choices = choicesOf(rows(state), state.nodes);
  expect({
    going: choices.going.map(({ node }) => node),
    paused: choices.paused.map(({ node }) => node),
    undecided: choices.undecided.map(({ node }) => node),
    again: choices.again,
  }).toEqual({ going: ["n6", "n1"], paused: ["n5"], undecided: ["n6"], again: ["n4", "n10"] });
  const replayed = session("replay");
  const none = { going: [], paused: [], undecided: [], again: [] };
  expect(choicesOf(rows(replayed), replayed.nodes)).toEqual(none);
});

it("says in a few words how they stand, what was found and what they have in common", () => {
  const state = session();
  const [first] = batchesOf(state.runbooks);
  if (!first) throw new Error("There is no batch.");
  expect(standingText(first, false, 2)).toBe(
    "1 running, 3 finished, 1 failed, 1 paused, 1 waiting for you, 2 did not begin",
  );
  expect(standingText(first, true, 0)).toBe("3 not finished in this recording, 3 finished, 1 failed");
  expect(foundText(first)).toBe("confirmed on 1 node, likely on 1, ruled out on 1");
  const [conflict, who] = alikeRows(rows(state), state.nodes);
  const label = (node: string) => node;
  expect(conflict && onNodesText(conflict.nodes, 3, label)).toBe("on 2 of 3 nodes");
  expect(conflict && onNodesText(conflict.nodes, 2, label)).toBe("on all 2 nodes");
  expect(who && onNodesText(who.nodes, 3, label)).toBe("on n3 only");
  expect(conflict?.subjects.map(({ text }) => text)).toEqual(["eth0"]);
});

it("stands in the list of runs as one, beside runs that were begun alone or anew", () => {
  const state = session();
  const alone: EventBody = { type: "runbook.started", node: "n1", run_id: "alone", book: "b", inputs: {} };
  const { runbooks } = foldAll(state, [
    { seq: state.last_seq + 1, at: 90, ...alone },
    { seq: state.last_seq + 2, at: 91, ...begun("n4"), run_id: "anew" } as never,
  ]);
  const listed = listedOf(runbooks, batchesOf(runbooks));
  expect(listed.map((one) => (one.kind === "run" ? one.run.run_id : one.batch.id))).toEqual([
    ...["batch", "run of n4", "alone"],
  ]);
});
