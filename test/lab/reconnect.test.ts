/** A node behind a bad line, over a real OpenSSH server: lost, waited for, back by itself, and what that leaves. */
import * as fs from "node:fs";
import * as path from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { JournalEvent } from "../../electron/core/journal/events.ts";
import type { NodeState } from "../../electron/core/journal/state.ts";
import { takeInventory } from "../../electron/host/residue/inventory.ts";
import { stopLeftovers } from "../../electron/host/residue/stop.ts";
import { connectWithSecrets } from "../../electron/host/secrets/ask.ts";
import { createSecretStore } from "../../electron/host/secrets/store.ts";
import { type TestService, testService } from "../../electron/host/session/testing/service.ts";
import type { NodeWork } from "../../electron/host/session/work.ts";
import { connectSsh } from "../../electron/host/ssh/connect.ts";
import type { PromptAnswer } from "../../electron/shared/contract.ts";
import { atEnd, sshd as startedSshd, stopAfterEach } from "../support/ssh-lab.ts";
import type { SshdOptions, TestSshd } from "../support/sshd.ts";
import { startProxy, type TcpProxy } from "../support/tcp-proxy.ts";
import { until } from "./node/exec.ts";

stopAfterEach();
// Before that: what is registered last is done first.
afterEach(() => {
  vi.restoreAllMocks();
});

interface Line extends TestService {
  sshd: TestSshd;
  proxy: TcpProxy;
  node: string;
  /** Logins the server has seen begin. */
  logins(): number;
  state(condition: (now: NodeState) => boolean): Promise<NodeState>;
  /** The first event after `after` that is meant. */
  event(meant: (event: JournalEvent) => boolean, after?: JournalEvent): Promise<JournalEvent>;
  call(method: "node.reconnect" | "node.cancel" | "node.disconnect"): Promise<unknown>;
  answer(prompt_id: string, answer: PromptAnswer): Promise<unknown>;
}

/** A server, a line to it that can be cut, and a session with that node. */
async function line(options: { key?: boolean; sshd?: SshdOptions; work?: Partial<NodeWork> } = {}): Promise<Line> {
  const sshd = await startedSshd(options.sshd);
  const proxy = await startProxy({ target: sshd });
  atEnd(() => proxy.stop());
  const config_file = path.join(sshd.dir, "config");
  const alias = `HostKeyAlias [127.0.0.1]:${sshd.port}`;
  fs.writeFileSync(config_file, `${alias}\nIdentityAgent none\nIdentityFile none\nGlobalKnownHostsFile none\n`);
  // A copy: what the server's keys are now is not what was trusted once.
  const known_hosts = path.join(sshd.dir, "trusted");
  fs.copyFileSync(sshd.knownHosts, known_hosts);
  const target = `engineer@127.0.0.1:${proxy.port}`;
  const more = { target, config_file, known_hosts, ...(options.key === false ? {} : { identity_file: sshd.keyFile }) };
  const secrets = createSecretStore();
  const test = await testService({
    ssh: (_chosen, context) =>
      connectWithSecrets((asking) => connectSsh({ ...more, ...asking }), context, secrets, target),
    residue: { takeInventory, stopLeftovers },
    ...options.work,
  });
  atEnd(() => test.end());
  const node = await test.connect({ kind: "ssh", target });
  const ids = { session_id: test.session_id, node };
  return {
    ...test,
    sshd,
    proxy,
    node,
    logins: () => sshd.log().split("Connection from ").length - 1,
    state: (condition) => test.untilNode(node, condition),
    async event(meant, after) {
      const from = { session_id: test.session_id, after_seq: after?.seq ?? 0 };
      for await (const events of test.client.stream("session.events", from)) {
        const found = events.find(meant);
        if (found) return found;
      }
      throw new Error("the session ended before that");
    },
    call: (method) => test.client.call(method, ids),
    answer: (prompt_id, answer) => test.client.call("node.answer", { ...ids, prompt_id, answer }),
  };
}

