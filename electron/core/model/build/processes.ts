/**
 * Processes of the node as the collector saw them, joined by pid: name, program file, start, network
 * namespace, pod, and the BPF objects each holds open. Processes that ended between two sections are
 * known in part only.
 */
import type { Facts } from "../../facts/facts.ts";
import { type PodCgroup, podOfCgroups } from "../../parsers/lib/pod-cgroup.ts";

export interface Process {
  pid: number;
  comm: string;
  exe: string | null;
  /** Epoch seconds, null when the boot time is not known. */
  started_at: number | null;
  netns: string | null;
  pod: PodCgroup | null;
  kernel_thread: boolean;
}

export interface Processes {
  byPid: ReadonlyMap<number, Process>;
  /** Pids that hold the object open, by kind and id; empty maps when that could not be read. */
  holders: Record<"prog" | "map" | "link", ReadonlyMap<number, number[]>>;
  /** True when descriptors of processes could be listed, so that "nobody holds it" means something. */
  holders_known: boolean;
}

/** Clock ticks a second in /proc/<pid>/stat: USER_HZ, 100 on every architecture Kubernetes runs on. */
const USER_HZ = 100;

export function readProcesses(facts: Facts): Processes {
  const { node } = facts;
  const boot = node["node.kernel"]?.boot_time ?? null;
  const exe = new Map((node["proc.exe"] ?? []).map((row) => [row.pid, row.exe]));
  const netns = new Map((node["proc.netns"] ?? []).map((row) => [row.pid, row.inode]));
  const cgroups = new Map<number, string[]>();
  for (const row of node["proc.cgroup"] ?? []) push(cgroups, row.pid, row.path);

  const byPid = new Map<number, Process>();
  for (const row of node["proc.stat"] ?? []) {
    const ticks = Number(row.starttime);
    byPid.set(row.pid, {
      pid: row.pid,
      comm: row.comm,
      exe: exe.get(row.pid) ?? null,
      started_at: boot === null || !Number.isFinite(ticks) ? null : Math.floor(boot + ticks / USER_HZ),
      netns: netns.get(row.pid) ?? null,
      pod: podOfCgroups(cgroups.get(row.pid) ?? []),
      kernel_thread: row.kernel_thread,
    });
  }
  // Other sections may name processes proc.stat does not: it ran at another moment, or did not arrive.
  for (const pid of [...exe.keys(), ...netns.keys(), ...cgroups.keys()]) {
    if (byPid.has(pid)) continue;
    byPid.set(pid, {
      pid,
      comm: "",
      exe: exe.get(pid) ?? null,
      started_at: null,
      netns: netns.get(pid) ?? null,
      pod: podOfCgroups(cgroups.get(pid) ?? []),
      kernel_thread: false,
    });
  }

  const holders = {
    prog: new Map<number, number[]>(),
    map: new Map<number, number[]>(),
    link: new Map<number, number[]>(),
  };
  for (const row of node["proc.bpf"] ?? []) {
    const id = { prog: row.prog_id, map: row.map_id, link: row.link_id, btf: null }[row.kind];
    if (id === null || row.kind === "btf") continue;
    if (!holders[row.kind].get(id)?.includes(row.pid)) push(holders[row.kind], id, row.pid);
  }
  const state = facts.states.find((one) => one.section === "proc.bpf");
  const asRoot = node["node.kernel"]?.uid === 0;
  return { byPid, holders, holders_known: asRoot && state !== undefined && !state.truncated };
}

/** Inode of the node's own network namespace: as the kernel section says, else that of pid 1. */
export function hostNetnsOf(facts: Facts): string | null {
  const said = facts.node["node.kernel"]?.host_netns ?? null;
  return said ?? facts.node["proc.netns"]?.find((row) => row.pid === 1)?.inode ?? null;
}

/** Cuts the cgroup2 mount point off a path, as `/proc/<pid>/cgroup` writes it. */
export function belowCgroupMount(facts: Facts): (path: string) => string {
  const mount = facts.node["node.kernel"]?.cgroup2_mount ?? "/sys/fs/cgroup";
  return (path) => {
    const rest = path === mount || path.startsWith(`${mount}/`) ? path.slice(mount.length) : path;
    return rest === "" ? "/" : rest;
  };
}

/** Appends to the list of a key. */
export function push<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}
