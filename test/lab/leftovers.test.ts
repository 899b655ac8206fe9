/**
 * How long a command lives on after the ways in which bpfdesk can go away: killed, cut off, suspended, and the
 * same for its sshd. A real sshd, a real guard; prints how long each leftover lived.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { guardArgv, RENEW } from "../../electron/host/transport/guard.ts";
import { quoteArgv } from "../../electron/host/transport/quote.ts";
import { newTag, randomId } from "../../electron/host/transport/tag.ts";
import { connected } from "../support/ssh-connect.ts";
import { startSshd, type TestSshd } from "../support/sshd.ts";
import { startProxy, type TcpProxy } from "../support/tcp-proxy.ts";

const HOLDER = path.resolve(import.meta.dirname, "../support/hold-connection.ts");
/** Makes groups of its own, ignores TERM in one of them, and never ends. */
const COMMAND = ["sh", "-c", "(trap '' TERM; timeout 600 sleep 600; sleep 600) 2>/dev/null & echo up; sleep 600"];
const SHORT_S = 3;
const DEFAULT_S = 15;
/** Of a loaded machine: stopping takes the guard under a second. */
const SLACK_S = 15;

let plain: TestSshd;
/** sudo puts a terminal of its own around each command. */
let withPty: TestSshd;
const lived: { what: string; how: string; lease: string; seconds: string }[] = [];

beforeAll(async () => {
  [plain, withPty] = await Promise.all([startSshd(), startSshd({ sudoers: ["Defaults use_pty"] })]);
});
afterAll(async () => {
  console.log(
    ["how long a command lived on:", ...lived.map((row) => `  ${Object.values(row).join("  ")}`).sort()].join("\n"),
  );
  await Promise.all([plain?.stop(), withPty?.stop()]);
});

interface Held {
  app: ChildProcess;
  line: TcpProxy;
  tag: string;
  /** The sshd that serves the command. */
  sshd: number;
}

interface Way {
  title: string;
  user: "root" | "engineer";
  server(): TestSshd;
}
const ROOT: Way = { title: "root", user: "root", server: () => plain };
const SUDO: Way = { title: "sudo", user: "engineer", server: () => plain };
const SUDO_PTY: Way = { title: "sudo with a terminal", user: "engineer", server: () => withPty };

interface Fate {
  title: string;
  ways: Way[];
  /** Null: nobody has to wait for it, because the line's end is seen. */
  lease_s: number | null;
  happens(held: Held): void;
}

const FATES: Fate[] = [
  // The longest first: they run side by side.
  { title: "the network is cut", ways: [SUDO], lease_s: DEFAULT_S, happens: ({ line }) => line.stall() },
  {
    title: "bpfdesk is killed",
    ways: [ROOT, SUDO, SUDO_PTY],
    lease_s: null,
    happens: ({ app }) => app.kill("SIGKILL"),
  },
  { title: "the network is cut", ways: [ROOT, SUDO], lease_s: SHORT_S, happens: ({ line }) => line.stall() },
  { title: "bpfdesk is suspended", ways: [ROOT, SUDO], lease_s: SHORT_S, happens: ({ app }) => app.kill("SIGSTOP") },
  {
    title: "its sshd is killed",
    ways: [ROOT, SUDO, SUDO_PTY],
    lease_s: null,
    happens: ({ sshd }) => process.kill(sshd, "SIGKILL"),
  },
  {
    title: "its sshd is suspended",
    ways: [ROOT, SUDO, SUDO_PTY],
    lease_s: SHORT_S,
    happens: ({ sshd }) => process.kill(sshd, "SIGSTOP"),
  },
];

const CASES = FATES.flatMap((fate) =>
  fate.ways.map((way) => ({
    fate,
    way,
    title: `${fate.title}, as ${way.title}, lease ${fate.lease_s ?? DEFAULT_S} s`,
  })),
);

describe("nothing of a command is left within its lease", () => {
  it.concurrent.each(CASES)("when $title", async ({ fate, way }) => {
    const held = await hold(way, fate.lease_s ?? DEFAULT_S);
    try {
      const began = performance.now();
      fate.happens(held);
      const seconds = await until(() => tagged(held.tag).length === 0, ((fate.lease_s ?? 0) + SLACK_S) * 1000, began);
      const lease = fate.lease_s === null ? "line's end seen" : `lease ${fate.lease_s} s`;
      lived.push({ what: fate.title.padEnd(22), how: way.title.padEnd(21), lease: lease.padEnd(16), seconds });
    } finally {
      await letGo(held);
    }
  });
});

