/**
 * bpfdesk itself interrupted while a command of it runs on a node: killed, or suspended for longer than the
 * node waits. What runs there ends, and what bpfdesk knows of it afterwards is true.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { JournalEvent } from "../../electron/core/journal/events.ts";
import { emptySession, foldAll, type SessionState } from "../../electron/core/journal/state.ts";
import { installationOf } from "../../electron/host/installation.ts";
import { ensureApp } from "../support/app.ts";
import { type DesktopHost, startDesktopHost } from "../support/desktop-host.ts";
import { startSshd, type TestSshd } from "../support/sshd.ts";
import { until } from "./node/exec.ts";

/** A program nobody has; the node's bpftool of this test thinks about it for ever. */
const PROG_ID = 4_000_000_007;

let sshd: TestSshd;
let dir: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  await ensureApp();
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "bpfdesk-interrupted-"));
  const bin = path.join(dir, "bin");
  fs.mkdirSync(bin);
  const own = execFileSync("sh", ["-c", "command -v bpftool || command -v /usr/sbin/bpftool"], { encoding: "utf8" });
  const script = `#!/bin/sh\ncase " $* " in *" id ${PROG_ID} "*) exec sleep 600 ;; esac\nexec ${own.trim()} "$@"\n`;
  fs.writeFileSync(path.join(bin, "bpftool"), script, { mode: 0o755 });
  sshd = await startSshd({
    config: [`SetEnv PATH=${bin}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`],
  });
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  }
});
afterAll(async () => {
  await sshd?.stop();
  fs.rmSync(dir, { recursive: true, force: true });
});

interface Host extends DesktopHost {
  session_id: string;
  /** The session once it is so. */
  until(condition: (state: SessionState, event: JournalEvent) => boolean): Promise<SessionState>;
}

async function startHost(dataDir: string): Promise<Host> {
  const host = await startDesktopHost(dir, { dataDir, known_hosts: sshd.knownHosts });
  children.push(host.child);
  const { session_id } = await host.client.call("session.open", {});
  void refuseAll(host, session_id);
  return {
    ...host,
    session_id,
    async until(condition) {
      let state = emptySession;
      for await (const events of host.client.stream("session.events", { session_id, after_seq: 0 })) {
        for (const event of events) {
          state = foldAll(state, [event]);
          if (condition(state, event)) return state;
        }
      }
      throw new Error("the session ended before that");
    },
  };
}

/** Nobody wants to be lent a bpftool. */
async function refuseAll({ client }: DesktopHost, session_id: string): Promise<void> {
  try {
    for await (const events of client.stream("session.events", { session_id, after_seq: 0 })) {
      for (const event of events) {
        if (event.type !== "connection.prompt") continue;
        const { node, prompt_id } = event;
        await client.call("node.answer", { session_id, node, prompt_id, answer: { accept: false } }).catch(() => {});
      }
    }
  } catch {
    // The host is gone.
  }
}

/** A node that was collected, with a command that runs on it until it is ended. */
async function busyNode(host: Host): Promise<{ node: string; asked: Promise<unknown> }> {
  const { client, session_id } = host;
  const target = { kind: "ssh" as const, target: `root@127.0.0.1:${sshd.port}`, identity_file: sshd.keyFile };
  const { node } = await client.call("node.connect", { session_id, target });
  await host.until(({ nodes }) => nodes[node]?.phase === "ready" && nodes[node]?.collect?.state === "finished");
  await host.until((_state, { type }) => type === "residue.baseline");
  const asked = client.call("node.disassemble", { session_id, node, prog_id: PROG_ID }).then(
    () => null,
    (error: { data?: unknown }) => error.data,
  );
  await until(() => sleepers().length === 1, 20_000);
  return { node, asked };
}

const sleepers = () => sshd.processes().filter((pid) => commandOf(pid) === "sleep 600");
/** Everything on the node that says it is of bpfdesk. */
const tagged = () =>
  sshd.processes().filter((pid) => environmentOf(pid).some((line) => line.startsWith("BPFDESK_TAG=")));
