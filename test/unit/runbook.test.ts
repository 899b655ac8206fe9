/**
 * Runs of a runbook over the service's own requests: through the journal, step by step, paused and resumed wherever
 * that may be. The book is one for these tests, the tracer is a script, and the node is a child process of this one.
 */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Collected } from "../../electron/core/collect/frames.ts";
import { writeFrames } from "../../electron/core/collect/write-frames.ts";
import { BpfdeskError } from "../../electron/core/errors.ts";
import type { RunbookRunState } from "../../electron/core/journal/runbooks.ts";
import type { Runbook, RunbookVerdict, RunState } from "../../electron/core/runbook/types.ts";
import { readSections } from "../../electron/host/collect/collect.ts";
import { openJournal } from "../../electron/host/journal/journal.ts";
import { smallSnapshot, type TestService, testService } from "../../electron/host/session/testing/service.ts";
import { writeSnapshot } from "../../electron/host/snapshot/file.ts";
import { lendTracers } from "../../electron/host/trace/lend.ts";
import type { NodeTransport } from "../../electron/host/transport/types.ts";
import { ChildTransport } from "../lab/collect-transport.ts";
import { until as comesTrue } from "../lab/node/exec.ts";
import { writeFakeTracers } from "../support/fake-tracers.ts";
import { rejection } from "./electron-rpc-helpers.ts";

// Each starts shells on what may be a busy machine.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

let dir: string;
let place: string;
let test: TestService;

beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "bpfdesk-runbook-"));
  place = path.join(dir, "node");
  fs.mkdirSync(place);
  writeFakeTracers(path.join(dir, "resources/tracers"));
  fs.symlinkSync(path.resolve(import.meta.dirname, "../../resources/collect"), path.join(dir, "resources/collect"));
});
afterEach(async () => {
  await test?.end();
  // What a slow machine has not taken away before the end is taken away on the node, when it sees the loss.
  const empty = await comesTrue(() => fs.readdirSync(place).length === 0, 45_000);
  const left = fs.readdirSync(place);
  fs.rmSync(dir, { recursive: true, force: true });
  expect([empty, left]).toEqual([true, []]);
});

/** Connections of the node, the last one open. */
let connections: LosableTransport[] = [];
class LosableTransport extends ChildTransport {
  #lost = (_error: Error) => {};
  override onLost(listener: (error: Error) => void): void {
    this.#lost = listener;
  }
  lose(): void {
    for (const run of this.running) run.cancel();
    this.#lost(new BpfdeskError({ code: "connection-lost", message: "The line was cut.", hint: "" }));
  }
  readonly running = new Set<{ cancel(): void }>();
  override async exec(request: Parameters<ChildTransport["exec"]>[0]) {
    const execution = await super.exec(request);
    this.running.add(execution);
    void execution.exited.catch(() => {}).finally(() => this.running.delete(execution));
    return execution;
  }
}

async function start(book: Runbook, options: { session_path?: string; root?: boolean } = {}): Promise<TestService> {
  connections = [];
  test = await testService(
    {
      ssh: async () => {
        const transport = new LosableTransport({ privileges: (options.root ?? true) ? "root" : "none" });
        connections.push(transport);
        return transport;
      },
      collectNode: playedCollection,
      collectFollowUp: async () => smallSnapshot.collected,
      readSections,
      lendTracers: (transport, { signal }) =>
        lendTracers(transport, { tracersDir: path.join(dir, "resources/tracers"), signal, candidates: [place] }),
    },
    {
      resourcesDir: path.join(dir, "resources"),
      books: [book],
      ...(options.session_path ? { session_path: options.session_path } : {}),
    },
  );
  return test;
}
/** The node says what the small snapshot holds, so that the session can be opened as a record of it. */
async function playedCollection(transport: NodeTransport): Promise<Collected> {
  const { collected } = smallSnapshot;
  const stdin = writeFrames(collected, "0123456789abcdef");
  const said = await transport.exec({ argv: ["cat"], root: false, stdin, timeout_ms: 60_000, record_key: "collect" });
  for (const stream of [said.stdout, said.stderr]) stream.resume();
  await said.exited;
  return collected;
}
async function connected(): Promise<string> {
  const node = await test.connect({ kind: "ssh", target: "node-1" });
  await test.untilNode(node, ({ phase, collect }) => phase === "ready" && collect?.state === "finished");
  return node;
}
/** A second connection stands. */
async function readyAgain(): Promise<void> {
  let times = 0;
  for await (const events of test.client.stream("session.events", { session_id: test.session_id, after_seq: 0 })) {
    times += events.filter(({ type }) => type === "connection.ready").length;
    if (times >= 2) return;
  }
}
const order = (node: string) => ({ session_id: test.session_id, node });
const begin = async (node: string, more: { inputs?: Record<string, string>; attended?: boolean } = {}) =>
  (await test.client.call("runbook.start", { ...order(node), book: "fixture", ...more })).run_id;
