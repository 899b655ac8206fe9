/** What the whole host says and asks of a node's SSH server: its keys, its limits, and what is kept of a login. */
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import * as path from "node:path";
import { describe, expect, it } from "vitest";
import type { JournalEvent } from "../../electron/core/journal/events.ts";
import type { NodeState } from "../../electron/core/journal/state.ts";
import { takeInventory } from "../../electron/host/residue/inventory.ts";
import { stopLeftovers } from "../../electron/host/residue/stop.ts";
import { connectWithSecrets } from "../../electron/host/secrets/ask.ts";
import { createSecretStore } from "../../electron/host/secrets/store.ts";
import { type TestService, testService } from "../../electron/host/session/testing/service.ts";
import { connectSsh } from "../../electron/host/ssh/connect.ts";
import { newTag } from "../../electron/host/transport/tag.ts";
import { atEnd, sshd as startedSshd, stopAfterEach } from "../support/ssh-lab.ts";
import type { SshdOptions, TestSshd } from "../support/sshd.ts";

stopAfterEach();

/** Long enough not to be in a file by chance. */
const CODE = "48291657301846";
const BACKENDS = ["ssh2", "openssh"] as const;

interface Opened extends TestService {
  sshd: TestSshd;
  node: string;
  state(condition: (now: NodeState) => boolean): Promise<NodeState>;
  /** All events up to the first that is meant, that one included. */
  eventsTo(meant: (event: JournalEvent) => boolean): Promise<JournalEvent[]>;
}

/** A session that connects to a server of its own, trusting what `known` says. */
async function open(
  options: SshdOptions,
  login: { backend?: "ssh2" | "openssh"; key?: boolean; known?: (sshd: TestSshd) => string },
): Promise<Opened> {
  const sshd = await startedSshd(options);
  const known_hosts = path.join(sshd.dir, "trusted");
  fs.writeFileSync(known_hosts, login.known?.(sshd) ?? sshd.knownHostsLine);
  const config_file = path.join(sshd.dir, "config");
  fs.writeFileSync(config_file, "IdentityAgent none\nIdentityFile none\nGlobalKnownHostsFile none\n");
  const target = `engineer@127.0.0.1:${sshd.port}`;
  const { backend } = login;
  const given = {
    target,
    known_hosts,
    config_file,
    tag: newTag("0123456789ab"),
    ...(backend === undefined ? {} : { backend }),
    ...(login.key === false ? {} : { identity_file: sshd.keyFile }),
  };
  const secrets = createSecretStore();
  const test = await testService({
    ssh: (_chosen, context) =>
      connectWithSecrets((asking) => connectSsh({ ...given, ...asking }), context, secrets, target),
    residue: { takeInventory, stopLeftovers },
  });
  atEnd(() => test.end());
  const node = await test.connect({ kind: "ssh", target });
  return {
    ...test,
    sshd,
    node,
    state: (condition) => test.untilNode(node, condition),
    async eventsTo(meant) {
      const events: JournalEvent[] = [];
      for await (const batch of test.client.stream("session.events", { session_id: test.session_id, after_seq: 0 })) {
        for (const event of batch) {
          events.push(event);
          if (meant(event)) return events;
        }
      }
      throw new Error("the session ended before that");
    },
  };
}

const prompted = (event: JournalEvent) => event.type === "connection.prompt";

describe.each(BACKENDS)("by %s", (backend) => {
  it("a revoked key ends the connection with no question, and no way to go on is offered", async () => {
    const known = ({ hostKeys, knownHostsLine }: TestSshd) =>
      `${knownHostsLine}${hostKeys.map(({ type, blob }) => `@revoked * ${type} ${blob}\n`).join("")}`;
    const { eventsTo, state } = await open({}, { backend, known });
    const events = await eventsTo(({ type }) => type === "connection.failed" || type === "connection.ready");
    expect(events.at(-1)).toMatchObject({
      type: "connection.failed",
      error: { code: "host-key-revoked", phase: "host_key" },
    });
    expect(events.filter(prompted)).toEqual([]);
    // `host_key` is what a replacement is offered by.
    expect((await state((now) => now.phase === "failed")).error?.host_key).toBe(undefined);
  });

  it("with a single session at a time a node is seen, and left as it was found", async () => {
    const { client, session_id, node, eventsTo, state } = await open({ config: ["MaxSessions 1"] }, { backend });
    const ready = await state((now) => now.phase === "ready" && now.collect?.state === "finished" && !!now.baseline);
    expect(ready).toMatchObject({ privileges: "sudo", collect: { complete: true } });
    await client.call("node.disconnect", { session_id, node });
    const events = await eventsTo(({ type }) => type === "connection.closed");
    const report = events.find((event) => event.type === "residue.report");
    expect(report).toMatchObject({ report: { ours: [] } });
    expect(events.at(-1)).toMatchObject({ error: null, residue: [] });
  });

  it("what a person typed is in no event, a question is there once, and an answer only as a fact", async () => {
    const {
      client,
      session_id,
      node,
      sshd,
      eventsTo,
      path: journal,
    } = await open({ methods: ["keyboard-interactive"], otp: CODE }, { backend, key: false });
    const typed = [sshd.passwords.engineer, CODE];
    for (const [index, value] of typed.entries()) {
      const asked = (await eventsTo(nth(index + 1, prompted))).at(-1);
      if (asked?.type !== "connection.prompt") throw new Error("no question");
      const answer = { accept: true, values: [value] };
      await client.call("node.answer", { session_id, node, prompt_id: asked.prompt_id, answer });
    }
    const events = await eventsTo(({ type }) => type === "collect.finished");
    expect(events.filter(prompted)).toHaveLength(2);
    const said = JSON.stringify(events);
    expect(typed.filter((value) => said.includes(value))).toEqual([]);
    const stored = Buffer.concat(files(path.dirname(journal ?? "")).map((file) => fs.readFileSync(file)));
    // The file is looked into, not past.
    expect(stored.includes("keyboard_interactive")).toBe(true);
    expect(typed.filter((value) => stored.includes(value))).toEqual([]);
  });
});

it("a host that is known by its authority only is reached by the system's ssh, which is shown", async () => {
  const dir = fs.mkdtempSync("/tmp/bpfdesk-ca-");
  atEnd(async () => fs.rmSync(dir, { recursive: true }));
  const [authority, key] = ["authority", "host"].map((name) => {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path.join(dir, name)]);
    return path.join(dir, name);
  }) as [string, string];
  execFileSync("ssh-keygen", ["-q", "-s", authority, "-I", "node", "-h", "-n", "127.0.0.1", `${key}.pub`]);
  const config = [`HostKey ${key}`, `HostCertificate ${key}-cert.pub`];
  const known = () => `@cert-authority * ${fs.readFileSync(`${authority}.pub`, "utf8")}`;
  const { eventsTo } = await open({ config }, { known });
  const events = await eventsTo(({ type }) => type === "connection.failed" || type === "connection.ready");
  expect(events.filter(prompted)).toEqual([]);
  expect(events.at(-1)).toMatchObject({
    type: "connection.ready",
    link: { backend: "openssh", why: expect.stringContaining("certificate authority") },
  });
});

function nth(count: number, meant: (event: JournalEvent) => boolean): (event: JournalEvent) => boolean {
  let seen = 0;
  return (event) => meant(event) && ++seen === count;
}

/** The session's file and what lies beside it. */
function files(dir: string): string[] {
  return fs
    .readdirSync(dir)
    .map((name) => path.join(dir, name))
    .filter((file) => fs.statSync(file).isFile());
}
