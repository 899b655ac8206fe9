/**
 * The fold of the journal: what a window shows is this state and nothing else.
 *
 * Pure and total: an event that refers to something unknown changes nothing. State is immutable,
 * unchanged parts keep their identity, so views can memoize on reference.
 */
import type { ErrorData, Phase } from "../errors.ts";
import type { Datapath, SectionState } from "../model/types.ts";
import type { Leftover, NodeInventory, ResidueReport } from "../residue/types.ts";
import type { LinkInfo } from "../ssh/link.ts";
import type { TraceNote, TraceSchema, TraceStats, TraceSummary } from "../trace/protocol.ts";
import { type ChangeState, foldChanges, isChangeEvent } from "./changes.ts";
import type { EventBody, JournalEvent, Privileges, Prompt, TraceLimits } from "./events.ts";
import { foldRunbooks, isRunbookEvent, type RunbookRunState } from "./runbooks.ts";

/** One command as it was run on a node. */
export interface CommandRecord {
  command_id: string;
  node: string;
  text: string;
  shell_line: string;
  host: string;
  user: string;
  root: boolean;
  purpose: string;
  started_at: number;
  /** Null while it runs. */
  ended_at: number | null;
  exit: number | null;
  signal: string | null;
  stdout_bytes: number;
  stderr_bytes: number;
  error: ErrorData | null;
}

/** A collection under way or finished. */
export interface CollectState {
  collect_id: string;
  command_id: string;
  expected: { section: string; title: string }[];
  done: SectionState[];
  state: "running" | "finished" | "failed";
  complete: boolean;
  error: ErrorData | null;
}

export interface NodeState {
  node: string;
  target: string;
  label: string;
  transport: "ssh" | "local" | "replay";
  /** The group it was opened with, or null. */
  group: string | null;
  /** `waiting`: the connection was lost and is made again by itself, see `reconnect`. */
  phase: Phase | "new" | "waiting" | "failed" | "closed";
  /** What the phase is doing, e.g. "trying key ~/.ssh/id_ed25519". */
  detail: string;
  /** The last phase reached before `failed` or `closed`. */
  last_phase: Phase | null;
  host: string;
  user: string;
  privileges: Privileges | null;
  limits: string[];
  /** Lines for sudoers that would give what is missing, or null. */
  sudoers: string | null;
  link: LinkInfo | null;
  /** While the connection is made again: which attempt, epoch ms of the next one (null: by a person), and why. */
  reconnect: { attempt: number; retry_at: number | null; error: ErrorData } | null;
  /** Commands waiting for a place on the connection; null when nobody waits. */
  queue: { running: number; waiting: number; limit: number } | null;
  leftovers: readonly Leftover[];
  baseline: NodeInventory | null;
  residue_report: ResidueReport | null;
  /** `asked_at`: epoch ms. */
  prompt: { prompt_id: string; prompt: Prompt; asked_at: number } | null;
  error: ErrorData | null;
  residue: string[];
  collect: CollectState | null;
  datapath: Datapath | null;
  /** `at` of the event that brought `datapath`. */
  datapath_at: number | null;
  /** The picture before the last refresh, for the comparison. */
  previous: Datapath | null;
}

/** One run of a tracer on a node. Its records are read from the host, page by page. */
export interface TraceState {
  trace_id: string;
  node: string;
  tracer: string;
  params: Readonly<Record<string, string>>;
  limits: TraceLimits;
  /** Epoch ms. */
  started_at: number;
  ended_at: number | null;
  state: "starting" | "running" | "ended" | "failed";
  command_id: string | null;
  schema: TraceSchema | null;
  /** The last of them, for the charts. */
  stats: readonly TraceStats[];
  /** Records of each name so far. */
  rows: Readonly<Record<string, number>>;
  notes: readonly TraceNote[];
  summary: TraceSummary | null;
  error: ErrorData | null;
}

/** Seconds of a trace that its charts show. */
const STATS_KEPT = 3600;
const NOTES_KEPT = 200;

export interface SessionState {
  session_id: string | null;
  last_seq: number;
  /** Node ids in the order they were added. */
  order: string[];
  nodes: Readonly<Record<string, NodeState>>;
  /** In the order they were started. */
  commands: readonly CommandRecord[];
  /** The command of each collection, by its id: what a picture was read from. */
  collections: Readonly<Record<string, string>>;
  /** In the order they were started. */
  traces: readonly TraceState[];
  /** In the order they were started. */
  runbooks: readonly RunbookRunState[];
  /** In the order they were planned; of plans that nobody approved, each node's last one. */
  changes: readonly ChangeState[];
}