async function until(run_id: string, holds: (run: RunbookRunState) => boolean): Promise<RunbookRunState> {
  const find = ({ runbooks }: { runbooks: readonly RunbookRunState[] }) =>
    runbooks.find((run) => run.run_id === run_id && holds(run));
  const found = find(await test.until((state) => find(state) !== undefined));
  if (!found) throw new Error("no such run");
  return found;
}
const ended = (run_id: string) => until(run_id, ({ state }) => state === "ended");
const step = (run: RunbookRunState, id: string) => run.steps.find((one) => one.step === id);
const words = (id: string) => ({ id, title: `Title of ${id}`, text: `Text of ${id}.` });
const verdict = (id: string, more: Partial<RunbookVerdict> = {}): RunbookVerdict => ({
  ...{ id, subject: `subject of ${id}`, subject_key: null, verdict: "likely", kind: "test" },
  ...{ evidence: [], meaning: "A test.", missing: [], proposal: null },
  ...more,
});
const detach: RunbookVerdict["proposal"] = {
  kind: "detach",
  text: "Take it off.",
  attachment: {
    ...{ entry: "e", mechanism: "tcx", direction: "ingress", ifname: "lxc1", ifindex: 3 },
    ...{ netns: "1", prog_id: 7, prog_name: "p" },
  },
};
/** What the steps were given, for the test to look at. */
let seen: RunState[] = [];
const look = (id: string): Runbook["steps"][number] => ({
  ...words(id),
  kind: "examine",
  examine: (state) => {
    seen.push(state);
    return [verdict(id)];
  },
});
const book = (steps: Runbook["steps"]): Runbook => ({
  ...{ id: "fixture", title: "Fixture", symptom: "A test.", when_to_use: "In tests.", runs: "A script." },
  inputs: [
    { name: "seconds", title: "Seconds", description: "How long.", type: "seconds", required: false, default: "1" },
    { name: "who", title: "Who", description: "Who it is.", type: "text", required: true },
  ],
  steps,
});
const who = { inputs: { who: "me" } };
const fake = (params: Record<string, string>) => ({ id: "fake", tracer: "fake", params });

describe.skipIf(process.platform !== "linux")("a run of a runbook", () => {
  beforeEach(() => {
    seen = [];
  });

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
    const node = await connected();
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
    const { commands } = await test.until(({ runbooks }) => runbooks[0]?.state === "ended");
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
    const run = await ended(await begin(await connected(), who));
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
    await start(
      book([
        {
          ...words("watch"),
          kind: "measure",
          plan: () => ({ for_s: 1, traces: [fake({})], sections: ["counters.softnet"] }),
        },
        look("found"),
      ]),
      { root: false },
    );
    await ended(await begin(await connected(), who));
    expect(seen[0]).toMatchObject({
      node: { root: false },
      traces: { watch: { fake: { error: { code: "no-root" } } } },
      readings: { watch: { after: [{ section: "counters.softnet" }] } },
    });
  });

  it("refuses inputs that are not what the book asks for, naming each", async () => {
    await start(book([look("found")]));
    const node = await connected();
    expect(await rejection(begin(node, { inputs: { seconds: "soon", more: "x" } }))).toMatchObject({
      code: "bad-input",
      message: expect.stringContaining("seconds"),
      cause: expect.stringMatching(/who must be given.*no input "more"/),
    });
    expect((await test.until(() => true)).runbooks).toEqual([]);
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
    const node = await connected();
    const run_id = await begin(node, who);
    const run = await until(run_id, ({ state }) => state === "waiting");
    expect(run.question).toMatchObject({ step: "sure", question: "Is it so?", answers: [{ id: "yes" }, { id: "no" }] });
    const answer = (text: string, of = "sure") =>
      test.client.call("runbook.answer", { ...order(node), run_id, step: of, answer: text });
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
    const node = await connected();
    const run_id = await begin(node, who);
    const waiting = await until(run_id, ({ state }) => state === "waiting");
    expect(waiting).toMatchObject({
      verdicts: [{ id: "v", proposal: { kind: "detach" } }],
      question: { step: "offer", answers: [{ id: "go-on" }, { id: "leave" }] },
    });
    await test.client.call("runbook.answer", { ...order(node), run_id, step: "offer", answer: "go-on" });
    const run = await ended(run_id);
    expect(step(run, "check")).toMatchObject({ state: "skipped", result: { why: "Nothing was changed." } });
    // Where nobody is there to answer it goes on by itself.
    expect(await ended(await begin(node, { ...who, attended: false }))).toMatchObject({ verdicts: [{ id: "v" }] });
  });
});

