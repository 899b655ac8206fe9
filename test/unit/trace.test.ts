/**
 * Tracers over the service's own requests: lent, run under the real guard, read, stopped, kept, taken away. The tracer
 * is a script, and the node is a child process of this one.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, it, vi } from "vitest";
import type { SessionState, TraceState } from "../../electron/core/journal/state.ts";
import { smallSnapshot } from "../../electron/host/session/testing/service.ts";
import { writeSnapshot } from "../../electron/host/snapshot/file.ts";
import { fakeNode } from "../support/fake-node.ts";
import { rejection } from "./electron-rpc-helpers.ts";

// Each starts shells on what may be a busy machine.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

const UID = "0f0e0d0c-1111-2222-3333-444444444444";
const machine = fakeNode({ gone_within_ms: 0 });

type Order = { params?: Record<string, string>; for_s?: number; events?: number };
const run = async (node: string, order: Order = {}) =>
  (
    await machine.service.client.call("trace.start", {
      session_id: machine.service.session_id,
      node,
      tracer: "fake",
      ...order,
    })
  ).trace_id;
async function until(trace_id: string, holds: (trace: TraceState) => boolean): Promise<TraceState> {
  const find = ({ traces }: SessionState) => traces.find((one) => one.trace_id === trace_id && holds(one));
  const found = find(await machine.service.until((state) => find(state) !== undefined));
  if (!found) throw new Error("no such trace");
  return found;
}
const over = (trace_id: string) => until(trace_id, ({ ended_at }) => ended_at !== null);
const rows = (trace_id: string, record = "seen", more = {}) =>
  machine.service.client.call("trace.rows", {
    session_id: machine.service.session_id,
    trace_id,
    record,
    count: 100,
    ...more,
  });
async function linesOf(trace_id: string): Promise<Record<string, unknown>[]> {
  const all: Record<string, unknown>[] = [];
  for await (const lines of machine.service.client.stream("trace.lines", {
    session_id: machine.service.session_id,
    trace_id,
  })) {
    all.push(...lines.map((line) => JSON.parse(line) as Record<string, unknown>));
  }
  return all;
}
const stop = (node: string, trace_id: string) =>
  machine.service.client.call("trace.stop", { session_id: machine.service.session_id, node, trace_id });

describe.skipIf(process.platform !== "linux")("a trace", () => {
  it("is told from its start to its summary, and its records are read page by page", async () => {
    await machine.start();
    const node = await machine.connected();
    const trace_id = await run(node, { params: { do: "end", events: "5" } });
    expect(await over(trace_id)).toMatchObject({
      node,
      tracer: "fake",
      state: "ended",
      params: { do: "end", events: "5" },
      limits: { for_s: 30, events: null, budget_pct: 3 },
      schema: { variant: "plain", fallbacks: [{ wanted: "better" }] },
      stats: [{ events: 5 }],
      rows: { seen: 5, sum: 5 },
      notes: [],
      summary: { ended: "time", said: "all" },
      error: null,
    });
    const page = await rows(trace_id, "seen", { count: 2, sort: [{ column: "n", descending: true }] });
    expect(page).toMatchObject({
      columns: ["time_us", "n", "text", "cgroup", "pod", "container"],
      total: 5,
      dropped: 0,
    });
    expect(page.rows.map(([, n, , , pod]) => [n, pod])).toEqual([
      [5, UID],
      [4, UID],
    ]);
    expect((await rows(trace_id, "sum")).rows).toEqual([["all", 5]]);
    expect(await rejection(rows(trace_id, "other"))).toMatchObject({ code: "no-such-record" });
    expect(await rejection(rows("none"))).toMatchObject({ code: "no-such-trace" });
  });

  it("is given its parameters as they are, and is recorded with them", async () => {
    await machine.start();
    const node = await machine.connected();
    const text = "a $(touch x) 'b' ;c";
    const trace_id = await run(node, { params: { do: "end", text }, for_s: 7, events: 9 });
    const { command_id } = await over(trace_id);
    expect((await rows(trace_id)).rows[0]?.[2]).toBe(text);
    const { commands } = await machine.service.until(({ commands: all }) =>
      all.some((one) => one.command_id === command_id),
    );
    const command = commands.find((one) => one.command_id === command_id);
    expect(command).toMatchObject({ root: true, purpose: `Run a tracer, as asked (fake ${trace_id})` });
    expect(command?.text).toContain(
      "run fake --for 7 --budget 3 --events 9 --param 'do=end' --param 'text=a $(touch x) ",
    );
  });

  it("can be followed line by line while it runs, with the pod beside the cgroup", async () => {
    await machine.start();
    const node = await machine.connected();
    const trace_id = await run(node, { params: { events: "2" } });
    const lines = linesOf(trace_id);
    await until(trace_id, ({ stats }) => stats.length > 0);
    await stop(node, trace_id);
    const all = await lines;
    expect(all.map(({ record }) => record)).toEqual(["schema", "seen", "sum", "seen", "sum", "stats", "summary"]);
    expect(all[1]).toMatchObject({ record: "seen", n: 1, pod: UID, container: null });
    expect(all[2]).toEqual({ record: "sum", who: "all", n: 1 });
    expect(await linesOf(trace_id)).toEqual(all);
  });

  it("ends when it is stopped, and its summary still comes", async () => {
    await machine.start();
    const node = await machine.connected();
    const [first, second] = [await run(node), await run(node)];
    await until(first, ({ state }) => state === "running");
    await until(second, ({ state }) => state === "running");
    await stop(node, first);
    expect(await over(first)).toMatchObject({ state: "ended", summary: { ended: "signal" }, error: null });
    await stop(node, second);
    expect(await over(second)).toMatchObject({ summary: { ended: "signal" } });
    expect(await rejection(stop(node, first))).toMatchObject({ code: "no-such-trace" });
  });

  it("that does not end is killed, and what it had said stays", async () => {
    await machine.start();
    const node = await machine.connected();
    const trace_id = await run(node, { params: { do: "stubborn" } });
    await until(trace_id, ({ stats }) => stats.length > 0);
    const before = Date.now();
    await machine.service.client.call("node.disconnect", { session_id: machine.service.session_id, node });
    expect(Date.now() - before).toBeLessThan(40_000);
    expect(await over(trace_id)).toMatchObject({ rows: { seen: 3 } });
    expect((await rows(trace_id)).total).toBe(3);
  });

  it("that cannot run says why in its own words; one that dies with what it said last", async () => {
    await machine.start();
    const node = await machine.connected();
    expect(await over(await run(node, { params: { do: "refuse" } }))).toMatchObject({
      state: "failed",
      schema: null,
      error: {
        code: "no-btf",
        message: "testnode: the kernel has no BTF",
        hint: "Use a kernel with CONFIG_DEBUG_INFO_BTF.",
        node: "testnode",
      },
    });
    const died = await run(node, { params: { do: "die" } });
    expect(await over(died)).toMatchObject({
      state: "failed",
      rows: { seen: 3, sum: 3 },
      error: { code: "tracer-died", cause: "out of memory" },
    });
    expect((await rows(died)).total).toBe(3);
  });

  it("that prints what is no line goes on, and says so", async () => {
    await machine.start();
    const node = await machine.connected();
    const trace_id = await run(node, { params: { do: "garbage" }, events: 1 });
    const { notes, error } = await over(trace_id);
    expect([notes.map(({ code }) => code), error]).toEqual([["line-no-json", "line-unknown"], null]);
  });

  it("is not run with a file that somebody has changed on the node", async () => {
    await machine.start();
    const node = await machine.connected();
    const first = await run(node, { params: { do: "end" } });
    await over(first);
    const [folder = ""] = fs.readdirSync(machine.place);
    fs.appendFileSync(path.join(machine.place, folder, "bpfdesk-tracer"), "\n");
    expect(await over(await run(node))).toMatchObject({ state: "failed", error: { code: "tracer-changed" } });
    expect(fs.readdirSync(machine.place)).toEqual([]);
    // It is sent again.
    expect(await over(await run(node, { params: { do: "end" } }))).toMatchObject({ state: "ended" });
  });

  it("is refused before anything is sent: parameters, a name nobody has, no root, a record", async () => {
    await machine.start();
    const node = await machine.connected();
    const { session_id, client } = machine.service;
    expect(await rejection(run(node, { params: { events: "-1" } }))).toMatchObject({ code: "bad-param" });
    const nobody = client.call("trace.start", { session_id, node, tracer: "none" });
    expect(await rejection(nobody)).toMatchObject({ code: "no-such-tracer", hint: "There are: fake." });
    machine.root = false;
    const plain = await machine.connected();
    machine.root = true;
    expect(await rejection(run(plain))).toMatchObject({ code: "no-root", node: "testnode" });
    const bytes = Uint8Array.from(await writeSnapshot(smallSnapshot));
    const record = await machine.service.connect({ kind: "bytes", name: "small", bytes });
    await machine.service.untilNode(record, ({ phase }) => phase === "ready");
    expect(await rejection(run(record))).toMatchObject({ code: "not-live" });
    expect(fs.readdirSync(machine.place)).toEqual([]);
  });

  it("is read again from the session's file", async () => {
    const file = path.join(machine.dir, "session");
    await machine.start({ session_path: file });
    const node = await machine.connected();
    const trace_id = await run(node, { params: { do: "end", events: "6" } });
    await over(trace_id);
    const [seen, sum, lines] = [await rows(trace_id), await rows(trace_id, "sum"), await linesOf(trace_id)];
    await machine.service.end();
    await machine.start({ session_path: file });
    expect([await rows(trace_id), await rows(trace_id, "sum"), await linesOf(trace_id)]).toEqual([seen, sum, lines]);
  });

  it("is shown again when the session's file is opened as a record", async () => {
    const file = path.join(machine.dir, "session");
    await machine.start({ session_path: file });
    const node = await machine.connected();
    const trace_id = await run(node, { params: { do: "end", events: "6" } });
    const ended = await over(trace_id);
    const [seen, lines] = [await rows(trace_id), await linesOf(trace_id)];
    await machine.service.end();
    await machine.start();
    const record = await machine.service.connect({ kind: "file", path: file });
    const { traces } = await machine.service.until(({ traces: all }) => all.some((one) => one.ended_at !== null));
    const [again] = traces;
    const { summary, stats, params, limits, schema } = ended;
    expect(again).toMatchObject({ node: record, state: "ended", summary, stats, params, limits, schema });
    expect([await rows(again?.trace_id ?? ""), await linesOf(again?.trace_id ?? "")]).toEqual([seen, lines]);
  });

  it("that ran when bpfdesk was killed is told as ended when the session is opened again, with what came", async () => {
    const file = path.join(machine.dir, "session");
    await machine.start({ session_path: file });
    const node = await machine.connected();
    const trace_id = await run(node, { params: { events: "4" } });
    await until(trace_id, ({ stats }) => stats.length > 0);
    const copy = path.join(machine.dir, "killed");
    for (const end of ["", "-wal", "-shm"]) if (fs.existsSync(file + end)) fs.copyFileSync(file + end, copy + end);
    await stop(node, trace_id);
    await over(trace_id);
    await machine.service.end();
    await machine.start({ session_path: copy });
    expect(await over(trace_id)).toMatchObject({
      state: "failed",
      rows: { seen: 4 },
      error: { code: "bpfdesk-stopped" },
    });
    expect((await rows(trace_id)).total).toBe(4);
  });
});

describe.skipIf(process.platform !== "linux")("the tracers on a node", () => {
  it("say what its kernel offers, are put there once, and are gone when it is left", async () => {
    await machine.start();
    const node = await machine.connected();
    const { session_id, client } = machine.service;
    const check = await client.call("tracers.check", { session_id, node });
    expect(check).toMatchObject({ kernel: "6.1.0", tracers: { fake: { variant: "plain", refused: null } } });
    await over(await run(node, { params: { do: "end" } }));
    expect(fs.readdirSync(machine.place).length).toBe(1);
    await client.call("node.disconnect", { session_id, node });
    expect(fs.readdirSync(machine.place)).toEqual([]);
    const { commands } = await machine.service.until(({ nodes }) => nodes[node]?.phase === "closed");
    expect(commands.filter(({ text }) => text.startsWith("# write")).length).toBe(1);
  });

  it("are those of the installation", async () => {
    await machine.start();
    expect((await machine.service.client.call("tracers.list", {})).map(({ name }) => name)).toEqual(["fake"]);
  });

  it("are not sent when they are not what their manifest says", async () => {
    for (const arch of ["x86_64", "arm64"])
      fs.appendFileSync(path.join(machine.dir, "resources/tracers", arch, "bpfdesk-tracer"), "x");
    await machine.start();
    const node = await machine.connected();
    expect(await over(await run(node))).toMatchObject({ error: { code: "bundle-damaged" } });
  });
});
