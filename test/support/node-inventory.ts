/**
 * Everything on a lab node that a visitor could leave behind, as lines that can be compared: processes,
 * BPF objects that something in the node holds, attachments, pins, mounts, files.
 *
 * /tmp is the machine's own there: of it, only names that bpfdesk gives count. What sudo notes about its own
 * users in /run/sudo is sudo's.
 */
import * as fs from "node:fs";
import { must, until } from "../lab/node/exec.ts";
import type { Lab } from "../lab/node/lab.ts";

/** Programs and arguments of the processes in the node's pid namespace, by the machine's pids. */
export function nodeProcesses(lab: Lab): Map<number, string> {
  const namespace = fs.readlinkSync(`/proc/${lab.pid1}/ns/pid`);
  const all = new Map<number, string>();
  for (const pid of fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name)))
    try {
      if (fs.readlinkSync(`/proc/${pid}/ns/pid`) !== namespace) continue;
      if (/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, "utf8"))) continue;
      all.set(Number(pid), fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim());
    } catch {
      // ended meanwhile
    }
  return all;
}

const FILES = `
find /sys/fs/bpf | sort | sed 's/^/pin /'
find /run /var/tmp /dev/shm "$@" -xdev -path /run/sudo -prune -o -print | sort | sed 's/^/file /'
find /tmp -maxdepth 2 -name '.bpfdesk*' | sort | sed 's/^/file /'
cut -d' ' -f1,5 /proc/self/mountinfo | sort | sed 's/^/mount /'
`;

/** Runs with the machine's own tools: a test may have replaced those of the node. */
const NETWORK = `
for d in $(ip -o link | sed 's/^[0-9]*: \\([^:@]*\\).*/\\1/'); do
  tc filter show dev "$d" ingress; tc filter show dev "$d" egress; tc qdisc show dev "$d"; ip link show dev "$d"
done | sed 's/^/net /'
`;

/** `homes` are folders to look through beside the usual ones. */
export async function nodeInventory(lab: Lab, homes: readonly string[] = []): Promise<string[]> {
  const files = await must([...lab.enter, "sh", "-c", FILES, "sh", ...homes]);
  const network = await must(["nsenter", "-t", String(lab.pid1), "-n", "sh", "-c", NETWORK]);
  const processes = [...nodeProcesses(lab)].map(([pid, argv]) => `process ${pid} ${argv}`);
  const held = [...nodeProcesses(lab).keys()].flatMap(heldBy);
  return [...`${files}${network}`.trim().split("\n"), ...processes, ...held].sort();
}

/** BPF objects that a process has open. */
function heldBy(pid: number): string[] {
  try {
    return fs.readdirSync(`/proc/${pid}/fdinfo`).flatMap((fd) => {
      const info = fs.readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8");
      return [...info.matchAll(/^(prog|map|link)_id:\s*(\d+)$/gm)].map(([, kind, id]) => `held ${pid} ${kind} ${id}`);
    });
  } catch {
    return []; // ended meanwhile
  }
}

/** Waits until the node is as it was; returns what is more or less than before when the time is over. */
export async function changesSince(lab: Lab, before: readonly string[], ms: number, homes: readonly string[] = []) {
  let changes: string[] = [];
  await until(async () => {
    const now = await nodeInventory(lab, homes);
    changes = [
      ...now.filter((line) => !before.includes(line)).map((line) => `more: ${line}`),
      ...before.filter((line) => !now.includes(line)).map((line) => `less: ${line}`),
    ];
    return changes.length === 0;
  }, ms);
  return changes;
}
