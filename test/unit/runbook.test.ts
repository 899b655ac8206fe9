/**
 * Runs of a runbook over the service's own requests: through the journal, step by step, to a verdict. The book is one
 * for these tests, the tracer is a script, and the node is a child process of this one.
 */
import { describe, expect, it, vi } from "vitest";
import type { Runbook, RunbookVerdict } from "../../electron/core/runbook/types.ts";
import { fakeNode } from "../support/fake-node.ts";
import { rejection } from "./electron-rpc-helpers.ts";
import { book, fake, runsOn, step, verdict, who, words } from "./runbook-fixture.ts";

// Each starts shells on what may be a busy machine.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

// What a slow machine has not taken away before the end is taken away on the node, when it sees the loss.
const machine = fakeNode({ gone_within_ms: 45_000 });
const { start, begin, until, ended, order, look, seen } = runsOn(machine);

const detach: RunbookVerdict["proposal"] = {
  kind: "detach",
  text: "Take it off.",
  attachment: {
    ...{ entry: "e", mechanism: "tcx", direction: "ingress", ifname: "lxc1", ifindex: 3 },
    ...{ netns: "1", prog_id: 7, prog_name: "p" },
  },
};

describe.skipIf(process.platform !== "linux")("a run of a runbook", () => {
  it("goes through its steps, and each is given what the ones before it came to", async () => {
    await start(
      book([
        { ...words("picture"), kind: "collect", sections: ["counters.snmp"] },
        {
          ...words("watch"),
          kind: "measure",
          plan: (state) => ({
            for_s: Number(state.inputs.seconds),
            traces: [fake({ do: "end", events: "3", text: "hello" })],
            sections: ["counters.softnet"],
          }),
        },
        { ...look("skipped"), when: () => ({ skip: "It is not needed." }) },
        look("found"),
      ]),
    );
    const node = await machine.connected();
    const run_id = await begin(node, who);
    const run = await ended(run_id);
    expect(run).toMatchObject({
      ...{ node, book: "fixture", inputs: { who: "me", seconds: "1" }, outcome: "finished", error: null },
      steps: [
        { step: "picture", state: "done" },
        { step: "watch", state: "done", traces: { fake: expect.any(String) } },
        { step: "skipped", state: "skipped", result: { kind: "skipped", why: "It is not needed." } },
        { step: "found", state: "done" },
      ],
      verdicts: [{ id: "found" }],
    });
    const [state] = seen;
    expect(state).toMatchObject({
      node: { name: node, label: "node-1", root: true },
      inputs: { who: "me", seconds: "1" },
      datapath: { programs: [{ id: 7 }] },
      previous: null,
      traces: {
        watch: {
          fake: {
            ...{ tracer: "fake", error: null, summary: { ended: "time" }, dropped: { seen: 0, sum: 0 } },
            records: {
              seen: [
                { n: 1, text: "hello" },
                { n: 2, text: "hello" },
                { n: 3, text: "hello" },
              ],
              sum: [{ who: "all", n: 3 }],
            },
          },
        },
      },
      left_out: { skipped: "It is not needed." },
      changes: [],
    });
    const { picture, watch } = state?.readings ?? {};
    expect(picture?.after.map(({ section, scope, problem }) => [section, scope, problem])).toContainEqual([
      ...["counters.snmp", "node"],
      null,
    ]);
    expect(watch?.before).toMatchObject([{ section: "counters.softnet", facts: expect.any(Array), problem: null }]);
    expect(watch?.after).toMatchObject([{ section: "counters.softnet", facts: expect.any(Array), problem: null }]);
    expect(watch?.for_s).toBeGreaterThanOrEqual(1);
    // Every reading is of a command that is in the record.
    const { commands } = await machine.service.until(({ runbooks }) => runbooks[0]?.state === "ended");
    const ids = commands.map(({ command_id }) => command_id);
    expect(ids).toEqual(expect.arrayContaining([watch?.before[0]?.command_id, watch?.after[0]?.command_id]));
  });

  it("goes on without what failed, and says why", async () => {
    await start(
      book([
        {
          ...words("watch"),
          kind: "measure",
          plan: () => ({
            for_s: 1,
            traces: [
              fake({ do: "end" }),
              { id: "other", tracer: "nosuch", params: {} },
              { id: "odd", tracer: "fake", params: { x: "1" } },
            ],
            sections: ["no.such"],
          }),
        },
        {
          ...words("broken"),
          kind: "examine",
          examine: () => {
            throw new TypeError("a mistake");
          },
        },
        look("found"),
      ]),
    );
    const run = await ended(await begin(await machine.connected(), who));
    expect(run).toMatchObject({ outcome: "finished", verdicts: [{ id: "found" }] });
    expect(step(run, "broken")).toMatchObject({ state: "failed", result: { error: { code: "step-failed" } } });
    expect(seen[0]?.traces.watch).toMatchObject({
      fake: { error: null, records: { seen: [{}, {}, {}] } },
      other: { trace_id: "", error: { code: "no-such-tracer" } },
      odd: { trace_id: "", error: { code: "bad-param" } },
    });
    expect(seen[0]?.readings.watch).toBeUndefined();
    expect(seen[0]?.left_out).toMatchObject({
      watch: expect.stringMatching(/section called "no.such".*tracer called "nosuch".*no parameter "x"/),
      broken: expect.stringContaining("Title of broken"),
    });
  });

  it("measures without root what needs none, and says that tracers need it", async () => {
    machine.root = false;
    await start(
      book([
        {
          ...words("watch"),
          kind: "measure",
          plan: () => ({ for_s: 1, traces: [fake({})], sections: ["counters.softnet"] }),
        },
        look("found"),
      ]),
    );
    await ended(await begin(await machine.connected(), who));
    expect(seen[0]).toMatchObject({
      node: { root: false },
      traces: { watch: { fake: { error: { code: "no-root" } } } },
      readings: { watch: { after: [{ section: "counters.softnet" }] } },
    });
  });

  it("refuses inputs that are not what the book asks for, naming each", async () => {
    await start(book([look("found")]));
    const node = await machine.connected();
    expect(await rejection(begin(node, { inputs: { seconds: "soon", more: "x" } }))).toMatchObject({
      code: "bad-input",
      message: expect.stringContaining("seconds"),
      cause: expect.stringMatching(/who must be given.*no input "more"/),
    });
    expect((await machine.service.until(() => true)).runbooks).toEqual([]);
  });

  it("waits for an answer, takes only one of those there are, and tells the book", async () => {
    await start(
      book([
        {
          ...words("sure"),
          kind: "ask",
          ask: () => ({
            question: "Is it so?",
            answers: [
              { id: "yes", text: "Yes" },
              { id: "no", text: "No" },
            ],
          }),
        },
        look("found"),
      ]),
    );
    const node = await machine.connected();
    const run_id = await begin(node, who);
    const run = await until(run_id, ({ state }) => state === "waiting");
    expect(run.question).toMatchObject({ step: "sure", question: "Is it so?", answers: [{ id: "yes" }, { id: "no" }] });
    const answer = (text: string, of = "sure") =>
      machine.service.client.call("runbook.answer", { ...order(node), run_id, step: of, answer: text });
    expect(await rejection(answer("perhaps"))).toMatchObject({ code: "bad-answer" });
    expect(await rejection(answer("yes", "found"))).toMatchObject({ code: "not-asked" });
    await answer("no");
    expect(await ended(run_id)).toMatchObject({ outcome: "finished", question: null });
    expect(seen[0]?.answers).toEqual({ sure: "no" });
    expect(await rejection(answer("yes"))).toMatchObject({ code: "not-asked" });
  });

  it("shows what could be done and waits for a person; nothing is verified when nothing was changed", async () => {
    const steps: Runbook["steps"] = [
      { ...words("offer"), kind: "propose", propose: () => [verdict("v", { proposal: detach })] },
      { ...words("check"), kind: "verify", plan: () => ({ for_s: 1, traces: [], sections: [] }), examine: () => [] },
    ];
    await start(book(steps));
    const node = await machine.connected();
    const run_id = await begin(node, who);
    const waiting = await until(run_id, ({ state }) => state === "waiting");
    expect(waiting).toMatchObject({
      verdicts: [{ id: "v", proposal: { kind: "detach" } }],
      question: { step: "offer", answers: [{ id: "go-on" }, { id: "leave" }] },
    });
    await machine.service.client.call("runbook.answer", { ...order(node), run_id, step: "offer", answer: "go-on" });
    const run = await ended(run_id);
    expect(step(run, "check")).toMatchObject({ state: "skipped", result: { why: "Nothing was changed." } });
    // Where nobody is there to answer it goes on by itself.
    expect(await ended(await begin(node, { ...who, attended: false }))).toMatchObject({ verdicts: [{ id: "v" }] });
  });
});
