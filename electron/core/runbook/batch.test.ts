import { describe, expect, it } from "vitest";
import { commonSubjects } from "../fleet/common-subject.ts";
import type { EventBody } from "../journal/events.ts";
import { emptySession, foldAll } from "../journal/state.ts";
import { aDatapath, aNode, anIface, aPod } from "../model/testdata/make.ts";
import { alikeOn, nodesOf } from "./alike.ts";
import { batchesOf, rankOf, type Standing, standingOf, tallyOf } from "./batch.ts";
import type { ExportedRun, ExportedVerdict } from "./export.ts";
import { markdownReport } from "./report.ts";
import type { VerdictWord } from "./types.ts";

const about = (verdict: VerdictWord, kind: string, subject = "s") => ({ verdict, kind, subject });

const begun = (run_id: string, node: string, batch?: { id: string; nodes: number }): EventBody => ({
  ...{ type: "runbook.started", run_id, node, book: "stale-filters", inputs: { for: "10" } },
  ...(batch ? { batch } : {}),
});
const runsOf = (...events: EventBody[]) =>
  foldAll(
    emptySession,
    events.map((event, at) => ({ ...event, seq: at + 1, at })),
  ).runbooks;

describe("runs that were begun at once", () => {
  it("are one batch with the last run of each node; a run alone is in none", () => {
    const two = { id: "b1", nodes: 3 };
    const other = { id: "b2", nodes: 2 };
    const runs = runsOf(
      begun("r0", "n1"),
      begun("r1", "n1", two),
      begun("r2", "n2", two),
      begun("r3", "n1", other),
      { type: "runbook.ended", run_id: "r1", node: "n1", outcome: "failed", error: null },
      begun("r4", "n1", two),
    );
    expect(
      batchesOf(runs).map(({ id, nodes, runs, started_at }) => [id, nodes, runs.map((one) => one.run_id), started_at]),
    ).toEqual([
      ["b1", 3, ["r4", "r2"], 1],
      ["b2", 2, ["r3"], 3],
    ]);
    expect(runs.map(standingOf)).toEqual(["running", "failed", "running", "running", "running"]);
  });

  it("are tallied by word, with what was not ruled out once each, worst first", () => {
    const found = [about("ruled_out", "clean"), about("likely", "b"), about("confirmed", "a"), about("likely", "b")];
    expect(tallyOf(found)).toEqual({
      worst: "confirmed",
      counts: { confirmed: 1, likely: 2, cannot_tell: 0, ruled_out: 1 },
      kinds: ["a", "b"],
    });
    expect(tallyOf([]).worst).toBeNull();
  });

  it("are looked at in this order: found, could not look, cannot tell, not there yet, nothing found", () => {
    const rank = (standing: Standing, ...words: VerdictWord[]) =>
      rankOf(standing, tallyOf(words.map((word) => about(word, "k"))));
    const order = [
      rank("running", "ruled_out", "confirmed"),
      rank("waiting", "likely"),
      rank("failed", "ruled_out"),
      rank("finished", "cannot_tell"),
      rank("paused"),
      rank("finished", "ruled_out"),
      rank("finished"),
    ];
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect([rank("refused"), rank("running", "ruled_out"), rank("failed", "confirmed")]).toEqual([2, 4, 0]);
  });
});

const worker = (at: number) =>
  commonSubjects(
    aDatapath({
      node: aNode({ hostname: `worker-${at}` }),
      interfaces: [
        anIface(2, "eth0", { kind: "physical" }),
        anIface(10 + at, `lxc${at}a2b`, { pod_host_end: true, pod: "pod:u" }),
      ],
      pods: [
        aPod("u", { namespace: "shop", name: `cart-7d4b9c6f5d-x2x5${at}` }),
        aPod("v", { namespace: "shop", name: "db-0" }),
      ],
    }),
  );

