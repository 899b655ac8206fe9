/** What a runbook found, for a person's terminal: worst first, each with what it rests on. Node text is made visible. */

import type { RunComparison } from "../core/runbook/compare.ts";
import type { ExportedRun, ExportedVerdict } from "../core/runbook/export.ts";
import { byVerdict, VERDICT_WORDS } from "../core/runbook/report.ts";
import type { VerdictWord } from "../core/runbook/types.ts";
import { visibleText as text } from "../core/text/visible.ts";
import type { Paint } from "./paint.ts";

const SEVERITY: Readonly<Record<VerdictWord, "critical" | "warning" | "info">> = {
  confirmed: "critical",
  likely: "warning",
  cannot_tell: "info",
  ruled_out: "info",
};

export function printRun(run: ExportedRun, p: Paint): string {
  const blocks = [
    ...(run.outcome === "finished"
      ? []
      : [p.alarm(`The run did not come to its end (${run.outcome}): there may be more.`)]),
    ...(run.verdicts.length === 0 ? ["Nothing was concluded."] : byVerdict(run.verdicts).map((one) => block(one, p))),
    ...(run.compared ? [compared(run.compared, p)] : []),
    ...(run.left_out.length > 0
      ? [[p.bold("Left out"), ...run.left_out.map(({ step, why }) => text(`  ${step}: ${why}`))].join("\n")]
      : []),
  ];
  return `${blocks.join("\n\n")}\n`;
}

function block({ verdict, subject, kind, meaning, evidence, missing, proposal }: ExportedVerdict, p: Paint): string {
  return [
    `${p.severity(SEVERITY[verdict], VERDICT_WORDS[verdict].toUpperCase())} ${p.bold(text(subject))}  ${p.dim(text(kind))}`,
    `  ${text(meaning)}`,
    ...evidence.map((one) => `  - ${text(one.text)}`),
    ...missing.map((one) => `  ? ${text(one)}`),
    ...(proposal ? [`  > ${text(proposal.text)}`, ...more(proposal)] : []),
  ].join("\n");
}

function more(proposal: NonNullable<ExportedVerdict["proposal"]>): string[] {
  if (proposal.kind === "open") {
    const inputs = Object.entries(proposal.inputs).map(([name, value]) => ` --input ${name}=${value}`);
    return [text(`    bpfdesk runbook ${proposal.book} <target>${inputs.join("")}`)];
  }
  if (proposal.kind !== "detach") return [];
  const { plan, problem } = proposal;
  if (!plan) return problem ? [text(`    No plan could be made: ${problem}`)] : [];
  return [
    `    plan ${plan.plan_id}: ${plan.command}`,
    `    affects ${plan.affects.hook}${plan.affects.pod ? `, pod ${plan.affects.pod}` : ""}`,
    `    owner: ${plan.owner.text}; ${plan.owner.will_probably}`,
    ...plan.risks.map((risk) => `    risk: ${risk.text}`),
    `    undo: ${plan.undo}`,
    `    --apply ${plan.plan_id} to make the change, after you have approved it`,
  ].map((line) => text(line));
}

function compared({ appeared, gone, changed, same }: RunComparison, p: Paint): string {
  return [
    p.bold("Compared with the earlier run"),
    ...appeared.map((one) => text(`  + ${one.subject}: ${one.verdict} (${one.kind})`)),
    ...gone.map((one) => text(`  - ${one.subject}: was ${one.verdict} (${one.kind})`)),
    ...changed.map(({ subject, before, after }) =>
      text(`  ~ ${subject}: was ${before.verdict} (${before.kind}), now ${after.verdict} (${after.kind})`),
    ),
    `  as before: ${same}`,
  ].join("\n");
}
