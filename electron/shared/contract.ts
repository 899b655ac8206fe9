/**
 * The contract between the renderer (or CLI) and the host, written once.
 *
 * Both ends are derived from it: `rpc/client.ts` gives typed calls, `rpc/server.ts` demands a
 * handler for every name. Inputs are validated where they arrive, because the page is not trusted
 * with the node; outputs are typed only. Deliberately no way to run free text on a node.
 */
import { z } from "zod";
import type { ErrorData } from "../core/errors.ts";
import type { JournalEvent } from "../core/journal/events.ts";
import type { BookInput, BookSuggestion } from "../core/runbook/types.ts";
import type { TracerManifest } from "../core/trace/manifest.ts";

/** A request with one answer. */
export interface CallSpec<In extends z.ZodType, Out> {
  kind: "call";
  input: In;
  /** Type carrier only. */
  readonly output?: Out;
}

/** A request answered by a bounded, credited stream of items. */
export interface StreamSpec<In extends z.ZodType, Item> {
  kind: "stream";
  input: In;
  /** Type carrier only. */
  readonly item?: Item;
}

const call =
  <Out>() =>
  <In extends z.ZodType>(input: In): CallSpec<In, Out> => ({ kind: "call", input });
const stream =
  <Item>() =>
  <In extends z.ZodType>(input: In): StreamSpec<In, Item> => ({ kind: "stream", input });

export interface AppInfo {
  version: string;
  platform: string;
  mode: "desktop" | "browser" | "cli";
  /** Can "this machine" be opened, and if not, why. */
  local: { available: boolean; reason: string };
  /** The recorded incident that ships with the app, or null when missing. */
  sample: { title: string; description: string } | null;
}

export interface SshHost {
  alias: string;
  hostname: string | null;
  user: string | null;
  port: number | null;
  /** Configuration file it was read from. */
  file: string;
}

/** What connecting to a target would do, and which files say so. */
export interface SshResolved {
  target: string;
  /** The hosts to log in to, in order; the last is the node. */
  hops: SshResolvedHop[];
  /** Which program would make the connection, and why this one, in words. */
  backend: "ssh2" | "openssh";
  why: string;
}

export interface SshResolvedHop {
  /** `user@host:port`. */
  host: string;
  /** The name given, before HostName was applied. */
  alias: string;
  hostname: string;
  user: string;
  port: number;
  /** Files that may hold a key, in the order they are tried. */
  identity_files: { file: string; exists: boolean }[];
  /** Socket or pipe of the agent, null for none. */
  agent: string | null;
  /** Only keys of the files above, even from the agent. */
  identities_only: boolean;
  /** The name looked up in known_hosts. */
  known_as: string;
  user_known_hosts: string[];
  global_known_hosts: string[];
  strict_host_key_checking: "yes" | "ask" | "accept-new" | "no";
  /** The command that makes the connection, its tokens filled in; null for TCP or the hop before. */
  proxy_command: string | null;
  /** Files the configuration was read from, in order. */
  config_files: string[];
  /** There is no OpenSSH here: bpfdesk read the configuration, and `Match exec` never matched. */
  approximate: boolean;
}

export interface SectionInfo {
  id: string;
  title: string;
  why: string;
  /** The shell text that runs on the node. */
  command: string;
  scope: "node" | "netns";
  needs_root: boolean;
  timeout_s: number;
  max_bytes: number;
}

export interface BlobChunk {
  stream: "stdout" | "stderr";
  bytes: Uint8Array;
}

/** What a text of several targets means. */
export interface ExpandedTargets {
  /** Each once, in the order they were named; `from` is the word that named it. */
  targets: { target: string; from: string }[];
  /** What names nothing or cannot be read; empty when all is well. */
  problems: ErrorData[];
  /** The text was one plain target: no list, pattern, group or file. */
  one: boolean;
  /** Name of the group, when the text was `group:name`. */
  group: string | null;
}

/** Something opened lately. */
export interface RecentTarget {
  kind: "node" | "group";
  /** A target, or for a group the text that was opened: `group:name`, a pattern, a list. */
  target: string;
  identity_file: string | null;
  /** Epoch ms. */
  at: number;
}

/** What a node's kernel offers tracers; from `bpfdesk-tracer check`. */
export interface TracerCheck {
  kernel: string;
  arch: string;
  features: Record<string, { available: boolean; why: string }>;
  /** Which way each tracer would take; `refused` says why it cannot run at all. */
  tracers: Record<
    string,
    { variant: string | null; proves: string; refused: string | null; fallbacks: { wanted: string; why: string }[] }
  >;
}

