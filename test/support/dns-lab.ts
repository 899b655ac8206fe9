/**
 * A network namespace with a DNS server of ours (dns-server.mjs) and ways to ask it. What the server wrote down of each
 * query is what the dns tracer must be compared with. Needs root.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import * as path from "node:path";
import { createInterface } from "node:readline";
import { until } from "../lab/node/exec.ts";

const HERE = import.meta.dirname;
/** Stands for the lab's folder in a command. */
export const CLIENT = "dns-client";

/** What the server got. */
export interface Logged {
  transport: "udp" | "tcp";
  client_port: number;
  id: number;
  name: string | null;
  type: string | null;
}

interface Asked {
  pid: number;
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface DnsLab {
  /** Its inode number. */
  netns: number;
  server_pid: number;
  log: readonly Logged[];
  /** Runs a command beside the server, with it as the system's resolver; in a cgroup (an absolute path) if one is given. */
  ask(command: readonly string[], cgroup?: string): Promise<Asked>;
  /** The same for one that goes on until the end of its standard input or of the lab; a group of processes of its own. */
  start(command: readonly string[], cgroup?: string): ChildProcess;
  stop(): Promise<void>;
}

/** Where cgroup2 is mounted. */
export function cgroup2Mount(): string {
  const line = fs
    .readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .find((text) => text.includes(" - cgroup2 "));
  const mount = line?.split(" ")[4];
  if (mount === undefined) throw new Error("cgroup2 is not mounted.");
  return mount;
}

function compile(dir: string, name: string): string {
  const program = path.join(dir, name);
  const source = path.join(HERE, `${name}.c`);
  execFileSync("gcc", ["-O1", "-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE", "-pthread", source, "-o", program]);
  return program;
}

async function ended(child: ChildProcess): Promise<Asked> {
  let [stdout, stderr] = ["", ""];
  child.stdout?.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { pid: child.pid ?? 0, code, stdout, stderr };
}

/** Ends all that a child of its own group has started. */
export async function endGroup(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const closed = once(child, "close");
  try {
    process.kill(-child.pid, "SIGKILL");
  } catch (error) {
    // It has ended meanwhile.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
  await closed;
}

/** `resolv`: further lines of resolv.conf. */
export async function startDnsLab(resolv: readonly string[] = []): Promise<DnsLab> {
  const dir = fs.mkdtempSync(path.join(tmpdir(), "bpfdesk-dns-"));
  const programs = [CLIENT, "dns-flood"].map((name) => compile(dir, name));
  const lines = ["nameserver 127.0.0.1", "options timeout:20 attempts:1", ...resolv];
  fs.writeFileSync(path.join(dir, "resolv.conf"), `${lines.join("\n")}\n`);
  fs.writeFileSync(path.join(dir, "nsswitch.conf"), "hosts: dns\n");
  const script = [
    "ip link set lo up",
    // Mounted over where the links of /etc lead to.
    ...["resolv.conf", "nsswitch.conf"].map((name) => `mount --bind "$0/${name}" "$(readlink -f /etc/${name})"`),
    `exec "$1" "$2"`,
  ].join(" && ");
  const server = spawn(
    "unshare",
    ["--net", "--mount", "sh", "-c", script, dir, process.execPath, path.join(HERE, "dns-server.mjs")],
    { stdio: ["pipe", "pipe", "inherit"] },
  );
  const pid = server.pid ?? 0;
  const log: Logged[] = [];
  let ready = false;
  createInterface({ input: server.stdout }).on("line", (text) => {
    const line = JSON.parse(text) as Logged | "ready";
    if (line === "ready") ready = true;
    else log.push(line);
  });
  if (!(await until(() => ready || server.exitCode !== null, 60_000)) || !ready) {
    server.kill("SIGKILL");
    throw new Error("The DNS server of the lab did not start.");
  }
  const started: ChildProcess[] = [];
  function argvOf([command = "", ...args]: readonly string[], cgroup?: string): string[] {
    const own = programs.find((program) => path.basename(program) === command);
    const enter = ["nsenter", "-t", `${pid}`, "--net", "--mount", "--", own ?? command, ...args];
    // The process that asks has the number of the one that is started here: each replaces the one before.
    return cgroup === undefined ? enter : ["sh", "-c", 'echo $$ > "$0"/cgroup.procs && exec "$@"', cgroup, ...enter];
  }
  return {
    netns: fs.statSync(`/proc/${pid}/ns/net`).ino,
    server_pid: pid,
    log,
    ask(command, cgroup) {
      const [first = "", ...rest] = argvOf(command, cgroup);
      return ended(spawn(first, rest, { stdio: ["ignore", "pipe", "pipe"] }));
    },
    start(command, cgroup) {
      const [first = "", ...rest] = argvOf(command, cgroup);
      const child = spawn(first, rest, { stdio: ["pipe", "pipe", "inherit"], detached: true });
      started.push(child);
      return child;
    },
    async stop() {
      await Promise.all(started.map(endGroup));
      const closed = once(server, "close");
      server.stdin.end();
      await closed;
      fs.rmSync(dir, { recursive: true, force: true });
    },
  };
}
