/** What the benchmarks of the tracers share: traffic in a network namespace of its own, and programs whose lines are timed. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const WAIT_MS = 60_000;
/** lo, and a pair of interfaces with 10.9.0.2 on its other side, where nobody is. */
const NETWORK = [
  "ip link set lo up",
  "ip link add bench0 type veth peer name bench1",
  "ip link set bench0 up && ip link set bench1 up",
  "ip address add 10.9.0.1/24 dev bench0",
  "ip neighbour add 10.9.0.2 lladdr 02:00:00:00:00:02 dev bench0 nud permanent",
  'exec "$@"',
].join(" && ");
const NOBODY = "10.9.0.2";

export type Mode = "closed" | "taken" | "connect" | "unanswered";

export interface Traffic {
  pid: number;
  /** Ends it; how many it made. */
  stop(): Promise<number>;
}

/** A folder for what is compiled; removed by `remove`. */
export function workshop(): { dir: string; compile(source: string): string; remove(): void } {
  const dir = mkdtempSync(join(tmpdir(), "bpfdesk-bench-"));
  return {
    dir,
    compile(source) {
      const program = join(dir, source.split("/").at(-1)?.replace(/\.c$/, "") ?? "program");
      execFileSync("gcc", ["-O2", "-Wall", "-D_GNU_SOURCE", "-pthread", source, "-o", program], {
        cwd: import.meta.dirname,
      });
      return program;
    },
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

export async function startTraffic(program: string, mode: Mode, perSecond: number): Promise<Traffic> {
  const address = mode === "unanswered" ? NOBODY : "127.0.0.1";
  const argv = ["--net", "sh", "-c", NETWORK, "sh", program, mode, `${perSecond}`, address];
  const child = spawn("unshare", argv, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  let sent = Number.NaN;
  lines.on("line", (line) => {
    if (line.startsWith("sent ")) sent = Number(line.slice(5));
  });
  await once(lines, "line");
  return {
    pid: child.pid ?? 0,
    async stop() {
      const closed = once(child, "close");
      child.stdin.end();
      await closed;
      return sent;
    },
  };
}

/** Milliseconds from the start of a program to its first line that fits. The program is ended then. */
export async function firstLine(argv: readonly string[], fits: (line: string) => boolean): Promise<number> {
  const [command = "", ...args] = argv;
  const began = performance.now();
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  child.stderr.on("data", (bytes: Buffer) => {
    said = (said + bytes.toString()).slice(-2000);
  });
  const found = new Promise<number>((resolve, reject) => {
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (fits(line)) resolve(performance.now() - began);
    });
    child.on("error", reject);
    child.on("close", (code) => reject(new Error(`${command} ended with ${code} and no event. ${said}`)));
    setTimeout(() => reject(new Error(`${command} told of no event. ${said}`)), WAIT_MS).unref();
  });
  try {
    return await found;
  } finally {
    await ended(child);
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, "close");
  child.stdin?.end();
  child.kill("SIGINT");
  const timer = setTimeout(() => child.kill("SIGKILL"), WAIT_MS);
  await closed;
  clearTimeout(timer);
}
