/**
 * The findings of many nodes in one table: the same finding on several nodes, or on several pods of one, is
 * one row that names them all.
 */
import { allRules } from "../findings/run.ts";
import type { Datapath, Finding, Severity } from "../model/types.ts";
import { commonSubjects } from "./common-subject.ts";
import { byText } from "./compare-sets.ts";

export interface FleetNode {
  /** The session's id of it. */
  node: string;
  label: string;
  datapath: Datapath;
}

export interface FleetFinding {
  /** Stable while the same finding is there: for lists and selections. */
  key: string;
  /** Id of the rule. */
  id: string;
  title: string;
  severity: Severity;
  /** What it is about, in words that fit all nodes: `pod interfaces egress (out → pod)`. */
  subject: string;
  /** In the order the nodes were given; each with its own findings, at least one. */
  nodes: { node: string; label: string; findings: Finding[] }[];
}

const SEVERITIES: readonly Severity[] = ["critical", "warning", "info"];

/** Worst first, then those on the most nodes. */
export function fleetFindings(nodes: readonly FleetNode[]): FleetFinding[] {
  const titles = new Map(allRules().map(({ id, title }) => [id, title]));
  const rows = new Map<string, FleetFinding>();
  for (const { node, label, datapath } of nodes) {
    const inCommon = commonSubjects(datapath);
    for (const finding of datapath.findings) {
      const { id, severity } = finding;
      const subject = inCommon(finding.subject_name);
      const key = `${severity} ${id} ${subject}`;
      const row = rows.get(key) ?? { key, id, title: titles.get(id) ?? id, severity, subject, nodes: [] };
      rows.set(key, row);
      const last = row.nodes.at(-1);
      if (last?.node === node) last.findings.push(finding);
      else row.nodes.push({ node, label, findings: [finding] });
    }
  }
  return [...rows.values()].sort(
    (a, b) =>
      SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
      b.nodes.length - a.nodes.length ||
      byText(a.subject, b.subject) ||
      byText(a.id, b.id),
  );
}
