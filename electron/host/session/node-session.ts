/**
 * One node's life in a session: connect, collect as often as asked, disassemble, come back after a loss, leave.
 *
 * Everything that happens becomes events; nothing is returned that a window could not learn from them.
 * How to connect and what to ask is given to it, so it is the same for SSH, this machine, a replay and
 * tests. A failure here never leaves this node. When what is done is in `life.ts`, the work in `live-node.ts`.
 */
import { BpfdeskError, type ChangedHostKey, type ErrorData } from "../../core/errors.ts";
import type { EventBody } from "../../core/journal/events.ts";
import type { PromptAnswer } from "../../shared/contract.ts";
import { createChangeRecord } from "../change/record.ts";
import type { Journal } from "../journal/journal.ts";
import { type PlayingRuns, playRuns } from "../runbook/recorded.ts";
import { type Playing, playTraces } from "../trace/recorded.ts";
import type { TraceStore } from "../trace/store.ts";
import type { NodeTransport } from "../transport/types.ts";
import { startAttempt } from "./attempt.ts";
import { recordEarly } from "./early-commands.ts";
import { type Life, startLife } from "./life.ts";
import { limitsOf } from "./limits.ts";
import { type LiveNode, workOn } from "./live-node.ts";
import { createPrompter } from "./prompts.ts";
import { createProof, nothingSeen } from "./proof.ts";
import { createRecorder } from "./recorder.ts";
import { recordTransport } from "./recording-transport.ts";
import type { Connect, NodeWork } from "./work.ts";

export interface NodeSession {
  readonly node: string;
  answer(prompt_id: string, answer: PromptAnswer): void;
  /** Ends connecting, waiting for the next try, or a running collection. */
  cancel(): void;
  /** Starts a collection. Throws `not-ready` or `collecting`. */
  collect(): { collect_id: string };
  disassemble(prog_id: number): Promise<{ text: string; command_id: string }>;
  /** Of the connection that stands. Throws `not-ready`. */
  tracing(): LiveNode["tracing"];
  /** Of the connection that stands. Throws `not-ready`. */
  changing(): LiveNode["changing"];
  /** The work on the connection that stands. Throws `not-ready`. */
  live(): LiveNode;
  /** Why there is no connection, as far as it was told last; null while one stands. */
  readonly error: ErrorData | null;
  /** Stops what earlier connections left. Rejects with `not-ready` or `no-such-leftover`. */
  stopLeftovers(ids: readonly string[]): Promise<void>;
  /** What the node was refused for, when that is its changed host key. Throws `no-changed-key` otherwise. */
  changedHostKey(): ChangedHostKey;
  /** Connects again now: one that was lost, that failed, or that was left. */
  reconnect(): void;
  /** The machine woke or its network changed: see whether the connection survived, or try again now. */
  wake(): void;
  /** Removes what was lent to the node and closes, within the limit in ms. Never rejects; the events say how it went. */
  disconnect(reason: string, limit_ms: number): Promise<void>;
}

export interface NodeOptions {
  journal: Journal;
  node: string;
  connect: Connect;
  work: NodeWork;
  /** Tags of all connections that stand in this process. */
  standing: Set<string>;
  /** The records of the session's traces. */
  traces: TraceStore;
}

/** Starts connecting at once; a first collection follows by itself. */
export function openNode({ journal, node, connect, work, standing, traces }: NodeOptions): NodeSession {
  const recorder = createRecorder(journal, node);
  const prompter = createPrompter(journal, node);
  const first = nothingSeen();
  let collections = 0;
  let started = 0;
  let played = 0;

  /** A journal that cannot be written has told its readers so; work that nobody can see is stopped. */
  function tell(...events: EventBody[]): void {
    try {
      journal.append(events);
    } catch {
      life.halt();
    }
  }

  const life: Life = startLife({
    node,
    tell,
    attempt: ({ signal, loud }) =>
      startAttempt({ node, connect, prompter, onCommand: recordEarly(recorder), signal, loud, tell }),
    live(inner) {
      const transport = recordTransport(inner, recorder);
      const proof = createProof({ node, transport, work: work.residue, first, standing, tell });
      const collectId = () => `${node}.${journal.last_seq}.collect${++collections}`;
      const traceId = () => `${node}.${journal.last_seq}.trace${++started}`;
      const runId = () => `${node}.${journal.last_seq}.played${++played}`;
      void playRecord(inner, { node, recorder, traceId, runId, tell });
      const changes = createChangeRecord(journal, node);
      const ids = { collectId, traceId };
      return workOn({ node, transport, work, recorder, prompter, proof, traces, changes, tell, ...ids });
    },
    describe: (inner) => readyEvent(node, inner, work),
  });

  function ready(): LiveNode {
    if (life.live) return life.live;
    throw new BpfdeskError({
      code: "not-ready",
      message: "This node is not connected.",
      hint: "Wait until the connection stands, or connect again.",
      node,
    });
  }

  return {
    node,
    answer: prompter.answer,
    cancel() {
      if (life.live) life.live.cancel();
      else life.cancel();
    },
    collect: () => ready().collect(),
    disassemble: async (prog_id) => ready().disassemble(prog_id),
    tracing: () => ready().tracing,
    changing: () => ready().changing,
    live: ready,
    get error() {
      return life.error;
    },
    stopLeftovers: async (ids) => ready().stopLeftovers(ids),
    changedHostKey() {
      if (life.error?.host_key) return life.error.host_key;
      throw new BpfdeskError({
        code: "no-changed-key",
        message: "This node was not refused for its host key.",
        hint: "Connect again; a key that has changed is shown then.",
        node,
      });
    },
    reconnect: life.reconnect,
    wake: life.wake,
    disconnect: life.disconnect,
  };
}

/** What was run in a session that is opened as a node. */
async function playRecord(
  { traces, runs }: NodeTransport,
  playing: Playing & Omit<PlayingRuns, "traces">,
): Promise<void> {
  const ids = await playTraces(traces ?? [], playing);
  await playRuns(runs ?? [], { ...playing, traces: ids });
}

function readyEvent(node: string, transport: NodeTransport, work: NodeWork): EventBody {
  const { host, user, privileges, sudoers, link } = transport;
  return {
    type: "connection.ready",
    node,
    host,
    user,
    privileges,
    limits: limitsOf(transport, work.sections),
    ...(sudoers === undefined ? {} : { sudoers }),
    ...(link === undefined ? {} : { link }),
  };
}
