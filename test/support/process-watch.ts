/**
 * Watches argv and environment of every process of the machine for planted secrets, on a thread of its own
 * so that short-lived processes are seen while the test does other things.
 */
import { once } from "node:events";
import * as fs from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

export interface ProcessWatch {
  /** Resolves when every process that is there now was looked at. */
  round(): Promise<void>;
  /** Leaks seen so far, as `file of program: label form`, and how many processes were looked at. */
  stop(): Promise<{ leaks: string[]; looked: number }>;
}

interface Sought {
  name: string;
  bytes: Uint8Array;
}

const PAUSE_MS = 5;

export async function watchProcesses(
  needles: readonly { label: string; form: string; bytes: Uint8Array }[],
): Promise<ProcessWatch> {
  const sought = needles.map(({ label, form, bytes }) => ({ name: `${label} ${form}`, bytes }));
  const worker = new Worker(new URL(import.meta.url), { workerData: sought });
  await once(worker, "message");
  return {
    async round() {
      worker.postMessage("round");
      await once(worker, "message");
    },
    async stop() {
      const exited = once(worker, "exit");
      const told = once(worker, "message");
      worker.postMessage("stop");
      const [result] = (await told) as [{ leaks: string[]; looked: number }];
      await exited;
      return result;
    },
  };
}

async function watch(sought: readonly Sought[], port: NonNullable<typeof parentPort>): Promise<void> {
  const needles = sought.map(({ name, bytes }) => ({ name, bytes: Buffer.from(bytes) }));
  const leaks = new Set<string>();
  const seen = new Set<string>();
  let asked: string[] = [];
  port.on("message", (what: string) => asked.push(what));
  port.postMessage("watching");
  for (let over = false; !over; ) {
    const due = asked;
    asked = [];
    for (const pid of fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name))) look(pid);
    over = due.includes("stop");
    if (due.includes("round")) port.postMessage("round");
    await delay(PAUSE_MS);
  }
  port.postMessage({ leaks: [...leaks], looked: seen.size });
  port.unref();

  function look(pid: string): void {
    try {
      const argv = fs.readFileSync(`/proc/${pid}/cmdline`);
      seen.add(`${pid} ${argv.toString("latin1", 0, 200)}`);
      const environ = fs.readFileSync(`/proc/${pid}/environ`);
      for (const [file, bytes] of [
        ["cmdline", argv],
        ["environ", environ],
      ] as const) {
        for (const { name, bytes: one } of needles) {
          if (bytes.includes(one))
            leaks.add(`${file} of ${fs.readFileSync(`/proc/${pid}/comm`, "utf8").trim()}: ${name}`);
        }
      }
    } catch {
      // It ended meanwhile.
    }
  }
}

if (!isMainThread && parentPort && Array.isArray(workerData)) await watch(workerData as Sought[], parentPort);