describe("a command", () => {
  it.concurrent.each([ROOT, SUDO])("has the tag in the environment of all its processes, as $title", async (way) => {
    const held = await hold(way, DEFAULT_S);
    try {
      // Processes come and go: those without a tag must have gone when they are looked at again.
      const untagged = () => descendants(held.sshd).filter((pid) => !tagged(held.tag).includes(pid));
      await until(() => descendants(held.sshd).length >= 8 && untagged().length === 0, 20_000);
    } finally {
      await letGo(held);
    }
  });

  it("ends at its limit alone, though its lease is renewed and the line is open", async () => {
    const tag = newTag(randomId());
    const guard = { token: "START", tag, stdin_bytes: null, limit_s: 2, lease_s: 60 };
    const line = quoteArgv(["sudo", "-n", "--", ...guardArgv(COMMAND, guard)]);
    const ssh = spawn("ssh", [...sshOptions(plain), "engineer@127.0.0.1", line], { stdio: "pipe" });
    const renewals = setInterval(() => ssh.stdin.write(RENEW), 200);
    let stderr = "";
    ssh.stderr.on("data", (bytes: Buffer) => {
      stderr += bytes.toString();
    });
    await once(ssh.stdout, "data");
    const began = performance.now();
    await once(ssh, "close").finally(() => clearInterval(renewals));
    const seconds = await until(() => tagged(tag).length === 0, 5000, began);
    lived.push({ what: "nothing else happens  ", how: "sudo                 ", lease: "limit 2 s       ", seconds });
    expect(stderr).toContain("START ended limit\n");
  });

  it("is told to have been ended by the node, when bpfdesk wakes too late", async () => {
    const transport = await connected(plain, { user: "engineer", lease_s: 1 });
    const execution = await transport.exec({ argv: COMMAND, root: true, timeout_ms: 60_000, record_key: "test" });
    await once(execution.stdout, "data");
    execution.stdout.resume();
    // This process does nothing for as long as a suspended one would.
    const wake = performance.now() + 3000;
    while (performance.now() < wake);
    await expect(execution.exited).rejects.toMatchObject({ data: { code: "lease-expired" } });
    await transport.close();
  });
});

/** A process of its own that holds a connection through a proxy and runs the command; it has begun. */
async function hold({ user, server }: Way, lease_s: number): Promise<Held> {
  const sshd = server();
  const line = await startProxy({ target: sshd });
  const tag = newTag(randomId());
  const config_file = path.join(sshd.dir, `config-${tag}`);
  fs.writeFileSync(config_file, `HostKeyAlias [127.0.0.1]:${sshd.port}\nIdentityAgent none\nIdentityFile none\n`);
  const target = `${user}@127.0.0.1:${line.port}`;
  const options = { target, identity_file: sshd.keyFile, known_hosts: sshd.knownHosts, config_file, tag, lease_s };
  const app = spawn(process.execPath, [HOLDER, JSON.stringify(options), JSON.stringify(COMMAND)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await Promise.race([
    once(app.stdout, "data"),
    once(app, "exit").then(() => Promise.reject(new Error("the process that holds the connection ended"))),
  ]);
  await until(() => tagged(tag).length >= 8, 20_000);
  return { app, line, tag, sshd: servedBy(tagged(tag)) };
}

async function letGo({ app, line, sshd }: Held): Promise<void> {
  for (const pid of [app.pid, sshd]) {
    try {
      if (pid !== undefined) process.kill(pid, "SIGKILL");
    } catch {
      // It is gone already.
    }
  }
  if (app.exitCode === null && app.signalCode === null) await once(app, "exit");
  await line.stop();
}

/** Resolves with the seconds since `began` when it is so; rejects when it is not in time. */
async function until(condition: () => boolean, limit_ms: number, began = performance.now()): Promise<string> {
  while (!condition()) {
    if (performance.now() - began > limit_ms) throw new Error(`not so after ${limit_ms} ms: ${condition}`);
    await delay(20);
  }
  return ((performance.now() - began) / 1000).toFixed(2).padStart(6);
}

function read(pid: number, file: string): string {
  try {
    return fs.readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    return ""; // it has ended
  }
}

const pids = (): number[] => fs.readdirSync("/proc").map(Number).filter(Number.isInteger);
const tagged = (tag: string): number[] => pids().filter((pid) => read(pid, "environ").includes(`BPFDESK_TAG=${tag}\0`));
const parentOf = (pid: number): number => Number(/\) . (\d+) [^)]*$/.exec(read(pid, "stat"))?.[1]);

/** The sshd that the oldest of them was started by. */
function servedBy(processes: number[]): number {
  for (let pid = processes[0] ?? 0; pid > 1; pid = parentOf(pid)) {
    if (read(pid, "comm").startsWith("sshd")) return pid;
  }
  throw new Error("no sshd serves the command");
}

function descendants(of: number): number[] {
  const children = pids().filter((pid) => parentOf(pid) === of);
  return children.flatMap((pid) => [pid, ...descendants(pid)]);
}

function sshOptions(server: TestSshd): string[] {
  const options = [
    "IdentityAgent=none",
    `UserKnownHostsFile=${server.knownHosts}`,
    "GlobalKnownHostsFile=none",
    "BatchMode=yes",
  ];
  return ["-F", "none", "-p", String(server.port), "-i", server.keyFile, ...options.flatMap((one) => ["-o", one])];
}
