/**
 * The picture and the findings for a person's terminal. `--json` does not come here.
 * Node text is made visible; colour is decoration only.
 */
import type { Datapath, Finding, Hook, Program } from "../core/model/types.ts";
import { visibleText } from "../core/text/visible.ts";

export interface Paint {
  bold(text: string): string;
  dim(text: string): string;
  severity(severity: Finding["severity"], text: string): string;
}

const codes = { critical: 31, warning: 33, info: 36 } as const;

/** Escape sequences, or nothing at all. */
export function paint(color: boolean): Paint {
  const wrap = (code: number) => (text: string) => (color ? `\x1b[${code}m${text}\x1b[0m` : text);
  return { bold: wrap(1), dim: wrap(2), severity: (severity, text) => wrap(codes[severity])(text) };
}

/** One block a finding: severity, subject, meaning, evidence. */
export function printFindings(findings: readonly Finding[], p: Paint): string {
  if (findings.length === 0) return "Nothing found.\n";
  return findings
    .map((finding) =>
      [
        `${p.severity(finding.severity, finding.severity.toUpperCase())} ${p.bold(visibleText(finding.subject_name))}  ${p.dim(finding.id)}`,
        `  ${visibleText(finding.meaning)}`,
        ...finding.evidence.map((line) => `  - ${visibleText(line)}`),
      ].join("\n"),
    )
    .join("\n\n")
    .concat("\n");
}

/** Interfaces with something attached, each hook in execution order; then the other lanes as counts. */
export function printTopology(datapath: Datapath, p: Paint): string {
  const programs = new Map(datapath.programs.map((program) => [program.id, program]));
  const pods = new Map(datapath.pods.map((pod) => [pod.key, pod]));
  const lines = [
    `${p.bold(visibleText(datapath.node.hostname))}  ${visibleText(datapath.node.kernel)}  ${datapath.programs.length} programs, ${datapath.maps.length} maps, ${datapath.interfaces.length} interfaces`,
  ];
  for (const iface of datapath.interfaces) {
    const hooks = iface.hooks.filter((hook) => hook.entries.length > 0);
    if (hooks.length === 0) continue;
    const pod = iface.pod ? pods.get(iface.pod) : undefined;
    const label = pod ? `  pod ${pod.namespace ?? "?"}/${pod.name ?? pod.uid}` : "";
    lines.push("", `${p.bold(visibleText(iface.name))}${visibleText(label)}`);
    for (const hook of hooks) lines.push(...hookLines(hook, programs, p));
  }
  const unattached = datapath.interfaces.filter((iface) => iface.hooks.every((hook) => hook.entries.length === 0));
  lines.push(
    "",
    `${unattached.length} interfaces with nothing attached, ${datapath.cgroups.length} cgroup and ${datapath.tracing.length} other attachments`,
  );
  return `${lines.join("\n")}\n`;
}

function hookLines(hook: Hook, programs: ReadonlyMap<number, Program>, p: Paint): string[] {
  const rows = hook.entries.map((entry) => {
    const program = entry.prog_id === null ? undefined : programs.get(entry.prog_id);
    const place = [
      entry.mode,
      entry.pref === null ? null : `pref ${entry.pref}`,
      entry.handle === null ? null : `handle ${entry.handle}`,
      entry.chain ? `chain ${entry.chain}` : null,
    ].filter(Boolean);
    const never = entry.reachable.value === "no" ? "  NEVER RUNS" : "";
    const name = program?.name || entry.attach_name || entry.kind;
    const id = entry.prog_id === null ? "" : ` #${entry.prog_id}`;
    return `    ${entry.order}. ${entry.mechanism.padEnd(6)} ${visibleText(name)}${id}  ${p.dim(place.join(" "))}${never}`;
  });
  return [`  ${hook.direction}`, ...rows];
}
