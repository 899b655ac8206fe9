/** What a runbook is and what it finds. See docs/design/0007-runbooks.md. */
import type { AttachmentRef, ChangePhase } from "../change/types.ts";
import type { Scope } from "../collect/frames.ts";
import type { ErrorData } from "../errors.ts";
import type { Datapath, Key } from "../model/types.ts";
import type { TraceSchema, TraceSummary } from "../trace/protocol.ts";

export type VerdictWord = "confirmed" | "likely" | "ruled_out" | "cannot_tell";

/** Where a fact can be looked at. */
export type EvidenceSource =
  | { kind: "command"; command_id: string }
  | { kind: "trace"; trace_id: string; record: string; filter: string }
  | { kind: "thing"; key: Key }
  | { kind: "answer"; step: string };

export interface Evidence {
  /** A fact with its numbers, in the tools' words. */
  text: string;
  source: EvidenceSource;
}

export interface RunbookVerdict {
  /** Unique within a run, stable over runs on the same things. */
  id: string;
  /** What it is about, in words: "lxc1a2b3c egress (out → pod)". */
  subject: string;
  subject_key: Key | null;
  verdict: VerdictWord;
  /** Which of the book's conclusions: "active-conflict", "shadowed-leftover". */
  kind: string;
  evidence: Evidence[];
  /** What it means and what it does not. */
  meaning: string;
  /** With `cannot_tell`: what would tell. */
  missing: string[];
  proposal: Proposal | null;
}

/** `detach` becomes a change plan when a person wants it; `open` another book at that point. */
export type Proposal =
  | { kind: "detach"; attachment: AttachmentRef; text: string }
  | { kind: "open"; book: string; inputs: Record<string, string>; text: string }
  | { kind: "advice"; text: string };

export interface BookInput {
  name: string;
  title: string;
  description: string;
  type: "interface" | "pod" | "address" | "name" | "seconds" | "number" | "text";
  required: boolean;
  default?: string;
}

interface StepBase {
  id: string;
  title: string;
  /** What it does and why, in a sentence. */
  text: string;
  /** False: the step is skipped, for the reason it returns. Absent: always done. */
  when?(state: RunState): true | { skip: string };
}

/** A tracer to run, by the names of its tracer.yaml. */
export interface Measurement {
  /** Unique within the step. */
  id: string;
  tracer: string;
  params: Record<string, string>;
}

/** What is looked at for some seconds. */
export interface MeasurePlan {
  for_s: number;
  /** Run side by side; may be empty. */
  traces: Measurement[];
  /** Sections of the collector that are read before and after, e.g. "counters.softnet". */
  sections: string[];
  /** Percent of one CPU that each tracer may cost, from 0.1 to 100; absent: as one that a person starts. */
  budget_pct?: number;
}

export type Step =
  /** A fresh picture; `sections`: what else is read with it, asked for by runbooks only (stage 3). */
  | (StepBase & { kind: "collect"; sections?: string[] })
  | (StepBase & { kind: "measure"; plan(state: RunState): MeasurePlan })
  | (StepBase & { kind: "examine"; examine(state: RunState): RunbookVerdict[] })
  | (StepBase & {
      kind: "ask";
      ask(state: RunState): { question: string; answers: { id: string; text: string }[] };
    })
  /** Verdicts again, with what could be done. A person decides about each change; then the run goes on. */
  | (StepBase & { kind: "propose"; propose(state: RunState): RunbookVerdict[] })
  /** After a change: measures again and compares. Skipped by the engine when nothing was changed. */
  | (StepBase & {
      kind: "verify";
      plan(state: RunState): MeasurePlan;
      examine(state: RunState): RunbookVerdict[];
    });

/** A finding of the picture that suggests a book. */
export interface BookSuggestion {
  /** Id of the finding's rule. */
  finding: string;
  /**
   * Inputs to begin with, by name: a fixed text, or what the finding is about: `$subject` its key, `$ifname` the name
   * of that interface (or of the interface whose hook it is), `$pod` `namespace/name` of that pod.
   */
  inputs?: Record<string, string>;
}

export interface Runbook {
  id: string;
  title: string;
  /** In the words of whoever is called: "one in fifty connections times out". */
  symptom: string;
  when_to_use: string;
  /** What it runs on the node and what that costs. */
  runs: string;
  inputs: BookInput[];
  /** Absent: none. */
  suggested_by?: BookSuggestion[];
  steps: Step[];
}

/** What one trace of a measure step came to. */
export interface TraceEvidence {
  /** Empty for one that could not be started: `error` says why. */
  trace_id: string;
  tracer: string;
  schema: TraceSchema | null;
  summary: TraceSummary | null;
  error: ErrorData | null;
  /** Records of kind total at the end, and a bounded number of events, as objects with the tracer's own members and the host's `pod`, `container`. */
  records: Record<string, Record<string, unknown>[]>;
  /** Records that are no longer held, by name. */
  dropped: Record<string, number>;
}

/** What runs that one person began at once on several nodes have in common. */
export interface RunBatch {
  id: string;
  /** On how many it was asked for; some may have refused, and of those there is no run. */
  nodes: number;
}

/** One section of the collector as it was read during a run. */
export interface Reading {
  section: string;
  /** "node" or "netns:<inode>". */
  scope: Scope;
  command_id: string;
  /** What the section's parser made of it (see `SectionFacts`), null when it could not be read. */
  facts: unknown;
  /** Why there are no facts, or only a part of them. */
  problem: string | null;
}

/** A change to this node, made or tried since the run began. */
export interface RunChange {
  plan_id: string;
  entry: Key;
  phase: ChangePhase;
}

/**
 * Everything gathered so far. Made of the run's events and of the recorded outputs they name, so that a
 * resumed or reopened run has the same one.
 */
export interface RunState {
  node: { name: string; label: string; root: boolean };
  /** Epoch ms at which the run began. */
  started_at: number;
  inputs: Readonly<Record<string, string>>;
  /** Of the run's last collection, or the node's last one before it. */
  datapath: Datapath | null;
  /** The picture the run began with, when a later one replaced it. */
  previous: Datapath | null;
  /** Of the collection behind `datapath`. */
  collect_command_id: string | null;
  /** By step, then by the measurement's id. */
  traces: Readonly<Record<string, Readonly<Record<string, TraceEvidence>>>>;
  /** By step. A collect step has `after` only. */
  readings: Readonly<Record<string, { before: readonly Reading[]; after: readonly Reading[]; for_s: number }>>;
  answers: Readonly<Record<string, string>>;
  /** By step: why it, or a part of it, was left out or failed. */
  left_out: Readonly<Record<string, string>>;
  changes: readonly RunChange[];
  /** Of all steps so far; a later one with the same id replaces the earlier. */
  verdicts: readonly RunbookVerdict[];
}
