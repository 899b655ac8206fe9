/**
 * A real tracer on a node behind a real OpenSSH server: it has its programs in the kernel while it runs, and nothing of
 * it is left when it was stopped, when the line was cut, when bpfdesk was killed.
 */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { emptySession, foldAll, type SessionState, type TraceState } from "../../electron/core/journal/state.ts";
import { takeInventory } from "../../electron/host/residue/inventory.ts";
import { stopLeftovers } from "../../electron/host/residue/stop.ts";
import { smallSnapshot, testService } from "../../electron/host/session/testing/service.ts";
import { connectSsh } from "../../electron/host/ssh/connect.ts";
import { lendTracers } from "../../electron/host/trace/lend.ts";
import type { Client } from "../../electron/shared/rpc/client.ts";
import { ensureApp } from "../support/app.ts";
import { startDesktopHost } from "../support/desktop-host.ts";
import { startSshd, type TestSshd } from "../support/sshd.ts";
import { startProxy } from "../support/tcp-proxy.ts";
import { gone, ownObjects, tracerBinary } from "../support/tracer.ts";
import { until } from "./node/exec.ts";

const TRACER = "drops";
const tracersDir = path.resolve(import.meta.dirname, "../../resources/tracers");
const PLACES = ["/run", "/dev/shm", "/tmp", "/var/tmp"];

let sshd: TestSshd;
const stops: (() => unknown)[] = [];
beforeAll(async () => {
  await Promise.all([tracerBinary(), ensureApp()]);
  sshd = await startSshd();
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});
afterAll(() => sshd?.stop());

interface Place {
  client: Client;
  session_id: string;
  until(condition: (state: SessionState) => boolean): Promise<SessionState>;
}

/** A session with the node, whose collections and questions do not matter here. */
async function connected(port: number): Promise<Place & { node: string }> {
  const config_file = path.join(sshd.dir, `config-${port}`);
  const alias = `HostKeyAlias [127.0.0.1]:${sshd.port}`;
  fs.writeFileSync(config_file, `${alias}\nIdentityAgent none\nIdentityFile none\nGlobalKnownHostsFile none\n`);
  const target = `engineer@127.0.0.1:${port}`;
  const known_hosts = sshd.knownHosts;
  const test = await testService({
    ssh: (_chosen, context) =>
      connectSsh({ target, config_file, known_hosts, identity_file: sshd.keyFile, ...context }),
    residue: { takeInventory, stopLeftovers },
    collectNode: async () => smallSnapshot.collected,
    collectFollowUp: async () => smallSnapshot.collected,
    lendTracers: (transport, { signal }) => lendTracers(transport, { tracersDir, signal }),
  });
  stops.push(() => test.end());
  const node = await test.connect({ kind: "ssh", target });
  await test.untilNode(node, ({ phase, error }) => phase === "ready" || error !== null);
  return { ...test, node };
}

const trace = ({ traces }: SessionState): TraceState | undefined => traces[0];
/** Starts the tracer; resolves with what it has in the kernel while it runs. */
async function running(place: Place, node: string): Promise<Set<string>> {
  const { client, session_id } = place;
  // What it costs is not the question, on a machine that may be busy with dropping.
  await client.call("trace.start", { session_id, node, tracer: TRACER, for_s: 120, budget_pct: 100 });
  const { traces } = await place.until((state) => {
    const now = trace(state);
    return now !== undefined && (now.stats.length > 0 || now.ended_at !== null);
  });
  expect(traces).toMatchObject([{ state: "running", error: null }]);
  const own = new Set(tracers().flatMap((pid) => [...ownObjects(pid)]));
  expect([...own].filter((one) => one.startsWith("prog"))).not.toEqual([]);
  expect([...own].filter((one) => one.startsWith("link"))).not.toEqual([]);
  return own;
}
/** Processes on the node that are the tracer. */
const tracers = () => sshd.processes().filter((pid) => nameOf(pid) === "bpfdesk-tracer");
function nameOf(pid: number): string {
  try {
    return fs.readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return ""; // ended meanwhile
  }
}
/** Private folders that hold a tracer. */
const folders = () =>
  PLACES.flatMap((place) => fs.readdirSync(place).map((name) => path.join(place, name))).filter(
    (folder) => path.basename(folder).startsWith(".bpfdesk-") && fs.existsSync(path.join(folder, "bpfdesk-tracer")),
  );
async function nothingLeft(own: ReadonlySet<string>, before: readonly string[]): Promise<void> {
  expect(await until(() => tracers().length === 0, 60_000)).toBe(true);
  await gone(own);
  expect(await until(() => folders().every((folder) => before.includes(folder)), 30_000)).toBe(true);
}

it("is in the kernel while it runs; stopped it sums up, and the node is left as it was found", async () => {
  const before = folders();
  const place = await connected(sshd.port);
  const { client, session_id, node } = place;
  const own = await running(place, node);
  const { trace_id = "" } = trace(await place.until((state) => trace(state) !== undefined)) ?? {};
  await client.call("trace.stop", { session_id, node, trace_id });
  const { traces } = await place.until((state) => trace(state)?.ended_at !== null && trace(state) !== undefined);
  expect(traces).toMatchObject([{ state: "ended", summary: { ended: "signal" }, error: null }]);
  await gone(own);
  await client.call("node.disconnect", { session_id, node });
  const { nodes } = await place.until((state) => state.nodes[node]?.phase === "closed");
  expect(nodes[node]).toMatchObject({ residue: [], error: null, residue_report: { ours: [], blind: [] } });
  await nothingLeft(own, before);
});

it("ends on the node when the line is cut, and that is said with what came until then", async () => {
  const before = folders();
  const proxy = await startProxy({ target: sshd });
  stops.push(() => proxy.stop());
  const place = await connected(proxy.port);
  const own = await running(place, place.node);
  proxy.down();
  const { traces } = await place.until((state) => trace(state)?.ended_at !== null && trace(state) !== undefined);
  expect(traces).toMatchObject([{ state: "failed", summary: null, error: { code: "connection-lost" } }]);
  await nothingLeft(own, before);
});

it("ends on the node when bpfdesk is killed", async () => {
  const before = folders();
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "bpfdesk-killed-"));
  stops.push(() => fs.rmSync(dir, { recursive: true, force: true }));
  const host = await startDesktopHost(dir, { dataDir: path.join(dir, "data"), known_hosts: sshd.knownHosts });
  stops.push(() => host.child.kill("SIGKILL"));
  const { client } = host;
  const { session_id } = await client.call("session.open", {});
  const place: Place = {
    client,
    session_id,
    async until(condition) {
      let state = emptySession;
      for await (const events of client.stream("session.events", { session_id, after_seq: 0 })) {
        for (const event of events) {
          state = foldAll(state, [event]);
          if (condition(state)) return state;
        }
      }
      throw new Error("the session ended before that");
    },
  };
  const target = { kind: "ssh" as const, target: `root@127.0.0.1:${sshd.port}`, identity_file: sshd.keyFile };
  const { node } = await client.call("node.connect", { session_id, target });
  await place.until(({ nodes }) => nodes[node]?.privileges !== null && nodes[node]?.privileges !== undefined);
  const own = await running(place, node);
  host.child.kill("SIGKILL");
  await host.ended;
  await nothingLeft(own, before);
});