const ready = (now: NodeState) => now.phase === "ready" && now.collect !== null && now.collect.state !== "running";
const waiting = (now: NodeState) => now.phase === "waiting" && now.reconnect !== null;
/** Ready again with another collection than that of before. */
const again = (before: NodeState) => (now: NodeState) =>
  ready(now) && now.collect?.collect_id !== before.collect?.collect_id;
/** A collection that costs nothing, where it is not what is looked at. */
const quick: Partial<NodeWork> = { collectNode: async () => ({ sections: [], complete: true, noise: "" }) };

describe("a connection that is cut", () => {
  it("is waited for, comes back by itself, and the same node is collected again", async () => {
    const { proxy, state, node } = await line();
    const before = await state(ready);
    proxy.cut();
    expect(await state(waiting)).toMatchObject({
      error: { code: "connection-lost" },
      reconnect: { attempt: 1, retry_at: expect.any(Number) },
    });
    const after = await state(again(before));
    expect(after).toMatchObject({ node, host: before.host, error: null, reconnect: null, residue: [] });
    expect(after.collect).toMatchObject({ state: "finished", complete: true });
    expect(after.datapath?.node).toMatchObject({ hostname: before.datapath?.node.hostname, root: true });
  });

  it("comes back by itself once a server that was gone for a while is there again", async () => {
    const { proxy, state, event } = await line({ work: quick });
    const before = await state(ready);
    proxy.down();
    const late = await event((one) => one.type === "connection.lost" && one.attempt === 3);
    expect(late).toMatchObject({ retry_in_ms: expect.any(Number), error: { phase: "connecting" } });
    proxy.down(false);
    expect((await state(again(before))).phase).toBe("ready");
  });

  for (const how of ["the machine wakes", "a person asks"]) {
    it(`comes back at once when ${how}`, async () => {
      const { proxy, state, event, client, call } = await line({ work: quick });
      const before = await state(ready);
      // By itself it would come back after a time that no test waits for.
      vi.spyOn(Math, "random").mockReturnValue(3600);
      proxy.cut();
      expect(await event(({ type }) => type === "connection.lost")).toMatchObject({ retry_in_ms: 3_600_000 });
      if (how === "a person asks") await call("node.reconnect");
      else await client.call("app.wake", { reason: "resume" });
      expect((await state(again(before))).phase).toBe("ready");
    });
  }

  it("is kept when it survived the machine's sleep, and replaced when it carries nothing any more", async () => {
    const { proxy, state, client, logins, event } = await line({ work: quick });
    await state(ready);
    const probed = (one: JournalEvent) => one.type === "command.started" && one.record_key === "probe";
    await client.call("app.wake", { reason: "resume" });
    const probe = await event(probed);
    const ended = await event((one) => one.type === "command.ended", probe);
    expect([ended, logins()]).toEqual([expect.objectContaining({ exit: 0, error: null }), 1]);

    // The line is dead, and nobody says so: a new one goes another way.
    proxy.freeze();
    await client.call("app.wake", { reason: "resume" });
    const lost = await event(({ type }) => type === "connection.lost");
    expect(lost).toMatchObject({ retry_in_ms: 0, error: { code: "connection-lost" } });
    await event(({ type }) => type === "connection.ready", lost);
    expect(logins()).toBe(2);
  });

  it("ends what ran with what is known, and nothing of it lives on", async () => {
    const sleeping: Partial<NodeWork> = {
      async collectNode(transport) {
        const argv = ["sh", "-c", "echo begun; exec sleep 4711"];
        const execution = await transport.exec({ argv, root: true, timeout_ms: 60_000, record_key: "test" });
        execution.stderr.resume();
        execution.stdout.resume();
        await execution.exited;
        return { sections: [], complete: true, noise: "" };
      },
    };
    const { proxy, event, sshd, state } = await line({ work: sleeping });
    const started = await event((one) => one.type === "command.started" && one.record_key === "test");
    const of = (type: JournalEvent["type"]) => (one: JournalEvent) =>
      one.type === type && "command_id" in one && "command_id" in started && one.command_id === started.command_id;
    const output = await event(of("command.output"), started);
    proxy.down();
    const lost = await event(({ type }) => type === "connection.lost", output);
    expect(lost).toMatchObject({ residue: [expect.stringMatching(/running on engineer@.* ends by itself/)] });
    expect(await event(of("command.ended"))).toMatchObject({
      exit: null,
      stdout_bytes: 6,
      error: { code: "connection-lost" },
    });
    expect((await state((now) => now.collect?.state === "failed")).collect?.error).toMatchObject({
      code: "connection-lost",
    });
    const alive = () => sshd.processes().filter((pid) => commandOf(pid).includes("4711"));
    expect(await until(() => alive().length === 0, 30_000)).toBe(true);
  });
});