export const emptySession: SessionState = {
  session_id: null,
  last_seq: 0,
  order: [],
  nodes: {},
  commands: [],
  collections: {},
  traces: [],
  runbooks: [],
  changes: [],
};

/** Applies one event. Events at or below `last_seq` were seen already and change nothing. */
export function fold(state: SessionState, event: JournalEvent): SessionState {
  if (event.seq <= state.last_seq) return state;
  return { ...apply(state, event, event.at), last_seq: event.seq };
}

/** Applies a batch in order. */
export function foldAll(state: SessionState, events: readonly JournalEvent[]): SessionState {
  return events.reduce(fold, state);
}

function apply(state: SessionState, event: EventBody, at: number): SessionState {
  switch (event.type) {
    case "session.opened":
      return { ...state, session_id: event.session_id };
    case "node.added":
      return {
        ...state,
        order: state.order.includes(event.node) ? state.order : [...state.order, event.node],
        nodes: { ...state.nodes, [event.node]: newNode(event) },
      };
    case "connection.phase":
      return onNode(state, event.node, () => ({
        phase: event.phase,
        last_phase: event.phase,
        detail: event.detail,
        error: null,
      }));
    case "connection.prompt":
      return onNode(state, event.node, () => ({
        prompt: { prompt_id: event.prompt_id, prompt: event.prompt, asked_at: at },
      }));
    case "connection.prompt_closed":
      return onNode(state, event.node, (node) => (node.prompt?.prompt_id === event.prompt_id ? { prompt: null } : {}));
    case "connection.failed":
      return onNode(state, event.node, () => ({
        phase: "failed",
        error: event.error,
        prompt: null,
        reconnect: null,
        queue: null,
      }));
    case "connection.ready":
      return onNode(state, event.node, () => ({
        phase: "ready",
        last_phase: "ready",
        detail: "",
        host: event.host,
        user: event.user,
        privileges: event.privileges,
        limits: event.limits,
        sudoers: event.sudoers ?? null,
        link: event.link ?? null,
        reconnect: null,
        queue: null,
        leftovers: [],
        residue: [],
        error: null,
      }));
    case "connection.lost": {
      const { attempt, retry_in_ms, error, residue } = event;
      const retry_at = retry_in_ms === null ? null : at + retry_in_ms;
      return onNode(state, event.node, () => ({
        phase: "waiting",
        detail: "",
        error,
        residue,
        reconnect: { attempt, retry_at, error },
        prompt: null,
        queue: null,
      }));
    }
    case "connection.queue": {
      const { running, waiting, limit } = event;
      return onNode(state, event.node, () => ({ queue: waiting === 0 ? null : { running, waiting, limit } }));
    }
    case "leftovers.found":
      return onNode(state, event.node, () => ({ leftovers: event.leftovers }));
    case "leftovers.stopped":
      return onNode(state, event.node, (node) => ({
        leftovers: node.leftovers.filter(({ id }) => !event.stopped.includes(id)),
      }));
    case "residue.baseline":
      return onNode(state, event.node, () => ({ baseline: event.inventory, residue_report: null }));
    case "residue.report":
      return onNode(state, event.node, () => ({ residue_report: event.report }));
    case "connection.closed":
      return onNode(state, event.node, () => ({
        phase: "closed",
        detail: event.reason,
        error: event.error,
        residue: event.residue,
        prompt: null,
        reconnect: null,
        queue: null,
      }));
    case "command.started": {
      const { type: _type, ...fields } = event;
      const record: CommandRecord = {
        ...fields,
        started_at: at,
        ended_at: null,
        exit: null,
        signal: null,
        stdout_bytes: 0,
        stderr_bytes: 0,
        error: null,
      };
      return { ...state, commands: [...state.commands, record] };
    }
    case "command.output":
      return onCommand(state, event.command_id, (command) =>
        event.stream === "stdout"
          ? { stdout_bytes: command.stdout_bytes + event.bytes }
          : { stderr_bytes: command.stderr_bytes + event.bytes },
      );
    case "command.ended":
      return onCommand(state, event.command_id, () => ({
        ended_at: at,
        exit: event.exit,
        signal: event.signal,
        stdout_bytes: event.stdout_bytes,
        stderr_bytes: event.stderr_bytes,
        error: event.error,
      }));
    case "collect.started": {
      const { node, collect_id, command_id, sections: expected } = event;
      const collect = { collect_id, command_id, expected, done: [], complete: false, error: null };
      return onNode({ ...state, collections: { ...state.collections, [collect_id]: command_id } }, node, () => ({
        collect: { ...collect, state: "running" as const },
      }));
    }
    case "collect.section":
      return onCollect(state, event.node, event.collect_id, (collect) => ({ done: [...collect.done, event.state] }));
    case "collect.finished":
      return onNode(
        onCollect(state, event.node, event.collect_id, () => ({ state: "finished", complete: event.complete })),
        event.node,
        (node) => ({ datapath: event.datapath, datapath_at: at, previous: node.datapath }),
      );
    case "collect.failed":
      return onCollect(state, event.node, event.collect_id, () => ({ state: "failed", error: event.error }));
    case "trace.started": {
      const { node, trace_id, tracer, params, limits } = event;
      const trace: TraceState = {
        trace_id,
        node,
        tracer,
        params,
        limits,
        started_at: at,
        ended_at: null,
        state: "starting",
        command_id: null,
        schema: null,
        stats: [],
        rows: {},
        notes: [],
        summary: null,
        error: null,
      };
      return { ...state, traces: [...state.traces, trace] };
    }
    case "trace.schema": {
      const { command_id, schema } = event;
      return onTrace(state, event.trace_id, () => ({ state: "running", command_id, schema }));
    }
    case "trace.stats":
      return onTrace(state, event.trace_id, ({ stats }) => ({
        stats: [...stats.slice(1 - STATS_KEPT), event.stats],
        rows: event.rows,
      }));
    case "trace.note":
      return onTrace(state, event.trace_id, ({ notes }) => ({ notes: [...notes.slice(1 - NOTES_KEPT), event.note] }));
    case "trace.ended": {
      const { summary, rows, error } = event;
      const ended = error === null ? "ended" : "failed";
      return onTrace(state, event.trace_id, () => ({ state: ended, ended_at: at, summary, rows, error }));
    }
    default:
      if (isRunbookEvent(event)) return { ...state, runbooks: foldRunbooks(state.runbooks, event, at) };
      if (isChangeEvent(event)) return { ...state, changes: foldChanges(state.changes, event, at) };
      // A journal of a newer version may hold events this one does not know.
      return state;
  }
}

