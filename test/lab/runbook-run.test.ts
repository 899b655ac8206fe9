/**
 * A run of a runbook with a real tracer on a node behind a real OpenSSH server, whose line is cut in the middle of a
 * measurement: paused, the node left as it was found, and resumed with the same step once the line is back.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import type { RunbookRunState } from "../../electron/core/journal/runbooks.ts";
import type { SessionState } from "../../electron/core/journal/state.ts";
import type { Runbook, RunState } from "../../electron/core/runbook/types.ts";
import { readSections } from "../../electron/host/collect/collect.ts";
import { takeInventory } from "../../electron/host/residue/inventory.ts";
import { stopLeftovers } from "../../electron/host/residue/stop.ts";
import { smallSnapshot, type TestService, testService } from "../../electron/host/session/testing/service.ts";
import { connectSsh } from "../../electron/host/ssh/connect.ts";
import { lendTracers } from "../../electron/host/trace/lend.ts";
import type { Client } from "../../electron/shared/rpc/client.ts";
import { startSshd, type TestSshd } from "../support/sshd.ts";
import { startProxy } from "../support/tcp-proxy.ts";
import { gone, ownObjects, tracerBinary } from "../support/tracer.ts";
import { until as comesTrue } from "./node/exec.ts";

const tracersDir = path.resolve(import.meta.dirname, "../../resources/tracers");

let sshd: TestSshd;
const stops: (() => unknown)[] = [];
beforeAll(async () => {
  await tracerBinary();
  sshd = await startSshd();
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});
afterAll(() => sshd?.stop());

/** What the last step was given. */
let seen: RunState | null = null;
/** How long it measures: for ever until it was cut. */
let for_s = 600;
const words = (id: string) => ({ id, title: id, text: id });
const book: Runbook = {
  ...{ id: "fixture", title: "Fixture", symptom: "", when_to_use: "", runs: "", inputs: [] },
  steps: [
    { ...words("picture"), kind: "collect", sections: ["counters.snmp"] },
    {
      ...words("watch"),
      kind: "measure",
      plan: () => ({
        for_s,
        traces: [{ id: "drops", tracer: "drops", params: {} }],
        sections: ["counters.softnet"],
      }),
    },
    {
      ...words("judge"),
      kind: "examine",
      examine: (state) => {
        seen = state;
        return [];
      },
    },
  ],
};

async function connected(port: number): Promise<TestService & { node: string }> {
  const config_file = path.join(sshd.dir, `config-${port}`);
  const alias = `HostKeyAlias [127.0.0.1]:${sshd.port}`;
  fs.writeFileSync(config_file, `${alias}\nIdentityAgent none\nIdentityFile none\nGlobalKnownHostsFile none\n`);
  const target = `engineer@127.0.0.1:${port}`;
  const keys = { known_hosts: sshd.knownHosts, identity_file: sshd.keyFile };
  const test = await testService(
    {
      ssh: (_chosen, context) => connectSsh({ target, config_file, ...keys, ...context }),
      residue: { takeInventory, stopLeftovers },
      collectNode: async () => smallSnapshot.collected,
      collectFollowUp: async () => smallSnapshot.collected,
      readSections,
      lendTracers: (transport, { signal }) => lendTracers(transport, { tracersDir, signal }),
    },
    { books: [book] },
  );
  stops.push(() => test.end());
  const node = await test.connect({ kind: "ssh", target });
  await test.untilNode(node, ({ phase, error, collect }) => error !== null || (phase === "ready" && collect !== null));
  return { ...test, node };
}
const runOf = ({ runbooks }: SessionState): RunbookRunState | undefined => runbooks[0];
const tracers = () => sshd.processes().filter((pid) => nameOf(pid) === "bpfdesk-tracer");
function nameOf(pid: number): string {
  try {
    return fs.readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return ""; // ended meanwhile
  }
}

async function readyAfter(client: Client, session_id: string, after_seq: number): Promise<void> {
  for await (const events of client.stream("session.events", { session_id, after_seq })) {
    if (events.some(({ type }) => type === "connection.ready")) return;
  }
}

it("is paused when the line is cut, leaves nothing, and goes on with the same step when it is back and told to", async () => {
  const proxy = await startProxy({ target: sshd });
  stops.push(() => proxy.stop());
  const { client, session_id, node, until } = await connected(proxy.port);
  const { run_id } = await client.call("runbook.start", { session_id, node, book: "fixture" });
  const which = { session_id, node, run_id };
  await until(({ traces }) => traces.some(({ stats, ended_at }) => stats.length > 0 || ended_at !== null));
  const own = new Set(tracers().flatMap((pid) => [...ownObjects(pid)]));
  expect([...own].filter((one) => one.startsWith("prog"))).not.toEqual([]);
  proxy.down();
  const cut = await until((state) => runOf(state)?.state === "paused");
  expect(runOf(cut)).toMatchObject({
    paused: { error: { code: "connection-lost" } },
    steps: [
      { step: "picture", state: "done" },
      { step: "watch", state: "interrupted", result: null },
    ],
  });
  expect(await comesTrue(() => tracers().length === 0, 60_000)).toBe(true);
  await gone(own);

  for_s = 2;
  proxy.down(false);
  await client.call("node.reconnect", { session_id, node });
  await readyAfter(client, session_id, cut.last_seq);
  await client.call("runbook.resume", which);
  const ended = await until((state) => runOf(state)?.state === "ended");
  expect(runOf(ended)).toMatchObject({
    outcome: "finished",
    steps: [
      { step: "picture", state: "done" },
      { step: "watch", state: "done", result: { for_s: expect.any(Number) } },
      { step: "judge", state: "done" },
    ],
  });
  expect(seen?.traces.watch?.drops).toMatchObject({ tracer: "drops", error: null, summary: { ended: "time" } });
  expect(seen?.readings.watch).toMatchObject({
    before: [{ section: "counters.softnet", problem: null }],
    after: [{ section: "counters.softnet", problem: null }],
  });
  expect(seen?.readings.picture?.after).toMatchObject([{ section: "counters.snmp", problem: null }]);
  expect(await comesTrue(() => tracers().length === 0, 60_000)).toBe(true);
});
