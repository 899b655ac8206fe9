/** Runs as a report to hand on, a Markdown file, as the CLI writes it. Pure. */
import type { RunbookRunState } from "../../../electron/core/journal/runbooks.ts";
import type { SessionState } from "../../../electron/core/journal/state.ts";
import { exportRun } from "../../../electron/core/runbook/export.ts";
import { markdownReport } from "../../../electron/core/runbook/report.ts";
import type { RunbookInfo } from "../../../electron/shared/contract.ts";

/** A node of the report; without a run, why there is none. */
export interface ReportedNode {
  node: string;
  label: string;
  run: RunbookRunState | null;
  why: string | null;
}

export interface ReportAbout {
  book: RunbookInfo | undefined;
  /** Of bpfdesk. */
  version: string;
  /** Epoch ms. */
  at: number;
}

export function reportOf(
  nodes: readonly ReportedNode[],
  session: Pick<SessionState, "commands" | "traces" | "collections" | "nodes">,
  { book, version, at }: ReportAbout,
): { name: string; text: string } {
  const id = nodes.find(({ run }) => run)?.run?.book ?? "runbook";
  const head = { title: book?.title ?? id, symptom: book?.symptom ?? "", version, at };
  const reported = nodes.map(({ node, label, run, why }) => ({
    run: run ? exportRun(run, session, { target: label }) : { target: label, error: why ?? "it did not begin" },
    datapath: session.nodes[node]?.datapath ?? null,
  }));
  const text = markdownReport(
    head,
    reported.map(({ run }) => run),
    new Map(reported.map(({ run, datapath }) => [run.target, datapath])),
  );
  const where = nodes.length === 1 ? (nodes[0]?.label ?? "") : `${nodes.length} nodes`;
  return { name: `${`${id} ${where}`.replace(/[^A-Za-z0-9._-]+/g, "-").slice(0, 100)}.md`, text };
}