const ofDisassembly = ({ text }: { text: string }) => text.includes(String(PROG_ID));

describe("bpfdesk that is killed", () => {
  it("leaves nothing running; started again it says what was interrupted, and finds and stops what is left", async () => {
    const dataDir = path.join(dir, "killed");
    const first = await startHost(dataDir);
    const { node } = await busyNode(first);
    const began = Date.now();
    first.child.kill("SIGKILL");
    expect(await until(() => tagged().length === 0, 30_000)).toBe(true);
    console.log(`killed: the command lived ${Date.now() - began} ms longer`);

    const tag = `bpfdesk.${installationOf(dataDir)}.0123456789ab`;
    const left = await plant(tag);
    const second = await startHost(dataDir);
    expect(second.session_id).toBe(first.session_id);
    const before = await second.until(({ nodes }) => nodes[node]?.phase === "closed");
    expect(before.commands.find(ofDisassembly)).toMatchObject({ exit: null, error: { code: "bpfdesk-stopped" } });

    const { client, session_id } = second;
    await client.call("node.reconnect", { session_id, node });
    // On a machine that others work on too, what is theirs may be found as well.
    const ours = ({ nodes }: SessionState) => nodes[node]?.leftovers.filter(({ whose }) => whose === "ours") ?? [];
    const leftovers = ours(await second.until((state) => ours(state).length > 0));
    expect(leftovers).toEqual([expect.objectContaining({ kind: "process", whose: "ours", tag })]);
    await client.call("node.stop_leftovers", { session_id, node, ids: leftovers.map(({ id }) => id) });
    const stopped = await second.until((_state, { type }) => type === "leftovers.stopped");
    expect(ours(stopped)).toEqual([]);
    await until(() => left.signalCode !== null, 10_000);
    expect(left.signalCode).toBe("SIGTERM");

    await client.call("node.disconnect", { session_id, node });
    const closed = (
      await second.until(({ nodes }, { type }) => type === "connection.closed" && nodes[node]?.error === null)
    ).nodes[node];
    expect(closed).toMatchObject({ residue: [], residue_report: { ours: [], blind: [] } });
  });
});

describe("bpfdesk that is suspended for longer than the node waits", () => {
  it("goes on with the same connection, and says of the command that it was ended there", async () => {
    const host = await startHost(path.join(dir, "suspended"));
    const { node, asked } = await busyNode(host);
    const logins = () => sshd.log().split("Accepted publickey").length;
    const before = logins();
    const began = Date.now();
    host.child.kill("SIGSTOP");
    expect(await until(() => sleepers().length === 0, 40_000)).toBe(true);
    console.log(`suspended: the command lived ${Date.now() - began} ms longer`);
    host.child.kill("SIGCONT");
    host.tell({ type: "wake", reason: "resume" });
    await host.until(({ commands }) => commands.some((one) => ofDisassembly(one) && one.ended_at !== null));
    expect(await asked).toMatchObject({ code: "lease-expired" });
    const { client, session_id } = host;
    await client.call("node.collect", { session_id, node });
    const { nodes } = await host.until(
      (state, { type }) => type === "collect.finished" && state.nodes[node]?.previous !== null,
    );
    expect(nodes[node]).toMatchObject({ error: null, collect: { complete: true } });
    expect(logins()).toBe(before);
    await client.call("node.disconnect", { session_id, node });
  });
});

/** A process on this machine, which is the node, with that tag, as an earlier connection could have left it. */
async function plant(tag: string): Promise<ChildProcess> {
  const env = { PATH: process.env.PATH, BPFDESK_TAG: tag };
  const child = spawn("sleep", ["600"], { env, stdio: "ignore" });
  children.push(child);
  await once(child, "spawn");
  return child;
}

function commandOf(pid: number): string {
  try {
    return fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  } catch {
    return ""; // ended meanwhile
  }
}

function environmentOf(pid: number): string[] {
  try {
    return fs.readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
  } catch {
    return []; // ended meanwhile
  }
}