it("says subjects in words that fit every node: without its interfaces, pods, ids, numbers and name", () => {
  const said = [
    "lxc4a2b egress (out → pod), pref 1 handle 0x1: cil_to_container (id 93855)",
    "eth0 ingress (wire → node), pref 1: cil_from_netdev (id 7)",
    "curl (pids 12, 15) in container app of pod shop/cart-7d4b9c6f5d-x2x54",
    "curl (9 processes, pids 12 to 95) in pod shop/db-0",
    "lxc4a2b: packets too large",
    "an interface in network namespace 4026531840",
    "worker-4",
  ].map(worker(4));
  expect(said).toEqual([
    "pod interfaces egress (out → pod), pref 1 handle 0x1: cil_to_container",
    "eth0 ingress (wire → node), pref 1: cil_from_netdev",
    "curl in container app of pod shop/cart-…",
    "curl in pod shop/db-0",
    "pod interfaces: packets too large",
    "an interface in network namespace",
    "this node",
  ]);
  expect(commonSubjects(null)("lxc4a2b egress, pref 1: x (id 7)")).toBe("lxc4a2b egress, pref 1: x");
});

describe("what nodes have in common", () => {
  const left = (at: number) => `lxc${at}a2b egress (out → pod), pref 2: cil_to_container (id ${at})`;
  const on = (at: number, ...verdicts: ReturnType<typeof about>[]) => ({
    ...{ node: `n${at}`, verdicts, inCommon: worker(at) },
  });

  it("is one line a conclusion: on which nodes, as what, about what; the same on many before what is on one", () => {
    const alike = alikeOn([
      on(2, about("likely", "active-conflict", left(2)), about("cannot_tell", "who", "eth0")),
      on(4, about("confirmed", "active-conflict", left(4)), about("likely", "active-conflict", left(4))),
      on(5, about("ruled_out", "active-conflict", left(5)), about("cannot_tell", "who", "eth0")),
      on(6, about("confirmed", "active-conflict", "eth0 ingress"), about("likely", "duplicate", "eth0")),
    ]);
    expect(
      alike.map(({ kind, worst, nodes, subjects }) => ({
        ...{ kind, worst, nodes: nodesOf(nodes) },
        subjects: subjects.map((one) => [one.text, one.worst, nodesOf(one.nodes)]),
      })),
    ).toEqual([
      {
        ...{ kind: "active-conflict", worst: "confirmed", nodes: ["n4", "n6", "n2"] },
        subjects: [
          ["pod interfaces egress (out → pod), pref 2: cil_to_container", "confirmed", ["n4", "n2"]],
          ["eth0 ingress", "confirmed", ["n6"]],
        ],
      },
      { kind: "duplicate", worst: "likely", nodes: ["n6"], subjects: [["eth0", "likely", ["n6"]]] },
      { kind: "who", worst: "cannot_tell", nodes: ["n2", "n5"], subjects: [["eth0", "cannot_tell", ["n2", "n5"]]] },
    ]);
    expect(alike[0]?.nodes).toMatchObject({ confirmed: ["n4", "n6"], likely: ["n2"], ruled_out: [] });
  });

  it("begins the report of several nodes, and that of one has no such part", () => {
    const verdict = (word: VerdictWord): ExportedVerdict => ({
      ...{ id: "v", subject: "*eth0* ingress (id 7)", verdict: word, kind: "active-conflict" },
      ...{ evidence: [], meaning: "It drops.", missing: [], proposal: null },
    });
    const run = (target: string, ...verdicts: ExportedVerdict[]): ExportedRun => ({
      ...{
        runbook: "b",
        target,
        outcome: "finished",
        inputs: {},
        verdicts,
        left_out: [],
        collected_by: [],
        commands: {},
      },
    });
    const head = { title: "Stale filters", symptom: "s", version: "0", at: 0 };
    const runs = [
      run("a", verdict("confirmed")),
      run("b", verdict("likely")),
      run("c", verdict("ruled_out")),
      { ...run("d"), outcome: "stopped" as const },
      { target: "e", error: "no answer" },
    ];
    const report = markdownReport(head, runs);
    expect(report.slice(report.indexOf("## Summary"), report.indexOf("## a"))).toBe(
      [
        "## Summary",
        "",
        "- Confirmed: active-conflict on 2 of 3 nodes",
        "  - \\*eth0\\* ingress: a, b",
        "",
        "- a: 1 confirmed (active-conflict)",
        "- b: 1 likely (active-conflict)",
        "- c: 1 ruled out",
        "- d: nothing was concluded; the run did not come to its end (stopped)",
        "- e: it could not be looked at: no answer",
        "",
        "",
      ].join("\n"),
    );
    expect(markdownReport(head, runs.slice(0, 1))).not.toContain("## Summary");
  });
});