/** A runbook as it is offered. */
export interface RunbookInfo {
  id: string;
  title: string;
  symptom: string;
  when_to_use: string;
  runs: string;
  inputs: BookInput[];
  steps: { id: string; kind: string; title: string; text: string }[];
  /** Findings that suggest it. */
  suggested_by: BookSuggestion[];
  /** The file of a team's own book, null for one that ships with the app. */
  file: string | null;
  /** Why a team's own book cannot be used, naming the line; empty when it can. */
  problems: string[];
}

/** A part of a trace's records of one name, as they are asked for. */
export interface TraceRows {
  /** Names of the values of a row, in order: the record's fields, then what the host joined (`pod`, `container`, `ifname`). */
  columns: string[];
  rows: unknown[][];
  /** Records kept, and those of them that match the filter (with `group_by`: groups). */
  total: number;
  matching: number;
  /** Records that are no longer kept in memory; they are still in the session's file. */
  dropped: number;
}

const id = z.string().min(1).max(200);
const session = z.object({ session_id: id });
const onNode = session.extend({ node: id });

/** How to reach a node. Secrets are never here: they are asked for through prompts. */
const connectTarget = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("ssh"),
    /** Alias of ~/.ssh/config, or `[user@]host[:port]`. */
    target: z.string().min(1).max(512),
    identity_file: z.string().max(4096).optional(),
    /** Ask for the sudo password when `sudo -n` is refused; without it the node is opened with what there is. */
    sudo: z.boolean().optional(),
    /** bpfdesk's own connection or the system's ssh; chosen by what the host needs when absent. */
    backend: z.enum(["ssh2", "openssh"]).optional(),
  }),
  z.object({ kind: z.literal("local"), sudo: z.boolean().optional() }),
  z.object({ kind: z.literal("sample") }),
  /** A snapshot or session file the host can read (desktop and CLI). */
  z.object({ kind: z.literal("file"), path: z.string().min(1).max(4096) }),
  /** Bytes of a snapshot or session file the page was given (browser mode). */
  z.object({ kind: z.literal("bytes"), name: z.string().max(512), bytes: z.instanceof(Uint8Array) }),
]);
export type ConnectTarget = z.infer<typeof connectTarget>;

/** An answer to a prompt. `values` may hold secrets: never logged, never in the journal. */
const promptAnswer = z.object({
  accept: z.boolean(),
  values: z.array(z.string().max(16384)).max(16).default([]),
  /** Where the answer may be kept for later questions (one of the prompt's `may_keep`); absent: nowhere. */
  keep: z.enum(["memory", "keychain"]).optional(),
});
export type PromptAnswer = z.infer<typeof promptAnswer>;

/** What is kept of secrets: what for and how long, never the secrets themselves. */
export interface SecretsStatus {
  /** How long a secret stays in memory, in seconds; 0: no longer than the connection it was given for. */
  ttl_s: number;
  kept: {
    kind: "password" | "passphrase" | "sudo_password";
    /** Whose password; empty for a passphrase. */
    user: string;
    /** The host that asked, or the key file. */
    of: string;
    /** The node as the person named it; empty for jump hosts and key files. */
    target: string;
    where: "memory" | "keychain";
    /** Epoch ms; null for what the keychain keeps until it is wiped or refused. */
    until: number | null;
  }[];
  /** `reason`: why there is no keychain, or what went wrong with it last. */
  keychain: { available: boolean; reason: string };
}

/** Targets and patterns under a name; `group:name` stands for them. */
export const targetGroup = z.object({
  name: z.string().regex(/^[\p{L}\p{N}][\p{L}\p{N}._-]{0,63}$/u, "letters, digits, dots, dashes and underscores"),
  targets: z.array(z.string().min(1).max(512)).min(1).max(1000),
});
export type TargetGroup = z.infer<typeof targetGroup>;

