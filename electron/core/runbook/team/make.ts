/** A runbook out of a team's file that was checked: the same steps, made of its conditions. */
import { findAttachment } from "../../change/attachment.ts";
import { BpfdeskError } from "../../errors.ts";
import type { Finding } from "../../model/types.ts";
import { namesOfFinding } from "../suggest.ts";
import type { MeasurePlan, Proposal, Runbook, RunbookVerdict, RunState, Step } from "../types.ts";
import { judgeAll } from "./conditions.ts";
import type { TeamBook, TeamStep, TeamVerdict } from "./schema.ts";
import { filled, type Words } from "./template.ts";

/** Of one rule that is applied to each finding. */
const MANY = 200;
const DEFAULT_S = 30;

export function makeBook(book: TeamBook): Runbook {
  const { id, title, symptom, when_to_use, runs, suggested_by } = book;
  return {
    ...{ id, title, symptom, when_to_use, runs, suggested_by },
    inputs: book.inputs.map(({ default: fallback, ...input }) =>
      fallback === undefined ? input : { ...input, default: fallback },
    ),
    steps: book.steps.map(makeStep),
  };
}

function makeStep(step: TeamStep): Step {
  const { id, title, text, when } = step;
  const base = {
    ...{ id, title, text },
    ...(when === undefined ? {} : { when: (state: RunState) => whether(when, state) }),
  };
  switch (step.kind) {
    case "collect":
      return { ...base, kind: "collect", sections: step.sections };
    case "measure":
      return { ...base, kind: "measure", plan: (state) => planOf(step, state) };
    case "examine":
      return { ...base, kind: "examine", examine: (state) => verdictsOf(step.verdicts, state) };
    case "ask":
      return {
        ...base,
        kind: "ask",
        ask: (state) => ({ question: filled(step.question, state.inputs), answers: step.answers }),
      };
    case "propose":
      return { ...base, kind: "propose", propose: (state) => verdictsOf(step.verdicts, state) };
    case "verify":
      return {
        ...{ ...base, kind: "verify", plan: (state) => planOf(step, state) },
        examine: (state) => verdictsOf(step.verdicts, state),
      };
  }
}

function whether(when: NonNullable<TeamStep["when"]>, state: RunState): true | { skip: string } {
  const { holds, evidence, missing } = judgeAll(when, state, state.inputs);
  if (holds === true) return true;
  const said = holds === null ? missing : evidence.map(({ text }) => text);
  return { skip: said.length === 0 ? "What it is done for is not the case." : said.join("; ") };
}

function planOf(
  { for_s, traces, sections }: Extract<TeamStep, { kind: "measure" | "verify" }>,
  { inputs }: RunState,
): MeasurePlan {
  return {
    for_s: typeof for_s === "number" ? for_s : Number(filled(for_s, inputs)) || DEFAULT_S,
    traces: traces.map(({ id, tracer, params }) => ({ id, tracer, params: paramsOf(params, inputs) })),
    sections,
  };
}

/** A parameter that comes to nothing is not given. */
function paramsOf(params: Readonly<Record<string, string | number | boolean>>, inputs: Words): Record<string, string> {
  const all = Object.entries(params).map(([name, value]) => [name, filled(String(value), inputs)] as const);
  return Object.fromEntries(all.filter(([, value]) => value !== ""));
}

function verdictsOf(rules: readonly TeamVerdict[], state: RunState): RunbookVerdict[] {
  return rules.flatMap((rule) => {
    const { for_each } = rule;
    if (!for_each) return verdictOf(rule, null, state) ?? [];
    const findings = (state.datapath?.findings ?? []).filter(({ id }) => id === for_each.finding);
    return findings.slice(0, MANY).flatMap((finding) => verdictOf(rule, finding, state) ?? []);
  });
}

function verdictOf(rule: TeamVerdict, finding: Finding | null, state: RunState): RunbookVerdict | null {
  const words = { ...state.inputs, ...(finding ? aboutFinding(finding, state) : {}) };
  const { holds, evidence, missing } = judgeAll(rule.when, state, words);
  const base = {
    id: finding ? `${rule.id}:${finding.subject}` : rule.id,
    subject: filled(rule.subject, words),
    subject_key: finding?.subject ?? null,
    kind: rule.kind,
    evidence: [...(finding ? seen(finding) : []), ...evidence],
    missing: [],
    proposal: null,
  };
  if (holds === true) {
    const { verdict } = rule;
    return {
      ...base,
      verdict,
      meaning: filled(rule.meaning, words),
      proposal: proposalOf(rule, finding, words, state),
    };
  }
  if (holds === null) {
    return { ...base, verdict: "cannot_tell", meaning: "What this verdict rests on could not all be seen.", missing };
  }
  const { otherwise } = rule;
  return otherwise ? { ...base, verdict: otherwise.verdict, meaning: filled(otherwise.meaning, words) } : null;
}

function aboutFinding(finding: Finding, { datapath }: RunState): Words {
  const names = datapath ? namesOfFinding(finding, datapath) : {};
  return { ...names, subject: finding.subject_name };
}

const seen = ({ id, subject, subject_name }: Finding): RunbookVerdict["evidence"] => [
  { text: `${id}: ${subject_name}`, source: { kind: "thing", key: subject } },
];

function proposalOf(
  { proposal }: TeamVerdict,
  finding: Finding | null,
  words: Words,
  state: RunState,
): Proposal | null {
  if (!proposal) return null;
  if ("advice" in proposal) return { kind: "advice", text: filled(proposal.advice, words) };
  const text = filled(proposal.text, words);
  if ("open" in proposal) {
    const inputs = Object.entries(proposal.inputs).map(([name, value]) => [name, filled(value, words)] as const);
    return {
      kind: "open",
      book: proposal.open,
      inputs: Object.fromEntries(inputs.filter(([, value]) => value !== "")),
      text,
    };
  }
  try {
    if (!finding || !state.datapath) return null;
    return { kind: "detach", attachment: findAttachment(state.datapath, finding.subject, state.node.label).ref, text };
  } catch (error) {
    if (!(error instanceof BpfdeskError)) throw error;
    return { kind: "advice", text: `${text} ${error.data.message}` };
  }
}
