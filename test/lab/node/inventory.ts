/**
 * What the lab must leave behind: nothing. Two looks, because BPF ids are global and other people's
 * programs come and go on the same machine:
 * - `machineState` is what only the lab touches (its own objects by id, cgroups, files, processes, mounts);
 * - with BPFDESK_LAB_ALONE=1 (and in CI) every program, map, link, interface and qdisc counts.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { buildLab } from "./build.ts";
import { must, run, until } from "./exec.ts";

export interface OwnIds {
  prog: Set<number>;
  map: Set<number>;
  link: Set<number>;
}

/** The whole machine as far as a lab could change it; lines that can be compared. */
export async function machineState(): Promise<string[]> {
  const [ids, ifaces, qdiscs, netns] = await Promise.all([
    must([path.join(buildLab(), "lab-agent"), "--ids"]),
    run(["ip", "-br", "link"]),
    run(["tc", "qdisc", "show"]),
    run(["ip", "netns", "list"]),
  ]);
  return [
    ...ids.trim().split("\n"),
    ...lines(ifaces.stdout, "interface"),
    ...lines(qdiscs.stdout, "qdisc"),
    ...lines(netns.stdout, "netns"),
    ...fs
      .readFileSync("/proc/self/mountinfo", "utf8")
      .trim()
      .split("\n")
      .map((line) => `mount ${line.split(" ")[4]}`),
  ];
}

/** True when every object in it counts, not only the lab's own. */
export const alone = () => process.env.BPFDESK_LAB_ALONE === "1" || process.env.CI === "true";

/** Waits for the kernel to free what the lab loaded (after an RCU grace period) and tells what stays. */
export async function leftovers(own: OwnIds, before: readonly string[]): Promise<string[]> {
  let left: string[] = [];
  await until(async () => {
    left = await look(own, before);
    return left.length === 0;
  }, 10_000);
  return left;
}

async function look(own: OwnIds, before: readonly string[]): Promise<string[]> {
  const now = await machineState();
  if (alone()) {
    const known = new Set(before);
    return now.filter((line) => !known.has(line));
  }
  const ours = new Set(
    (["prog", "map", "link"] as const).flatMap((kind) => [...own[kind]].map((id) => `${kind} ${id}`)),
  );
  return now.filter((line) => ours.has(line));
}

const lines = (text: string, kind: string) =>
  text
    .split("\n")
    .filter(Boolean)
    .map((line) => `${kind} ${line.trim()}`);
