/**
 * A run as it leaves bpfdesk: for the CLI's JSON and for the report. `docs/schema/runbook.schema.json` describes every
 * field; the two change together.
 */
import type { ChangePlan } from "../change/types.ts";
import type { RunbookRunState } from "../journal/runbooks.ts";
import type { SessionState } from "../journal/state.ts";
import type { RunComparison } from "./compare.ts";
import { leftOut } from "./state.ts";
import type { EvidenceSource, Proposal, RunbookVerdict } from "./types.ts";

type ExportedProposal =
  /** `plan`: what the change would be, when it could be worked out; else `problem` says why not. */
  | (Extract<Proposal, { kind: "detach" }> & { plan: ChangePlan | null; problem: string | null })
  | Exclude<Proposal, { kind: "detach" }>;

export interface ExportedVerdict extends Omit<RunbookVerdict, "proposal" | "subject_key"> {
  proposal: ExportedProposal | null;
}

interface ExportedCommand {
  purpose: string;
  /** As a line to paste in a shell. */
  shell_line: string;
  exit: number | null;
}

export interface ExportedRun {
  runbook: string;
  target: string;
  /** `paused`: it did not come to its end. */
  outcome: "finished" | "stopped" | "failed" | "paused";
  inputs: Record<string, string>;
  verdicts: ExportedVerdict[];
  /** Steps that were left out or failed, wholly or in part. */
  left_out: { step: string; why: string }[];
  /** The collections that the run looked at, in their order, as ids in `commands`: what the evidence of kind `thing` was read from. */
  collected_by: string[];
  /** The commands that the evidence is from, by id; of a trace by the trace's id. */
  commands: Record<string, ExportedCommand>;
  /** With an earlier run. */
  compared?: RunComparison;
}

/** Plans of detach proposals by the hook entry's key, or why there is none. */
export type ProposedPlans = ReadonlyMap<string, ChangePlan | string>;

export function exportRun(
  run: RunbookRunState,
  session: Pick<SessionState, "commands" | "traces" | "collections">,
  about: { target: string; plans?: ProposedPlans },
): ExportedRun {
  const verdicts = run.verdicts.map((verdict) => exported(verdict, about.plans ?? new Map()));
  const collected_by = run.steps.flatMap(({ result }) => {
    const command_id = result?.kind === "collected" ? session.collections[result.collect_id] : undefined;
    return command_id === undefined ? [] : [command_id];
  });
  const looked = collected_by.map((command_id) => ({ kind: "command" as const, command_id }));
  return {
    runbook: run.book,
    target: about.target,
    outcome: run.outcome ?? "paused",
    inputs: { ...run.inputs },
    verdicts,
    left_out: run.steps.flatMap(({ step, result }) => {
      const why = result && leftOut(result);
      return why ? [{ step, why }] : [];
    }),
    collected_by,
    commands: commandsOf(
      [...looked, ...verdicts.flatMap(({ evidence }) => evidence.map(({ source }) => source))],
      session,
    ),
  };
}

function exported({ subject_key: _, ...verdict }: RunbookVerdict, plans: ProposedPlans): ExportedVerdict {
  const { proposal } = verdict;
  if (proposal?.kind !== "detach") return { ...verdict, proposal };
  const plan = plans.get(proposal.attachment.entry) ?? null;
  return {
    ...verdict,
    proposal:
      typeof plan === "string" ? { ...proposal, plan: null, problem: plan } : { ...proposal, plan, problem: null },
  };
}

function commandsOf(
  sources: readonly EvidenceSource[],
  { commands, traces }: Pick<SessionState, "commands" | "traces">,
): ExportedRun["commands"] {
  const known = new Map(commands.map((command) => [command.command_id, command]));
  const ofTraces = new Map(traces.map(({ trace_id, command_id }) => [trace_id, command_id]));
  const found: ExportedRun["commands"] = {};
  for (const source of sources) {
    if (source.kind !== "command" && source.kind !== "trace") continue;
    const id = source.kind === "command" ? source.command_id : source.trace_id;
    const command = known.get((source.kind === "command" ? id : ofTraces.get(id)) ?? "");
    if (command) found[id] = { purpose: command.purpose, shell_line: command.shell_line, exit: command.exit };
  }
  return found;
}

/** Something was found that a person should look at. */
export function foundSomething(verdicts: readonly RunbookVerdict[]): boolean {
  return verdicts.some(({ verdict }) => verdict === "confirmed" || verdict === "likely");
}
