/**
 * The journal's vocabulary: everything that ever happened in a session, as data.
 *
 * The host appends these (written before shown); every view is a pure fold of them, so watching
 * live, replaying, re-opening after a crash and sharing are one mechanism. Raw outputs are not in
 * the events: they are blobs, named by `command_id` and stream. No event ever holds a secret.
 */

import type { ChangePlan } from "../change/types.ts";
import type { Scope } from "../collect/frames.ts";
import type { ErrorData, Phase } from "../errors.ts";
import type { Datapath, SectionState } from "../model/types.ts";
import type { Leftover, NodeInventory, ResidueReport } from "../residue/types.ts";
import type { RunBatch, RunbookVerdict } from "../runbook/types.ts";
import type { LinkInfo } from "../ssh/link.ts";
import type { TraceNote, TraceSchema, TraceStats, TraceSummary } from "../trace/protocol.ts";

/**
 * How root was reached on a node: `sudo_terminal` is sudo that wants a terminal (`requiretty`);
 * `sudo_some` is sudo that allows some tools without a password, and no shell.
 */
export type Privileges = "root" | "sudo" | "sudo_password" | "sudo_terminal" | "sudo_some" | "doas" | "none";

/** What every question has in common. */
interface Asked {
  /** Set when the question is of a jump host on the way: the node it is on the way to. */
  on_the_way_to?: string;
  /** The other side ends the login so many seconds after the question, as far as that is known. */
  expires_s?: number;
  /** The answer may be kept: in memory for a while, or in the desktop's keychain too. */
  may_keep?: ("memory" | "keychain")[];
}

/** A question only a person can answer. Answers travel by RPC; secrets are never in the journal. */
export type Prompt = Asked & Question;

type Question =
  | {
      kind: "host_key_new";
      host: string;
      port: number;
      key_type: string;
      fingerprint: string;
      /** Key types already known for this host: a new type of a known host is the stronger warning. */
      known_types: string[];
    }
  | { kind: "password"; user: string; host: string; attempt: number }
  | { kind: "passphrase"; file: string; attempt: number }
  | {
      kind: "keyboard_interactive";
      host: string;
      user?: string;
      /** Counts from 1 within one login: a password, then a one-time code. */
      round?: number;
      name: string;
      instructions: string;
      prompts: { text: string; echo: boolean }[];
    }
  | {
      kind: "sudo_password";
      user: string;
      host: string;
      attempt: number;
      /** The question in the node's own words (PAM, doas), when it is not sudo's plain one. */
      text?: string;
      /** The answer may be seen while it is typed. */
      echo?: boolean;
      /** Every command as root will ask it again: it may be a one-time code. Refused, the node is seen without root. */
      every_command?: boolean;
    }
  | { kind: "upload_bpftool"; host: string; reason: string; version: string; bytes: number; sha256: string };

