/** Many nodes at once, as the host opens them: some at a time, and none in the way of the others. */
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { EventBody, JournalEvent } from "../../electron/core/journal/events.ts";
import { emptySession, foldAll, type NodeState } from "../../electron/core/journal/state.ts";
import { createService, type Service } from "../../electron/host/service.ts";
import { type Client, createClient } from "../../electron/shared/rpc/client.ts";
import { memoryPorts } from "../../electron/shared/rpc/memory-port.ts";
import { serve } from "../../electron/shared/rpc/server.ts";
import { startSshd, type TestSshd } from "../support/sshd.ts";

/** Good ones; how many of the nodes connect and collect at a time. */
const GOOD = 8;
const AT_A_TIME = 2;
/** Far more than it takes, on a busy machine too. */
const PATIENCE_MS = 90_000;

let sshd: TestSshd;
let good: number[];
let dir: string;
let service: Service;
let client: Client;
const silent = net.createServer(() => {});
beforeAll(async () => {
  sshd = await startSshd();
  good = await sshd.morePorts(GOOD);
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "bpfdesk-nodes-"));
  service = createService({
    resourcesDir: path.resolve(import.meta.dirname, "../../resources"),
    dataDir: dir,
    mode: "desktop",
    version: "test",
    session_path: ":memory:",
    known_hosts: sshd.knownHosts,
  });
  const [ours, theirs] = memoryPorts();
  serve(theirs, service.handlers);
  client = createClient(ours);
});
afterAll(async () => {
  await service.close();
  client.close();
  silent.close();
  await sshd.stop();
  fs.rmSync(dir, { recursive: true });
});

/** Follows a session, lending no tool; `until` waits for what the nodes are to become. */
function follow(session_id: string) {
  const events: JournalEvent[] = [];
  let session = emptySession;
  let changed = () => {};
  const reading = new AbortController();
  const read = async () => {
    for await (const batch of client.stream("session.events", { session_id, after_seq: 0 }, reading)) {
      events.push(...batch);
      for (const event of batch) if (event.type === "connection.prompt") refuseToLend(session_id, event);
      session = foldAll(session, batch);
      changed();
    }
  };
  const over = read().catch(() => {});
  return {
    events,
    async until(test: (nodes: readonly NodeState[]) => boolean): Promise<readonly NodeState[]> {
      const limit = Date.now() + PATIENCE_MS;
      for (;;) {
        const nodes = session.order.flatMap((id) => session.nodes[id] ?? []);
        if (test(nodes)) return nodes;
        if (Date.now() > limit) throw new Error(`not in ${PATIENCE_MS} ms:\n${nodes.map(inShort).join("\n")}`);
        await new Promise<void>((resolve) => {
          changed = resolve;
          setTimeout(resolve, limit - Date.now()).unref();
        });
      }
    },
    async stop() {
      reading.abort();
      await over;
    },
  };
}

function refuseToLend(
  session_id: string,
  { node, prompt_id, prompt }: Extract<EventBody, { type: "connection.prompt" }>,
): void {
  if (prompt.kind !== "upload_bpftool") return;
  void client.call("node.answer", { session_id, node, prompt_id, answer: { accept: false, values: [] } });
}

const inShort = ({ target, phase, detail, prompt, error, collect }: NodeState) =>
  [target, phase, detail, prompt?.prompt.kind, error?.message, collect?.state, collect?.error?.cause].join(" | ");

/** The largest number of nodes that were between their start and their first picture, questions aside. */
function mostAtOnce(events: readonly JournalEvent[]): number {
  const working = new Set<string>();
  let most = 0;
  for (const event of events) {
    if (!("node" in event)) continue;
    const { type, node } = event;
    if (type === "connection.phase" && event.phase === "resolving") working.add(node);
    if (type === "collect.section") working.add(node);
    if (["connection.prompt", "connection.failed", "collect.finished", "collect.failed"].includes(type)) {
      working.delete(node);
    }
    most = Math.max(most, working.size);
  }
  return most;
}

it("opens some at a time; one that never answers, refuses, or waits for a person holds none of the others", async () => {
  const { session_id } = await client.call("session.open", {});
  const followed = follow(session_id);
  const { port } = silent.address() as net.AddressInfo;
  const asks = `careful@127.0.0.1:${sshd.port}`;
  const targets = [`root@127.0.0.1:${port}`, asks, "root@127.0.0.1:1", ...good.map((at) => `root@127.0.0.1:${at}`)];
  const { nodes } = await client.call("nodes.connect", {
    session_id,
    targets,
    group: "node-*",
    identity_file: sshd.keyFile,
    sudo: true,
    concurrency: AT_A_TIME,
  });
  // All are there at once, under their group, before any of them is done.
  const added = await followed.until((all) => all.length === targets.length);
  expect(added.map(({ node, target, group }) => ({ node, target, group }))).toEqual(
    targets.map((target, index) => ({ node: nodes[index], target, group: "node-*" })),
  );

  const last = nodes.at(-1) ?? "";
  await client.call("node.cancel", { session_id, node: last });
  const cancelled = await followed.until((all) => all.at(-1)?.phase === "failed");
  expect(cancelled.at(-1)?.error?.code).toBe("cancelled");
  expect(followed.events.some((event) => event.type === "connection.phase" && event.node === last)).toBe(false);

  const pictures = (all: readonly NodeState[]) => all.filter(({ datapath }) => datapath !== null);
  const settled = await followed.until(
    (all) => pictures(all).length === GOOD - 1 && all[1]?.prompt?.prompt.kind === "sudo_password",
  );
  expect(settled.slice(1, 3).map(({ prompt, error }) => [prompt?.prompt.kind, error?.code])).toEqual([
    ["sudo_password", undefined],
    [undefined, "connect-failed"],
  ]);
  expect(mostAtOnce(followed.events)).toBe(AT_A_TIME);

  await client.call("node.answer", {
    session_id,
    node: nodes[1] ?? "",
    prompt_id: settled[1]?.prompt?.prompt_id ?? "",
    answer: { accept: true, values: [sshd.passwords.careful] },
  });
  await client.call("node.cancel", { session_id, node: nodes[0] ?? "" });
  const all = await followed.until((now) => pictures(now).length === GOOD && now[0]?.error !== null);
  expect(all[0]?.datapath).toBeNull();
  expect(all[1]?.privileges).toBe("sudo_password");
  await Promise.all(nodes.map((node) => client.call("node.disconnect", { session_id, node })));
  await followed.stop();
  expect((await client.call("recent.list", {})).map(({ kind, target }) => [kind, target])).toEqual([
    ["group", "node-*"],
  ]);
});