export const contract = {
  "app.info": call<AppInfo>()(z.object({})),
  /** The machine woke up or its network changed: lost connections are tried again at once. */
  "app.wake": call<null>()(z.object({ reason: z.enum(["resume", "network"]) })),
  "secrets.status": call<SecretsStatus>()(z.object({})),
  /** Overwrites what is kept in memory, deletes what is in the keychain; both without `what`. */
  "secrets.wipe": call<null>()(z.object({ what: z.enum(["memory", "keychain"]).optional() })),
  /** How long secrets stay in memory from now on; what is kept already ends no later. At most 12 hours. */
  "secrets.keep_for": call<null>()(
    z.object({
      ttl_s: z
        .number()
        .int()
        .min(0)
        .max(12 * 3600),
    }),
  ),
  "ssh.hosts": call<SshHost[]>()(z.object({})),
  /** On a person's action only: `Match exec` of the configuration runs commands. Connects to nothing. */
  "ssh.resolve": call<SshResolved>()(z.object({ target: z.string().min(1).max(512) })),
  "collect.sections": call<SectionInfo[]>()(z.object({})),
  /** Opens the session the window works on: a new one, or the one left by a crash. */
  "session.open": call<{ session_id: string; path: string | null }>()(z.object({})),
  /** Every event after `after_seq`, then live ones, in batches; ends when the session is closed. */
  "session.events": stream<JournalEvent[]>()(session.extend({ after_seq: z.number().int().min(0) })),
  /** Adds a node and starts connecting; progress comes as events. */
  "node.connect": call<{ node: string }>()(session.extend({ target: connectTarget })),
  /** What a text of several targets means; connects to nothing. */
  "targets.expand": call<ExpandedTargets>()(z.object({ text: z.string().max(65_536) })),
  /** Groups that were saved, by name. */
  "groups.list": call<TargetGroup[]>()(z.object({})),
  /** Replaces the group of that name. */
  "groups.save": call<null>()(z.object({ group: targetGroup })),
  "groups.remove": call<null>()(z.object({ name: z.string().max(200) })),
  /** What was opened lately, newest first. */
  "recent.list": call<RecentTarget[]>()(z.object({})),
  /**
   * Adds several nodes at once and connects to some at a time; each one's progress comes as events, and a
   * node whose turn has not come stays in its phase `new`. The ids are in the order of the targets.
   */
  "nodes.connect": call<{ nodes: string[] }>()(
    session.extend({
      /** A text is a target of ssh, reached with the options below. */
      targets: z
        .array(z.union([z.string().min(1).max(512), connectTarget]))
        .min(1)
        .max(1000),
      /** What the person opened, for the nodes' heading and the list of what was opened lately. */
      group: z.string().min(1).max(512).optional(),
      identity_file: z.string().max(4096).optional(),
      sudo: z.boolean().optional(),
      backend: z.enum(["ssh2", "openssh"]).optional(),
      /** How many connect and collect at a time, default 8. */
      concurrency: z.number().int().min(1).max(64).optional(),
    }),
  ),
  "node.answer": call<null>()(onNode.extend({ prompt_id: id, answer: promptAnswer })),
  /** Cancels whatever phase the connection is in, or a running collection. */
  "node.cancel": call<null>()(onNode),
  "node.collect": call<{ collect_id: string }>()(onNode),
  /** `bpftool prog dump xlated` of one program, as text. */
  "node.disassemble": call<{ text: string; command_id: string }>()(
    onNode.extend({ prog_id: z.number().int().min(0).max(0xffffffff) }),
  ),
  "node.disconnect": call<null>()(onNode),
  /** Connects again now: a node whose connection was lost, failed or was left, also before bpfdesk was stopped. */
  "node.reconnect": call<null>()(onNode),
  /**
   * Replaces the key a refused node is known by in the user's own known_hosts, after the person typed its name and
   * the fingerprint of the new key; recorded as `host_key.replaced`. The person connects again after that.
   */
  "node.replace_host_key": call<null>()(
    onNode.extend({ confirm: z.string().max(512), fingerprint: z.string().max(512) }),
  ),
  /** Stops what earlier connections of bpfdesk left; how it went comes as the event `leftovers.stopped`. */
  "node.stop_leftovers": call<null>()(onNode.extend({ ids: z.array(z.string().min(1).max(5000)).min(1).max(1000) })),
  /** Every tracer that ships with the app. */
  "tracers.list": call<TracerManifest[]>()(z.object({})),
  /** Puts the tracers on the node (private folder, removed at the end) and asks what its kernel offers them. */
  "tracers.check": call<TracerCheck>()(onNode),
  /** Starts a tracer on a node; what it says comes as events `trace.*`. Parameters are checked against its manifest. */
  "trace.start": call<{ trace_id: string }>()(
    onNode.extend({
      tracer: z.string().max(32),
      params: z.record(z.string().max(32), z.string().max(4096)).default({}),
      for_s: z.number().int().min(1).max(86_400).default(30),
      events: z.number().int().min(1).max(1e9).nullable().default(null),
      budget_pct: z.number().min(0.1).max(100).default(3),
    }),
  ),
  /** Ends it as its time limit would: its summary still comes. */
  "trace.stop": call<null>()(onNode.extend({ trace_id: id })),
  /** Records of a trace, live or recorded. */
  "trace.rows": call<TraceRows>()(
    session.extend({
      trace_id: id,
      record: z.string().max(32),
      from: z.number().int().min(0).default(0),
      count: z.number().int().min(0).max(5000),
      /** Rows as they were when so many had arrived: the table is paused. */
      until: z.number().int().min(0).optional(),
      sort: z
        .array(z.object({ column: z.string().max(64), descending: z.boolean().default(false) }))
        .max(4)
        .default([]),
      /** Words that must all occur in a row; `column:word`, `column=value`, `column>number`, `-word`. */
      filter: z.string().max(1000).default(""),
      /** One row a group: the columns, `count`, `first`, `last` (epoch µs of a time column). */
      group_by: z.array(z.string().max(64)).max(4).default([]),
    }),
  ),
  /** A tracer's own lines from the first on, until it ends; with `pod` and `container` where its records have a cgroup. */
  "trace.lines": stream<string[]>()(session.extend({ trace_id: id })),
  /** Every runbook: those that ship with the app, and the team's own. */
  "runbooks.list": call<RunbookInfo[]>()(z.object({})),
  /** The folder of the team's own runbooks, YAML files; null when none was chosen. */
  "runbooks.folder": call<{ folder: string | null }>()(z.object({})),
  /** Not from a browser, which is not to read the host's folders. */
  "runbooks.set_folder": call<null>()(z.object({ folder: z.string().min(1).max(4096).nullable() })),
  /** Begins one; how it goes comes as events `runbook.*`. Inputs are checked against the book. */
  "runbook.start": call<{ run_id: string }>()(
    onNode.extend({
      book: z.string().max(64),
      inputs: z.record(z.string().max(64), z.string().max(1000)).default({}),
      /** False: nobody is there to answer; what asks is left out. */
      attended: z.boolean().default(true),
      /** The same for all that are begun at once on several nodes, and for one of them that is begun again. */
      batch: z.object({ id, nodes: z.number().int().min(2).max(10_000) }).optional(),
    }),
  ),
  "runbook.answer": call<null>()(onNode.extend({ run_id: id, step: z.string().max(64), answer: z.string().max(1000) })),
  "runbook.pause": call<null>()(onNode.extend({ run_id: id })),
  /** Goes on with the first step that has no result; also after a reconnect and in a reopened session. */
  "runbook.resume": call<null>()(onNode.extend({ run_id: id })),
  "runbook.stop": call<null>()(onNode.extend({ run_id: id })),
  /** Works out what taking this attachment off would mean; changes nothing. Comes as the event `change.planned`. */
  "change.plan": call<{ plan_id: string }>()(onNode.extend({ entry: z.string().min(1).max(1000) })),
  /**
   * A person approves the node's last plan, once, by typing what it asks for. How it goes comes as events `change.*`; what was
   * not confirmed by the checks is put back.
   */
  "change.approve": call<null>()(onNode.extend({ plan_id: id, typed: z.string().max(512) })),
  /** Possible until the connection it was made over ends. */
  "change.undo": call<null>()(onNode.extend({ plan_id: id })),
  /** The raw bytes of one recorded command. */
  "command.output": stream<BlobChunk>()(session.extend({ command_id: id })),
  /** A snapshot file of the node's last collection, as bytes to save. */
  "snapshot.export": call<{ name: string; bytes: Uint8Array }>()(onNode),
} as const;

type Contract = typeof contract;
export type MethodName = keyof Contract;
export type InputOf<M extends MethodName> = z.input<Contract[M]["input"]>;
export type ParsedInputOf<M extends MethodName> = z.output<Contract[M]["input"]>;
export type CallName = { [M in MethodName]: Contract[M] extends CallSpec<z.ZodType, unknown> ? M : never }[MethodName];
export type StreamName = Exclude<MethodName, CallName>;
export type OutputOf<M extends CallName> = Contract[M] extends CallSpec<z.ZodType, infer Out> ? Out : never;
export type ItemOf<M extends StreamName> = Contract[M] extends StreamSpec<z.ZodType, infer Item> ? Item : never;
