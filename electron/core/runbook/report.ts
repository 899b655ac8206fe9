/** Runs as a Markdown report to hand on: verdicts, what they rest on, the exact commands. Node text stays text. */
import type { Datapath } from "../model/types.ts";
import { markdownCode, markdownText as text } from "../text/markdown.ts";
import { WORST_FIRST } from "./batch.ts";
import type { RunComparison } from "./compare.ts";
import type { ExportedRun, ExportedVerdict } from "./export.ts";
import { reportSummary } from "./report-summary.ts";
import type { RunbookVerdict, VerdictWord } from "./types.ts";

export const VERDICT_WORDS: Readonly<Record<VerdictWord, string>> = {
  confirmed: "Confirmed",
  likely: "Likely",
  ruled_out: "Ruled out",
  cannot_tell: "Cannot tell",
};

export function byVerdict<T extends Pick<RunbookVerdict, "verdict">>(verdicts: readonly T[]): T[] {
  return verdicts.toSorted((a, b) => WORST_FIRST.indexOf(a.verdict) - WORST_FIRST.indexOf(b.verdict));
}

/** The collector's script is as long as a small book; a report shows where it begins. */
const LONGEST_COMMAND = 2000;

export interface ReportHead {
  /** Of the book. */
  title: string;
  symptom: string;
  version: string;
  /** Epoch ms. */
  at: number;
}

/** A target that could not be looked at has an error instead. */
export type Reported = ExportedRun | { target: string; error: string };

/** `pictures` by target tell what is the same on several nodes; a report of one has no use for them. */
export function markdownReport(
  head: ReportHead,
  runs: readonly Reported[],
  pictures: ReadonlyMap<string, Datapath | null> = new Map(),
): string {
  const blocks = [
    `# ${text(head.title)}`,
    `> ${text(head.symptom)}`,
    `${new Date(head.at).toISOString()}, bpfdesk ${head.version}.`,
    ...(runs.length > 1 ? reportSummary(runs, VERDICT_WORDS, pictures) : []),
    ...runs.flatMap(ofTarget),
  ];
  return `${blocks.join("\n\n")}\n`;
}

function ofTarget(run: Reported): string[] {
  const heading = `## ${text(run.target)}`;
  if ("error" in run) return [heading, `It could not be looked at: ${text(run.error)}`];
  const inputs = Object.entries(run.inputs).map(([name, value]) => `${text(name)} ${text(value)}`);
  return [
    heading,
    ...(inputs.length > 0 ? [`Inputs: ${inputs.join(", ")}.`] : []),
    ...(run.outcome === "finished" ? [] : [`**The run did not come to its end (${run.outcome}): there may be more.**`]),
    ...(run.verdicts.length === 0
      ? ["Nothing was concluded."]
      : byVerdict(run.verdicts).flatMap((one) => ofVerdict(one, run))),
    ...(run.compared ? comparison(run.compared) : []),
    ...(run.left_out.length > 0
      ? ["### Left out", run.left_out.map(({ step, why }) => `- ${text(step)}: ${text(why)}`).join("\n")]
      : []),
    ...commands(run),
  ];
}

function ofVerdict(verdict: ExportedVerdict, run: ExportedRun): string[] {
  const { subject, kind, meaning, evidence, missing, proposal } = verdict;
  return [
    `### ${VERDICT_WORDS[verdict.verdict]}: ${text(subject)}`,
    `${text(meaning)} (${text(kind)})`,
    ...(evidence.length > 0
      ? [evidence.map((one) => `- ${text(one.text)}${reference(one.source, run)}`).join("\n")]
      : []),
    ...(missing.length > 0 ? [`What would tell:\n\n${missing.map((one) => `- ${text(one)}`).join("\n")}`] : []),
    ...(proposal ? [`Proposal: ${text(proposal.text)}`, ...planOf(proposal)] : []),
  ];
}

function reference(source: ExportedVerdict["evidence"][number]["source"], { collected_by }: ExportedRun): string {
  switch (source.kind) {
    case "command":
      return ` \\[${text(source.command_id)}\\]`;
    case "trace":
      return ` \\[${text(source.trace_id)}, ${text(source.record)}${source.filter ? `, ${text(source.filter)}` : ""}\\]`;
    case "thing":
      return collected_by.length > 0 ? ` \\[${text(collected_by.join(", "))}\\]` : "";
    case "answer":
      return ` \\[answered in ${text(source.step)}\\]`;
  }
}

function planOf(proposal: NonNullable<ExportedVerdict["proposal"]>): string[] {
  if (proposal.kind === "open") {
    const inputs = Object.entries(proposal.inputs).map(([name, value]) => `--input ${name}=${value}`);
    return [markdownCode(["bpfdesk runbook", proposal.book, "<target>", ...inputs].join(" "))];
  }
  if (proposal.kind !== "detach") return [];
  const { plan, problem } = proposal;
  if (!plan) return problem ? [`No plan: ${text(problem)}`] : [];
  return [
    markdownCode(plan.command),
    [
      `- Plan: ${text(plan.plan_id)}`,
      `- Affects: ${text(plan.affects.hook)}${plan.affects.pod ? `, pod ${text(plan.affects.pod)}` : ""}`,
      `- Owner: ${text(plan.owner.text)}; ${text(plan.owner.will_probably)}`,
      ...plan.risks.map((risk) => `- Risk: ${text(risk.text)}`),
      `- Undo: ${text(plan.undo)}`,
      `- Verification: ${text(plan.verification)}`,
    ].join("\n"),
  ];
}

function comparison({ appeared, gone, changed, same }: RunComparison): string[] {
  const lines = [
    ...appeared.map((one) => `- New: ${text(one.subject)} (${one.verdict}, ${text(one.kind)})`),
    ...gone.map((one) => `- Gone: ${text(one.subject)} (was ${one.verdict}, ${text(one.kind)})`),
    ...changed.map(
      ({ subject, before, after }) =>
        `- Changed: ${text(subject)} (was ${before.verdict}, ${text(before.kind)}; now ${after.verdict}, ${text(after.kind)})`,
    ),
    `- As before: ${same}`,
  ];
  return ["### Compared with the earlier run", lines.join("\n")];
}

function commands(run: ExportedRun): string[] {
  const all = Object.entries(run.commands);
  if (all.length === 0) return [];
  return [
    "### Commands",
    ...all.flatMap(([id, { purpose, shell_line, exit }]) => {
      const ended = exit === null ? "" : `, exit code ${exit}`;
      return [`**${text(id)}** ${text(purpose)}${ended}`, markdownCode(shortened(shell_line))];
    }),
  ];
}

function shortened(line: string): string {
  if (line.length <= LONGEST_COMMAND) return line;
  return `${line.slice(0, LONGEST_COMMAND)}\n… (${line.length} characters in all; the whole is in the output of --json and in the session's file)`;
}