const measuring = (params: Record<string, string> = {}): Runbook =>
  book([
    { ...words("picture"), kind: "collect" },
    {
      ...words("watch"),
      kind: "measure",
      plan: () => ({ for_s: fs.existsSync(path.join(dir, "short")) ? 1 : 600, traces: [fake(params)], sections: [] }),
    },
    look("found"),
  ]);
/** From now on measuring takes a second. */
const shorten = () => fs.writeFileSync(path.join(dir, "short"), "");
const watching = (run_id: string) =>
  until(run_id, (run) => Object.keys(step(run, "watch")?.traces ?? {}).length > 0 && run.state === "running");

describe.skipIf(process.platform !== "linux")("a run that does not come to its end at once", () => {
  beforeEach(() => {
    seen = [];
  });

  it("is paused with the reason when the connection is lost, and resumed does the same step again", async () => {
    await start(measuring());
    const node = await connected();
    const run_id = await begin(node, who);
    await watching(run_id);
    connections.at(-1)?.lose();
    const paused = await until(run_id, ({ state }) => state === "paused");
    expect(paused).toMatchObject({ paused: { error: { code: "connection-lost" } } });
    expect(step(paused, "watch")).toMatchObject({ state: "interrupted", result: null });
    await test.client.call("node.reconnect", order(node));
    await readyAgain();
    shorten();
    await test.client.call("runbook.resume", { ...order(node), run_id });
    const run = await ended(run_id);
    expect(run.steps.map(({ step: id, state }) => [id, state])).toEqual([
      ["picture", "done"],
      ["watch", "done"],
      ["found", "done"],
    ]);
    expect(seen[0]?.traces.watch?.fake).toMatchObject({ error: null, records: { seen: [{}, {}, {}] } });
  });

  it("is not resumed while there is no connection", async () => {
    await start(measuring());
    const node = await connected();
    const run_id = await begin(node, who);
    await watching(run_id);
    await test.client.call("node.disconnect", order(node));
    expect(await until(run_id, ({ state }) => state === "paused")).toMatchObject({
      paused: { error: { code: "node-left" } },
    });
    expect(await rejection(test.client.call("runbook.resume", { ...order(node), run_id }))).toMatchObject({
      code: "not-ready",
    });
  });

  it("is paused and stopped when a person wishes it, and its tracer ends", async () => {
    await start(measuring());
    const node = await connected();
    const run_id = await begin(node, who);
    const { steps } = await watching(run_id);
    const trace_id = steps.find(({ step: id }) => id === "watch")?.traces.fake;
    expect(await rejection(begin(node, who))).toMatchObject({ code: "runbook-running" });
    await test.client.call("runbook.pause", { ...order(node), run_id });
    expect(await until(run_id, ({ state }) => state === "paused")).toMatchObject({ paused: { error: null } });
    await test.until(({ traces }) => traces.some((one) => one.trace_id === trace_id && one.ended_at !== null));
    await test.client.call("runbook.resume", { ...order(node), run_id });
    await watching(run_id);
    await test.client.call("runbook.stop", { ...order(node), run_id });
    expect(await ended(run_id)).toMatchObject({ outcome: "stopped", verdicts: [] });
    expect(await rejection(test.client.call("runbook.resume", { ...order(node), run_id }))).toMatchObject({
      code: "run-ended",
    });
    await test.until(({ traces }) => traces.length === 2 && traces.every(({ ended_at }) => ended_at !== null));
  });

  it("is resumed in the session that was reopened, with what it had", async () => {
    const session_path = path.join(dir, "kept.bpfdesk-session");
    await start(measuring(), { session_path });
    const node = await connected();
    const run_id = await begin(node, who);
    await watching(run_id);
    await test.end();
    await start(measuring(), { session_path });
    const paused = await until(run_id, ({ state }) => state === "paused");
    expect(paused).toMatchObject({ paused: { error: { code: "bpfdesk-closing" } } });
    expect(await rejection(test.client.call("runbook.resume", { ...order(node), run_id }))).toMatchObject({
      code: "no-such-node",
    });
    await test.client.call("node.reconnect", order(node));
    await readyAgain();
    shorten();
    await test.client.call("runbook.resume", { ...order(node), run_id });
    expect(await ended(run_id)).toMatchObject({ outcome: "finished", inputs: { who: "me" } });
    expect(seen[0]?.datapath?.programs).toMatchObject([{ id: 7 }]);
  });

  it("is shown with what it rests on in a record of its session, where it cannot be resumed", async () => {
    const session_path = path.join(dir, "shared.bpfdesk-session");
    const rests = book([
      { ...words("picture"), kind: "collect", sections: ["counters.softnet"] },
      {
        ...words("watch"),
        kind: "measure",
        plan: () => ({ for_s: 1, traces: [fake({ do: "end" })], sections: [] }),
      },
      {
        ...words("found"),
        kind: "examine",
        examine: (state) => {
          const { command_id = "" } = state.readings.picture?.after[0] ?? {};
          const trace_id = state.traces.watch?.fake?.trace_id ?? "";
          return [
            verdict("v", {
              evidence: [
                { text: "read", source: { kind: "command", command_id } },
                { text: "seen", source: { kind: "trace", trace_id, record: "seen", filter: "" } },
              ],
            }),
          ];
        },
      },
      { ...words("sure"), kind: "ask", ask: () => ({ question: "Is it so?", answers: [] }) },
    ]);
    await start(rests, { session_path });
    const first = await connected();
    const waiting = await until(await begin(first, who), ({ state }) => state === "waiting");
    const [then] = waiting.verdicts;
    await test.end();

    await start(rests);
    const node = await test.connect({ kind: "file", path: session_path });
    const shown = await test.until(({ runbooks }) => runbooks[0]?.state === "paused");
    const [run] = shown.runbooks;
    expect(run).toMatchObject({ node, book: "fixture", inputs: { who: "me" }, verdicts: [{ id: "v" }] });
    expect(run?.steps.map(({ state }) => state)).toEqual(["done", "done", "done", "interrupted"]);
    const [read, traced] = run?.verdicts[0]?.evidence.map(({ source }) => source) ?? [];
    expect([read, traced]).not.toEqual(then?.evidence.map(({ source }) => source));
    if (read?.kind !== "command" || traced?.kind !== "trace") throw new Error("the sources are of the same kinds");
    const command = shown.commands.find(({ command_id }) => command_id === read.command_id);
    expect(command).toMatchObject({ node, exit: 0, purpose: expect.stringContaining("runbook") });
    expect(command?.stdout_bytes).toBeGreaterThan(0);
    expect(shown.traces.map(({ trace_id }) => trace_id)).toContain(traced.trace_id);
    const which = { ...order(node), run_id: run?.run_id ?? "" };
    expect(await rejection(test.client.call("runbook.resume", which))).toMatchObject({ code: "not-live" });
  });

  it("is paused in a session whose bpfdesk was killed", async () => {
    const session_path = path.join(dir, "killed.bpfdesk-session");
    await start(measuring(), { session_path });
    const node = await connected();
    await test.end();
    const journal = openJournal(session_path);
    journal.append([{ type: "runbook.started", node, run_id: "r", book: "fixture", inputs: { who: "me" } }]);
    journal.close();
    await start(measuring(), { session_path });
    expect(await until("r", ({ state }) => state === "paused")).toMatchObject({
      paused: { error: { code: "bpfdesk-stopped" } },
    });
  });

  it("cannot be begun on a record", async () => {
    await start(measuring());
    const bytes = Uint8Array.from(await writeSnapshot(smallSnapshot));
    const node = await test.connect({ kind: "bytes", name: "small.bpfdesk-snapshot", bytes });
    await test.untilNode(node, ({ collect }) => collect?.state === "finished");
    expect(await rejection(begin(node, who))).toMatchObject({ code: "not-live" });
  });
});
