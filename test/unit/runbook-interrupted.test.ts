/**
 * Runs of a runbook that do not come to their end at once: the line is cut, a person wishes it, bpfdesk ends, the
 * session is opened again or shown as a record. The tracer is a script, and the node is a child process of this one.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, it, vi } from "vitest";
import type { Runbook } from "../../electron/core/runbook/types.ts";
import { openJournal } from "../../electron/host/journal/journal.ts";
import { smallSnapshot } from "../../electron/host/session/testing/service.ts";
import { writeSnapshot } from "../../electron/host/snapshot/file.ts";
import { fakeNode } from "../support/fake-node.ts";
import { rejection } from "./electron-rpc-helpers.ts";
import { book, fake, runsOn, step, verdict, who, words } from "./runbook-fixture.ts";

// Each starts shells on what may be a busy machine.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

// What a slow machine has not taken away before the end is taken away on the node, when it sees the loss.
const machine = fakeNode({ gone_within_ms: 45_000 });
const { start, begin, until, ended, order, look, seen } = runsOn(machine);

/** A second connection stands. */
async function readyAgain(): Promise<void> {
  let times = 0;
  for await (const events of machine.service.client.stream("session.events", {
    session_id: machine.service.session_id,
    after_seq: 0,
  })) {
    times += events.filter(({ type }) => type === "connection.ready").length;
    if (times >= 2) return;
  }
}

const measuring = (params: Record<string, string> = {}): Runbook =>
  book([
    { ...words("picture"), kind: "collect" },
    {
      ...words("watch"),
      kind: "measure",
      plan: () => ({
        for_s: fs.existsSync(path.join(machine.dir, "short")) ? 1 : 600,
        traces: [fake(params)],
        sections: [],
      }),
    },
    look("found"),
  ]);
/** From now on measuring takes a second. */
const shorten = () => fs.writeFileSync(path.join(machine.dir, "short"), "");
const watching = (run_id: string) =>
  until(run_id, (run) => Object.keys(step(run, "watch")?.traces ?? {}).length > 0 && run.state === "running");

describe.skipIf(process.platform !== "linux")("a run that does not come to its end at once", () => {
  it("is paused with the reason when the connection is lost, and resumed does the same step again", async () => {
    await start(measuring());
    const node = await machine.connected();
    const run_id = await begin(node, who);
    await watching(run_id);
    machine.lose();
    const paused = await until(run_id, ({ state }) => state === "paused");
    expect(paused).toMatchObject({ paused: { error: { code: "connection-lost" } } });
    expect(step(paused, "watch")).toMatchObject({ state: "interrupted", result: null });
    await machine.service.client.call("node.reconnect", order(node));
    await readyAgain();
    shorten();
    await machine.service.client.call("runbook.resume", { ...order(node), run_id });
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
    const node = await machine.connected();
    const run_id = await begin(node, who);
    await watching(run_id);
    await machine.service.client.call("node.disconnect", order(node));
    expect(await until(run_id, ({ state }) => state === "paused")).toMatchObject({
      paused: { error: { code: "node-left" } },
    });
    expect(await rejection(machine.service.client.call("runbook.resume", { ...order(node), run_id }))).toMatchObject({
      code: "not-ready",
    });
  });

  it("is paused and stopped when a person wishes it, and its tracer ends", async () => {
    await start(measuring());
    const node = await machine.connected();
    const run_id = await begin(node, who);
    const { steps } = await watching(run_id);
    const trace_id = steps.find(({ step: id }) => id === "watch")?.traces.fake;
    expect(await rejection(begin(node, who))).toMatchObject({ code: "runbook-running" });
    await machine.service.client.call("runbook.pause", { ...order(node), run_id });
    expect(await until(run_id, ({ state }) => state === "paused")).toMatchObject({ paused: { error: null } });
    await machine.service.until(({ traces }) =>
      traces.some((one) => one.trace_id === trace_id && one.ended_at !== null),
    );
    await machine.service.client.call("runbook.resume", { ...order(node), run_id });
    await watching(run_id);
    await machine.service.client.call("runbook.stop", { ...order(node), run_id });
    expect(await ended(run_id)).toMatchObject({ outcome: "stopped", verdicts: [] });
    expect(await rejection(machine.service.client.call("runbook.resume", { ...order(node), run_id }))).toMatchObject({
      code: "run-ended",
    });
    await machine.service.until(
      ({ traces }) => traces.length === 2 && traces.every(({ ended_at }) => ended_at !== null),
    );
  });

  it("is resumed in the session that was reopened, with what it had", async () => {
    const session_path = path.join(machine.dir, "kept.bpfdesk-session");
    await start(measuring(), { session_path });
    const node = await machine.connected();
    const run_id = await begin(node, who);
    await watching(run_id);
    await machine.service.end();
    await start(measuring(), { session_path });
    const paused = await until(run_id, ({ state }) => state === "paused");
    expect(paused).toMatchObject({ paused: { error: { code: "bpfdesk-closing" } } });
    expect(await rejection(machine.service.client.call("runbook.resume", { ...order(node), run_id }))).toMatchObject({
      code: "no-such-node",
    });
    await machine.service.client.call("node.reconnect", order(node));
    await readyAgain();
    shorten();
    await machine.service.client.call("runbook.resume", { ...order(node), run_id });
    expect(await ended(run_id)).toMatchObject({ outcome: "finished", inputs: { who: "me" } });
    expect(seen[0]?.datapath?.programs).toMatchObject([{ id: 7 }]);
  });

  it("is shown with what it rests on in a record of its session, where it cannot be resumed", async () => {
    const session_path = path.join(machine.dir, "shared.bpfdesk-session");
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
    const first = await machine.connected();
    const waiting = await until(await begin(first, who), ({ state }) => state === "waiting");
    const [then] = waiting.verdicts;
    await machine.service.end();

    await start(rests);
    const node = await machine.service.connect({ kind: "file", path: session_path });
    const shown = await machine.service.until(({ runbooks }) => runbooks[0]?.state === "paused");
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
    expect(await rejection(machine.service.client.call("runbook.resume", which))).toMatchObject({ code: "not-live" });
  });

  it("is paused in a session whose bpfdesk was killed", async () => {
    const session_path = path.join(machine.dir, "killed.bpfdesk-session");
    await start(measuring(), { session_path });
    const node = await machine.connected();
    await machine.service.end();
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
    const node = await machine.service.connect({ kind: "bytes", name: "small.bpfdesk-snapshot", bytes });
    await machine.service.untilNode(node, ({ collect }) => collect?.state === "finished");
    expect(await rejection(begin(node, who))).toMatchObject({ code: "not-live" });
  });
});