describe("a login that needs a person", () => {
  const password = async (keep?: "memory") => {
    const one = await line({ key: false, sshd: { methods: ["password"] }, work: quick });
    const { prompt } = await one.state((now) => now.prompt !== null);
    const values = [one.sshd.passwords.engineer];
    await one.answer(prompt?.prompt_id ?? "", { accept: true, values, ...(keep ? { keep } : {}) });
    return { ...one, before: await one.state(ready) };
  };
  const prompts = (now: NodeState) => now.prompt !== null;

  it("comes back without a question when the password was kept", async () => {
    const { proxy, state, before, event } = await password("memory");
    proxy.cut();
    await state(again(before));
    const second = await event(({ type }) => type === "connection.lost");
    expect(await event(({ type }) => ["connection.prompt", "connection.ready"].includes(type), second)).toMatchObject({
      type: "connection.ready",
    });
  });

  it("asks once when it was not, and waits", async () => {
    const { proxy, before, event, answer, sshd, state, logins } = await password();
    proxy.cut();
    const lost = await event(({ type }) => type === "connection.lost");
    const asked = await event(({ type }) => type === "connection.prompt", lost);
    if (asked.type !== "connection.prompt") throw new Error("no question");
    expect([asked.prompt.kind, logins()]).toEqual(["password", 2]);
    await answer(asked.prompt_id, { accept: true, values: [sshd.passwords.engineer] });
    expect(prompts(await state(again(before)))).toBe(false);
    expect(logins()).toBe(2);
  });

  it("does not try again after a question was refused", async () => {
    const { proxy, event, answer, call } = await password();
    proxy.cut();
    const lost = await event(({ type }) => type === "connection.lost");
    const asked = await event(({ type }) => type === "connection.prompt", lost);
    if (asked.type !== "connection.prompt") throw new Error("no question");
    await answer(asked.prompt_id, { accept: false, values: [] });
    const gaveUp = await event(({ type }) => type === "connection.lost", asked);
    expect(gaveUp).toMatchObject({ attempt: 1, retry_in_ms: null });
    // A person's wish asks again.
    await call("node.reconnect");
    expect(await event(({ type }) => type === "connection.prompt", gaveUp)).toMatchObject({
      prompt: { kind: "password" },
    });
  });

  it("stops at a host key that has changed meanwhile, and goes on when a person has replaced it", async () => {
    const { proxy, sshd, event, state, client, session_id, node, call } = await line({ work: quick });
    const before = await state(ready);
    sshd.rotateHostKey();
    proxy.cut();
    const lost = await event(({ type }) => type === "connection.lost");
    expect(await event(({ type }) => type === "connection.lost", lost)).toMatchObject({
      attempt: 1,
      retry_in_ms: null,
      error: { code: "host-key-changed" },
    });
    const refused = await state((now) => waiting(now) && now.error?.code === "host-key-changed");
    expect(refused.prompt).toBe(null);
    const shown = refused.error?.host_key;
    const typed = { confirm: "127.0.0.1", fingerprint: shown?.fingerprint ?? "" };
    await client.call("node.replace_host_key", { session_id, node, ...typed });
    expect(await event(({ type }) => type === "host_key.replaced")).toMatchObject({
      host: `[127.0.0.1]:${sshd.port}`,
      added: { fingerprint: shown?.fingerprint },
    });
    await call("node.reconnect");
    expect((await state(again(before))).phase).toBe("ready");
  });
});

function commandOf(pid: number): string {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return ""; // ended meanwhile
  }
}