export type EventBody =
  | { type: "session.opened"; session_id: string; format: number; app_version: string }
  | {
      type: "node.added";
      node: string;
      target: string;
      label: string;
      transport: "ssh" | "local" | "replay";
      /** What else it was opened with, to connect again. */
      login?: { identity_file?: string; sudo?: boolean; backend?: "ssh2" | "openssh" };
      /** The group it was opened with. */
      group?: string;
    }
  | { type: "connection.phase"; node: string; phase: Phase; detail: string }
  | { type: "connection.prompt"; node: string; prompt_id: string; prompt: Prompt }
  | { type: "connection.prompt_closed"; node: string; prompt_id: string; outcome: "answered" | "refused" | "cancelled" }
  | { type: "connection.failed"; node: string; error: ErrorData }
  | {
      type: "connection.ready";
      node: string;
      host: string;
      user: string;
      privileges: Privileges;
      /** What is seen less because of missing privileges, empty when root. */
      limits: string[];
      /** Lines for sudoers that would give what is missing; absent with root. */
      sudoers?: string;
      /** How the connection is made; absent without one (this machine, a replay). */
      link?: LinkInfo;
    }
  | {
      /** The connection went away and is made again by itself. Phases follow, then `connection.ready` or `connection.failed`. */
      type: "connection.lost";
      node: string;
      error: ErrorData;
      /** Counts from 1 since the connection last stood. */
      attempt: number;
      /** When it is tried again, ms from `at`; null when a person must ask for it. */
      retry_in_ms: number | null;
      /** What may still be on the node, in words, until it is seen again. */
      residue: string[];
    }
  /** Commands at work and waiting for a place on the connection; told when somebody waits, and when nobody does any more. */
  | { type: "connection.queue"; node: string; running: number; waiting: number; limit: number }
  | {
      type: "host_key.replaced";
      node: string;
      /** As it stands in known_hosts. */
      host: string;
      removed: { file: string; line: number; key_type: string; fingerprint: string }[];
      added: { file: string; key_type: string; fingerprint: string };
    }
  /** Processes and folders of earlier connections of bpfdesk that are still on the node. */
  | { type: "leftovers.found"; node: string; leftovers: Leftover[] }
  | { type: "leftovers.stopped"; node: string; stopped: string[]; failed: { id: string; why: string }[] }
  /** What is on the node before anything of ours is. */
  | { type: "residue.baseline"; node: string; inventory: NodeInventory }
  /** What differs when the node is left. */
  | { type: "residue.report"; node: string; report: ResidueReport }
  | { type: "connection.closed"; node: string; reason: string; error: ErrorData | null; residue: string[] }
  | {
      type: "command.started";
      node: string;
      command_id: string;
      /** The exact text run on the node. */
      text: string;
      /** The same as a line to paste in a shell, e.g. `ssh … 'sudo -n …'`. */
      shell_line: string;
      host: string;
      user: string;
      root: boolean;
      purpose: string;
      /** What a replay finds the recorded output by, e.g. `collect`, `prog-xlated:102`. */
      record_key?: string;
    }
  | {
      type: "command.output";
      node: string;
      command_id: string;
      stream: "stdout" | "stderr";
      blob: number;
      bytes: number;
    }
  | {
      type: "command.ended";
      node: string;
      command_id: string;
      exit: number | null;
      signal: string | null;
      duration_ms: number;
      stdout_bytes: number;
      stderr_bytes: number;
      error: ErrorData | null;
    }
  | {
      type: "collect.started";
      node: string;
      collect_id: string;
      command_id: string;
      sections: { section: string; title: string }[];
    }
  | { type: "collect.section"; node: string; collect_id: string; state: SectionState; scope: Scope }
  | { type: "collect.finished"; node: string; collect_id: string; complete: boolean; datapath: Datapath }
  | { type: "collect.failed"; node: string; collect_id: string; error: ErrorData }
  | {
      /** A tracer was asked for. Its lines are the output of its command. */
      type: "trace.started";
      node: string;
      trace_id: string;
      tracer: string;
      /** As given; what is absent takes its default. */
      params: Record<string, string>;
      limits: TraceLimits;
    }
  | { type: "trace.schema"; node: string; trace_id: string; command_id: string; schema: TraceSchema }
  /** Once a second; `rows` counts the records of each name so far. */
  | { type: "trace.stats"; node: string; trace_id: string; stats: TraceStats; rows: Record<string, number> }
  | { type: "trace.note"; node: string; trace_id: string; note: TraceNote }
  /** `error` when it could not start, failed, or its connection was lost; `summary` when it said one. */
  | {
      type: "trace.ended";
      node: string;
      trace_id: string;
      summary: TraceSummary | null;
      rows: Record<string, number>;
      error: ErrorData | null;
    }
  /** A runbook was begun on a node. */
  | {
      type: "runbook.started";
      node: string;
      run_id: string;
      book: string;
      inputs: Record<string, string>;
      /** False: nobody is there to answer, so it asks nothing. Absent: true. */
      attended?: boolean;
      /** Of a run that was begun on several nodes at once. */
      batch?: RunBatch;
    }
  | { type: "runbook.step_started"; node: string; run_id: string; step: string }
  /** The tracers of a measure step run: measurement id to trace id. */
  | {
      type: "runbook.measuring";
      node: string;
      run_id: string;
      step: string;
      for_s: number;
      traces: Record<string, string>;
    }
  /** Waits for a person: `runbook.answered` follows. `verdicts`: of a propose step, which a person looks at meanwhile. */
  | {
      type: "runbook.asked";
      node: string;
      run_id: string;
      step: string;
      question: string;
      answers: { id: string; text: string }[];
      verdicts?: RunbookVerdict[];
    }
  | { type: "runbook.answered"; node: string; run_id: string; step: string; answer: string }
  | { type: "runbook.step_ended"; node: string; run_id: string; step: string; result: StepResult }
  | { type: "runbook.paused"; node: string; run_id: string; error: ErrorData | null }
  | { type: "runbook.resumed"; node: string; run_id: string }
  | {
      type: "runbook.ended";
      node: string;
      run_id: string;
      outcome: "finished" | "stopped" | "failed";
      error: ErrorData | null;
    }
  /** A change was worked out and can be approved. */
  | { type: "change.planned"; node: string; plan: ChangePlan }
  | { type: "change.approved"; node: string; plan_id: string }
  /** `chain`: what is attached to the interface, as the node said it, in words. */
  | { type: "change.armed"; node: string; plan_id: string; command_id: string; chain: string[] }
  | { type: "change.detached"; node: string; plan_id: string; exact: boolean; chain: string[] }
  | { type: "change.confirmed"; node: string; plan_id: string; checks: string[] }
  | {
      type: "change.restored";
      node: string;
      plan_id: string;
      reason: "lease" | "undo" | "stdin" | "signal" | "checks";
      same: boolean;
      chain: string[];
    }
  /** It stays as it is, and cannot be taken back by bpfdesk any more. */
  | { type: "change.left"; node: string; plan_id: string }
  /** `unsure`: it is not known whether the node put it back; the next look tells. */
  | { type: "change.failed"; node: string; plan_id: string; error: ErrorData; unsure: boolean };

/** What a step came to; what it measured is in the traces and commands it names. */
export type StepResult =
  | { kind: "skipped"; why: string }
  /** `reading`: the command that read what else the step wanted; `problem`: why it could not. */
  | { kind: "collected"; collect_id: string; reading: string | null; problem?: ErrorData }
  | {
      kind: "measured";
      /** Between the readings, where there are any; else as planned. */
      for_s: number;
      /** Measurement id to trace id. */
      traces: Record<string, string>;
      /** Measurements that could not be started, and why. */
      refused?: Record<string, { tracer: string; error: ErrorData }>;
      /** Commands that read the sections before and after. */
      readings: { before: string; after: string } | null;
      /** Why the sections could not be read. */
      problem?: ErrorData;
      /** Of a verify step. */
      verdicts: RunbookVerdict[];
    }
  | { kind: "answered"; answer: string }
  | { kind: "concluded"; verdicts: RunbookVerdict[] }
  | { kind: "failed"; error: ErrorData };

/** A tracer ends by itself at the first of these. */
export interface TraceLimits {
  for_s: number;
  /** Null: no limit. */
  events: number | null;
  /** Percent of one CPU. */
  budget_pct: number;
}

/** An event as stored and delivered: `seq` counts from 1 without gaps, `at` is epoch ms of the host. */
export type JournalEvent = { seq: number; at: number } & EventBody;
