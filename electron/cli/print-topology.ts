/**
 * The picture for a person's terminal: every attachment, interfaces in execution order, then the other
 * lanes. Node text is made visible. Programs' details, maps and links are in `--json` only.
 */
import type { Datapath, Hook, HookEntry, Iface, Program } from "../core/model/types.ts";
import { visibleText } from "../core/text/visible.ts";
import type { Paint } from "./paint.ts";

export function printTopology(datapath: Datapath, p: Paint): string {
  const { node, programs, maps, links, interfaces } = datapath;
  const byId = new Map(programs.map((program) => [program.id, program]));
  const attached = interfaces.filter((iface) => iface.hooks.some((hook) => hook.entries.length > 0));
  const lines = [
    `${p.bold(visibleText(node.hostname))}  ${visibleText([node.kernel, node.machine, node.os].filter(Boolean).join("  "))}`,
    `${count(programs, "program")}, ${count(maps, "map")}, ${count(links, "link")}; programs on ${attached.length} of ${count(interfaces, "interface")}`,
    ...attached.flatMap((iface) => ["", ...ifaceLines(datapath, iface, byId, p)]),
    ...lane("cgroups", cgroupRows(datapath, byId), p),
    ...lane("tracing and other hooks", otherRows(datapath, byId), p),
    "",
    summary(datapath),
  ];
  return `${lines.join("\n")}\n`;
}

function ifaceLines(datapath: Datapath, iface: Iface, programs: ReadonlyMap<number, Program>, p: Paint): string[] {
  const netns = datapath.netns.find(({ inode }) => inode === iface.netns);
  const where = iface.host_netns ? "" : `  in netns ${netns?.name ?? iface.netns}`;
  const pod = podName(datapath, iface.pod);
  return [
    `${p.bold(visibleText(iface.name))}${visibleText(where)}${pod ? visibleText(`  pod ${pod}`) : ""}`,
    ...iface.hooks.filter(({ entries }) => entries.length > 0).flatMap((hook) => hookLines(hook, programs, p)),
  ];
}

function hookLines(hook: Hook, programs: ReadonlyMap<number, Program>, p: Paint): string[] {
  const rows = hook.entries.map((entry) => [
    `${entry.order}.`,
    entry.mechanism,
    programName(entry, programs),
    entry.prog_id === null ? "" : `#${entry.prog_id}`,
    placeOf(entry),
  ]);
  return [
    `  ${visibleText(hook.direction)}`,
    ...aligned(rows).map((line, index) => {
      const entry = hook.entries[index];
      return `    ${line}${entry?.reachable.value === "no" ? `  ${p.alarm("never runs")}` : ""}`;
    }),
  ];
}

function placeOf(entry: HookEntry): string {
  const parts = [
    entry.mode,
    entry.pref === null ? null : `pref ${entry.pref}`,
    entry.handle === null ? null : `handle ${entry.handle}`,
    entry.chain ? `chain ${entry.chain}` : null,
    entry.block ? `block ${entry.block}` : null,
    entry.protocol && entry.protocol !== "all" ? entry.protocol : null,
  ];
  return parts.filter((part) => part !== null).join(" ");
}

function programName(entry: HookEntry, programs: ReadonlyMap<number, Program>): string {
  return (entry.prog_id === null ? "" : programs.get(entry.prog_id)?.name) || entry.attach_name || entry.kind;
}

function cgroupRows(datapath: Datapath, programs: ReadonlyMap<number, Program>): string[][] {
  return datapath.cgroups.map(({ cgroup, attach_type, order, prog_id, pod }) => [
    cgroup === "" ? "/" : cgroup,
    attach_type,
    `${order}.`,
    programs.get(prog_id)?.name || "?",
    `#${prog_id}`,
    podName(datapath, pod) ?? "",
  ]);
}

function otherRows(datapath: Datapath, programs: ReadonlyMap<number, Program>): string[][] {
  return datapath.tracing.map(({ kind, target, prog_id }) => [
    kind,
    target,
    (prog_id === null ? "" : programs.get(prog_id)?.name) || "?",
    prog_id === null ? "" : `#${prog_id}`,
  ]);
}

function podName({ pods }: Datapath, key: string | null): string | null {
  const pod = key === null ? undefined : pods.find((one) => one.key === key);
  return pod ? (pod.name === null ? pod.uid : `${pod.namespace}/${pod.name}`) : null;
}

function lane(title: string, rows: string[][], p: Paint): string[] {
  return rows.length === 0 ? [] : ["", p.bold(title), ...aligned(rows).map((line) => `  ${line}`)];
}

/** Columns as wide as their widest cell, nothing after the last one. */
function aligned(rows: readonly string[][]): string[] {
  const cells = rows.map((row) => row.map((cell) => visibleText(cell)));
  const widths: number[] = [];
  for (const row of cells)
    row.forEach((cell, at) => {
      widths[at] = Math.max(widths[at] ?? 0, cell.length);
    });
  return cells.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

function summary({ findings }: Datapath): string {
  if (findings.length === 0) return "No findings.";
  const of = (["critical", "warning", "info"] as const)
    .map((severity) => ({ severity, n: findings.filter((one) => one.severity === severity).length }))
    .filter(({ n }) => n > 0);
  return `Findings: ${of.map(({ severity, n }) => `${n} ${severity}`).join(", ")} (bpfdesk findings shows them).`;
}

const count = (all: readonly unknown[], what: string) => `${all.length} ${what}${all.length === 1 ? "" : "s"}`;
