/** What is known about the node itself: kernel, tools, mounts of the bpf filesystem, agents, counters. */
import type { Facts } from "../../facts/facts.ts";
import type { MountRow } from "../../parsers/node.mounts.ts";
import type { Agent, BpfMount, NodeInfo } from "../types.ts";
import { familyOfProcess } from "./families.ts";
import { podKey } from "./keys.ts";
import type { Pods } from "./pods.ts";
import { hostNetnsOf, type Processes } from "./processes.ts";

export function readNode(facts: Facts, processes: Processes, pods: Pods): NodeInfo {
  const kernel = facts.node["node.kernel"];
  const os = facts.node["node.os"];
  return {
    hostname: kernel?.hostname ?? "",
    kernel: kernel?.release ?? "",
    kernel_version: kernel?.version ?? "",
    machine: kernel?.machine ?? "",
    os: os?.pretty_name ?? os?.name ?? "",
    collected_at: kernel?.now ?? null,
    boot_time: kernel?.boot_time ?? null,
    user: kernel?.user ?? "",
    root: kernel?.uid === 0,
    cpus: kernel?.cpus ?? null,
    btf: kernel?.btf ?? null,
    jit: kernel?.jit_enable ?? null,
    bpf_stats_enabled: kernel?.bpf_stats_enabled ?? null,
    lockdown: kernel?.lockdown ?? null,
    lsm: kernel?.lsm ?? [],
    cgroup_mode: kernel?.cgroup_mode ?? null,
    host_netns: hostNetnsOf(facts) ?? "host",
    tools: (facts.node["node.tools"] ?? []).map(({ name, path, version_line, version }) => ({
      name,
      path,
      version: version_line ?? version,
    })),
    bpf_mounts: bpfMounts(facts.node["node.mounts"] ?? []),
    agents: agents(processes, pods),
    counters: counters(facts),
  };
}

function agents(processes: Processes, pods: Pods): Agent[] {
  const found: Agent[] = [];
  for (const process of processes.byPid.values()) {
    if (process.kernel_thread) continue;
    const family = familyOfProcess(process.comm, process.exe);
    // systemd runs one manager per user; only the first process manages the node.
    if (family === null || (family.family === "systemd" && process.pid !== 1)) continue;
    const pod = process.pod === null ? undefined : pods.byKey.get(podKey(process.pod.uid));
    found.push({
      family: family.family,
      comm: process.comm,
      pid: process.pid,
      exe: process.exe,
      pod: pod?.key ?? null,
      started_at: process.started_at,
      evidence: family.because,
    });
  }
  return found.sort((a, b) => a.family.localeCompare(b.family) || a.pid - b.pid);
}

/** Mounts of the bpf filesystem in the order of mountinfo, and whether a path lookup can still reach each. */
function bpfMounts(rows: readonly MountRow[]): BpfMount[] {
  const byId = new Map(rows.map((row) => [row.mount_id, row]));
  return rows
    .filter((row) => row.fs_type === "bpf")
    .map((row) => ({
      mount_point: row.mount_point,
      mount_id: row.mount_id,
      parent_id: row.parent_id,
      shadowed: isCovered(row, rows, byId),
      device: row.device,
    }));
}

/**
 * A mount is covered when another sits on the mount it hangs on, at its mount point or above it: a mount
 * made later hides what was there, and hangs on whatever was on top then. Checked on every mount between
 * this one and the root.
 */
function isCovered(mount: MountRow, rows: readonly MountRow[], byId: ReadonlyMap<number, MountRow>): boolean {
  const onTop = rows.some((other) => other.parent_id === mount.mount_id && other.mount_point === mount.mount_point);
  if (onTop) return true;
  const visited = new Set<number>();
  for (let step: MountRow | undefined = mount; step !== undefined && !visited.has(step.mount_id); ) {
    const { mount_id, parent_id, mount_point } = step;
    visited.add(mount_id);
    const hides = rows.some(
      (other) =>
        other.parent_id === parent_id && other.mount_id !== mount_id && isAbove(other.mount_point, mount_point),
    );
    if (hides) return true;
    step = byId.get(parent_id);
  }
  return false;
}

function isAbove(upper: string, path: string): boolean {
  return path !== upper && path.startsWith(upper.endsWith("/") ? upper : `${upper}/`);
}

function counters(facts: Facts): NodeInfo["counters"] {
  const { node } = facts;
  const list = [...(node["counters.snmp"] ?? []), ...(node["counters.netstat"] ?? [])].map(
    ({ group, name, value }) => ({
      group,
      name,
      value,
    }),
  );
  for (const [index, row] of (node["counters.softnet"] ?? []).entries()) {
    const group = `softnet cpu${row.cpu ?? index}`;
    for (const name of ["processed", "dropped", "time_squeeze"] as const) {
      list.push({ group, name, value: String(row[name]) });
    }
  }
  for (const row of node["counters.conntrack"] ?? []) {
    const group = row.cpu === null ? "conntrack" : `conntrack cpu${row.cpu}`;
    for (const { name, value } of row.counters) list.push({ group, name, value });
  }
  return list;
}
