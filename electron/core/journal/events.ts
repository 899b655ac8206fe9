/**
 * The journal's vocabulary: everything that ever happened in a session, as data.
 *
 * The host appends these (written before shown); every view is a pure fold of them, so watching
 * live, replaying, re-opening after a crash and sharing are one mechanism. Raw outputs are not in
 * the events: they are blobs, named by `command_id` and stream. No event ever holds a secret.
 */
import type { Scope } from "../collect/frames.ts";
import type { ErrorData, Phase } from "../errors.ts";
import type { Datapath, SectionState } from "../model/types.ts";

/** How root was reached on a node. */
export type Privileges = "root" | "sudo" | "sudo_password" | "none";

/** A question only a person can answer. Answers travel by RPC; secrets are never in the journal. */
export type Prompt =
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
      name: string;
      instructions: string;
      prompts: { text: string; echo: boolean }[];
    }
  | { kind: "sudo_password"; user: string; host: string; attempt: number }
  | { kind: "upload_bpftool"; host: string; reason: string; version: string; bytes: number; sha256: string };

export type EventBody =
  | { type: "session.opened"; session_id: string; format: number; app_version: string }
  | { type: "node.added"; node: string; target: string; label: string; transport: "ssh" | "local" | "replay" }
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
    }
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
  | { type: "collect.failed"; node: string; collect_id: string; error: ErrorData };

/** An event as stored and delivered: `seq` counts from 1 without gaps, `at` is epoch ms of the host. */
export type JournalEvent = { seq: number; at: number } & EventBody;
