/** The processes of the node as they were read before and after the watch: who is whose parent, and how each was started. */

import type { SectionFacts } from "../../../parse.ts";
import { podOfCgroups } from "../../../parsers/lib/pod-cgroup.ts";
import type { Reading } from "../../types.ts";
import { type Place, placeOf } from "./queries.ts";

export interface Process {
  pid: number;
  /** Clock ticks since boot: tells it from a later one with its number. */
  start: string;
  ppid: number;
  comm: string;
  exe: string | null;
  /** What became of its program file, null when that is where it was. */
  gone: "replaced" | "missing" | null;
  /** Masked and cut on the node; null where it has none or none was read. */
  command_line: string | null;
  uid: number | null;
  /** In the innermost pid namespace; null when that is the node's. */
  inner_pid: number | null;
  /** Of all hierarchies. */
  cgroups: string[];
  container_id: string | null;
  /** By its pod's cgroup, of whichever hierarchy; null in no pod. */
  place: Place | null;
  /** Whose output tells of it. */
  command_id: string;
  /** Of the second reading. */
  still_there: boolean;
}

export interface ProcessTable {
  /** Those with that number, the later one first. */
  byPid: ReadonlyMap<number, Process[]>;
  /** Why there is none, or only a part; empty when all were read. */
  problems: string[];
}

/** Deeper is a loop of reused numbers. */
const DEEPEST = 16;

export function readProcessTable(before: readonly Reading[], after: readonly Reading[]): ProcessTable {
  const byPid = new Map<number, Process[]>();
  const latest = snapshot(after, true);
  for (const one of [...latest, ...snapshot(before, false)]) {
    const same = byPid.get(one.pid) ?? [];
    if (!same.some(({ start }) => start === one.start)) byPid.set(one.pid, [...same, one]);
  }
  const problems = [...before, ...after].flatMap(({ section, problem }) =>
    problem !== null && section.startsWith("proc.") ? [`${section}: ${problem}`] : [],
  );
  return { byPid, problems: [...new Set(problems)] };
}

/** The process with that number; `start` null takes the only one there is. */
export function processOf(table: ProcessTable, pid: number, start: string | null): Process | null {
  const found = table.byPid.get(pid) ?? [];
  if (start !== null) return found.find((one) => one.start === start) ?? null;
  return found.length === 1 ? (found[0] ?? null) : null;
}

/** Its parent, that one's parent, … up to the first process; a later process with a parent's number is none. */
export function parentsOfProcess(table: ProcessTable, process: Process): Process[] {
  const chain: Process[] = [];
  let child = process;
  while (chain.length < DEEPEST) {
    const parent = (table.byPid.get(child.ppid) ?? []).find(({ start }) => Number(start) <= Number(child.start));
    if (parent === undefined) break;
    chain.push(parent);
    child = parent;
  }
  return chain;
}

/** All that run in that container, by their start. */
export function processesIn(table: ProcessTable, container_id: string): Process[] {
  return [...table.byPid.values()]
    .flat()
    .filter((one) => one.container_id === container_id)
    .sort((a, b) => Number(a.start) - Number(b.start) || a.pid - b.pid);
}

function snapshot(readings: readonly Reading[], still_there: boolean): Process[] {
  const facts = <S extends keyof SectionFacts>(section: S): SectionFacts[S] | null =>
    (readings.find((one) => one.section === section && one.scope === "node")?.facts as SectionFacts[S]) ?? null;
  const byPid = <T extends { pid: number }>(rows: readonly T[] | null) =>
    new Map((rows ?? []).map((row) => [row.pid, row]));
  const exe = byPid(facts("proc.exe"));
  const gone = byPid(facts("proc.gone"));
  const lines = byPid(facts("proc.cmdline"));
  const uids = byPid(facts("proc.status")?.filter(({ uid }) => uid !== null) ?? null);
  const inner = byPid(facts("proc.status")?.filter(({ depth }) => depth !== null && depth > 1) ?? null);
  const cgroups = new Map<number, string[]>();
  for (const { pid, path } of facts("proc.cgroup") ?? []) {
    const known = cgroups.get(pid);
    if (known) known.push(path);
    else cgroups.set(pid, [path]);
  }
  const command_id = readings.find(({ section }) => section === "proc.stat")?.command_id ?? "";
  return (facts("proc.stat") ?? []).map(({ pid, ppid, starttime, comm }) => {
    const paths = cgroups.get(pid) ?? [];
    const pod = podOfCgroups(paths);
    const removed = gone.get(pid);
    const file = exe.get(pid);
    return {
      pid,
      start: starttime,
      ppid,
      comm,
      exe: file?.exe ?? null,
      gone: removed ? (removed.replaced ? "replaced" : "missing") : file?.deleted ? "missing" : null,
      command_line: lines.get(pid)?.command_line ?? null,
      uid: uids.get(pid)?.uid ?? null,
      inner_pid: inner.get(pid)?.inner_pid ?? null,
      cgroups: paths,
      container_id: pod?.container_id ?? null,
      place:
        pod === null
          ? null
          : placeOf(paths.find((path) => podOfCgroups([path])?.container_id === pod.container_id) ?? ""),
      command_id,
      still_there,
    };
  });
}
