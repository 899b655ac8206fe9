/**
 * The session a window works on: its journal and its nodes.
 *
 * Opening takes the session file it is given, else one that a killed bpfdesk left behind, else a new one.
 * One node's trouble is its own.
 */
import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { BpfdeskError } from "../../core/errors.ts";
import type { EventBody } from "../../core/journal/events.ts";
import { SESSION_FORMAT } from "../journal/database.ts";
import { type Journal, openJournal } from "../journal/journal.ts";
import { newSessionPath, unclosedSessions } from "../journal/sessions.ts";
import { createRuns, type Runs } from "../runbook/runs.ts";
import { createTraceStore, type TraceStore } from "../trace/store.ts";
import { type NodeSession, openNode } from "./node-session.ts";
import { recoverSession } from "./recover.ts";
import type { Target } from "./targets.ts";
import type { NodeWork } from "./work.ts";

export interface Session {
  readonly session_id: string;
  /** Null for a session that is not kept. */
  readonly path: string | null;
  readonly journal: Journal;
  /** The records of its traces. */
  readonly traces: TraceStore;
  /** Its runs of runbooks. */
  readonly runs: Runs;
  /** Adds a node (under a group's name, if it has one) and starts connecting; returns its id. */
  connect(target: Target, work: NodeWork, group?: string): string;
  /** Connects to a node of this session again, which may be one of before bpfdesk was stopped. Throws `no-such-node`. */
  reconnect(id: string, target: (added: AddedNode) => Target, work: NodeWork): void;
  /** The machine woke or its network changed. */
  wake(): void;
  /** Throws `no-such-node`. */
  node(id: string): NodeSession;
  /** Disconnects every node, then closes the file. */
  close(): Promise<void>;
}

export type AddedNode = Extract<EventBody, { type: "node.added" }>;

/** A node that does not answer does not hold up the end of bpfdesk; the desktop app waits 10 s for it. */
const QUIT_MS = 8000;

export interface SessionOptions {
  dataDir: string;
  /** `:memory:`, a file, or null for the one left by a crash or else a new one. */
  path: string | null;
  app_version: string;
}

/** Throws BpfdeskError when the session cannot be opened or created. */
export function openSession(options: SessionOptions): Session {
  const journal = options.path === null ? leftOrNew(options.dataDir) : openJournal(options.path);
  const session_id = begin(journal, options.app_version);
  const nodes = new Map<string, NodeSession>();
  const standing = new Set<string>();
  const traces = createTraceStore(journal);
  const noSuchNode = (node: string) =>
    new BpfdeskError({
      code: "no-such-node",
      message: "This node is not connected in this session any more.",
      hint: "Connect to it again.",
      node,
    });
  const nodeOf = (id: string) => {
    const found = nodes.get(id);
    if (found) return found;
    throw noSuchNode(id);
  };
  const runs = createRuns({ journal, traces, live: (id) => nodeOf(id).live() });
  return {
    session_id,
    path: journal.path === ":memory:" ? null : journal.path,
    journal,
    traces,
    runs,

    connect({ target, label, transport, login, connect }, work, group) {
      const node = `n${journal.last_seq + 1}`;
      const more = { ...(login ? { login } : {}), ...(group ? { group } : {}) };
      journal.append([{ type: "node.added", node, target, label, transport, ...more }]);
      nodes.set(node, openNode({ journal, node, connect, work, standing, traces }));
      return node;
    },

    reconnect(id, target, work) {
      const open = nodes.get(id);
      if (open) return open.reconnect();
      const [added] = journal.ofTypes(["node.added"], id);
      if (!added) throw noSuchNode(id);
      const { connect } = target(added);
      nodes.set(id, openNode({ journal, node: id, connect, work, standing, traces }));
    },

    wake() {
      for (const node of nodes.values()) node.wake();
    },

    node: nodeOf,

    async close() {
      runs.end();
      await Promise.all([...nodes.values()].map((node) => node.disconnect("bpfdesk is closing", QUIT_MS)));
      const empty = options.path === null && journal.last_seq <= 1;
      journal.close();
      // A session in which nothing was done is not worth a file.
      if (empty) rmSync(journal.path, { force: true });
    },
  };
}

/** One that is in use by another bpfdesk, or cannot be read, is left alone. */
function leftOrNew(dataDir: string): Journal {
  for (const path of unclosedSessions(dataDir)) {
    try {
      return openJournal(path);
    } catch {
      // Not this one; a new session is always possible.
    }
  }
  return openJournal(newSessionPath(dataDir, Date.now()));
}

/** The id of a session that has one, after bringing it up to date; else writes its first event. */
function begin(journal: Journal, app_version: string): string {
  const [first] = journal.read(0, 1);
  if (first?.type === "session.opened") {
    recoverSession(journal);
    return first.session_id;
  }
  const session_id = randomUUID();
  journal.append([{ type: "session.opened", session_id, format: SESSION_FORMAT, app_version }]);
  return session_id;
}