function newNode(event: Extract<EventBody, { type: "node.added" }>): NodeState {
  return {
    node: event.node,
    target: event.target,
    label: event.label,
    transport: event.transport,
    group: event.group ?? null,
    phase: "new",
    detail: "",
    last_phase: null,
    host: "",
    user: "",
    privileges: null,
    limits: [],
    sudoers: null,
    link: null,
    reconnect: null,
    queue: null,
    leftovers: [],
    baseline: null,
    residue_report: null,
    prompt: null,
    error: null,
    residue: [],
    collect: null,
    datapath: null,
    datapath_at: null,
    previous: null,
  };
}

function onNode(state: SessionState, id: string, change: (node: NodeState) => Partial<NodeState>): SessionState {
  const node = state.nodes[id];
  return node ? { ...state, nodes: { ...state.nodes, [id]: { ...node, ...change(node) } } } : state;
}

function onCollect(
  state: SessionState,
  id: string,
  collectId: string,
  change: (collect: CollectState) => Partial<CollectState>,
): SessionState {
  return onNode(state, id, (node) =>
    node.collect?.collect_id === collectId ? { collect: { ...node.collect, ...change(node.collect) } } : {},
  );
}

function onTrace(state: SessionState, id: string, change: (trace: TraceState) => Partial<TraceState>): SessionState {
  const at = state.traces.findLastIndex((trace) => trace.trace_id === id);
  const trace = state.traces[at];
  return trace ? { ...state, traces: state.traces.with(at, { ...trace, ...change(trace) }) } : state;
}

function onCommand(
  state: SessionState,
  commandId: string,
  change: (command: CommandRecord) => Partial<CommandRecord>,
): SessionState {
  const at = state.commands.findLastIndex((command) => command.command_id === commandId);
  const command = state.commands[at];
  return command ? { ...state, commands: state.commands.with(at, { ...command, ...change(command) }) } : state;
}
