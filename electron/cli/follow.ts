/** The nodes' states, kept up to date from the session's events, as a window keeps them. */
import { BpfdeskError } from "../core/errors.ts";
import { type ChangeState, isChangeEvent } from "../core/journal/changes.ts";
import type { JournalEvent } from "../core/journal/events.ts";
import { isRunbookEvent, type RunbookRunState } from "../core/journal/runbooks.ts";
import { emptySession, foldAll, type NodeState, type SessionState, type TraceState } from "../core/journal/state.ts";
import type { Client } from "../shared/rpc/client.ts";

export interface Followed {
  /** Resolves with the node's state as soon as it passes the test; rejects when the events end before. */
  until(node: string, test: (node: NodeState) => boolean): Promise<NodeState>;
  /** Resolves with the trace when it has ended; rejects when the events end before. */
  traced(trace_id: string): Promise<TraceState>;
  /** Resolves with the run of a runbook as soon as it passes the test; rejects when the events end before. */
  run(run_id: string, test: (run: RunbookRunState) => boolean): Promise<RunbookRunState>;
  /** Resolves with a change, planned or made, as soon as it passes the test; rejects when the events end before. */
  change(plan_id: string, test: (change: ChangeState) => boolean): Promise<ChangeState>;
  /** Everything, as far as it is known here. */
  session(): SessionState;
  /** Lets go of a node's picture, which nobody asks for any more. */
  forget(node: string): void;
  stop(): void;
}

/** Calls `onChange` with every new state of every node, in order. */
export function followNodes(client: Client, session_id: string, onChange: (state: NodeState) => void): Followed {
  const reading = new AbortController();
  const waiting = new Map<string, Set<{ check(): void; reject(error: unknown): void }>>();
  let session = emptySession;
  let over: unknown = null;

  async function read(): Promise<never> {
    for await (const events of client.stream("session.events", { session_id, after_seq: 0 }, reading)) {
      const before = session.nodes;
      session = foldAll(session, events);
      for (const node of nodesOf(events)) {
        const now = session.nodes[node];
        if (!now || now === before[node]) continue;
        onChange(now);
        wake(node);
      }
      for (const event of events) {
        if (event.type === "trace.ended") wake(event.trace_id);
        else if (isRunbookEvent(event)) wake(event.run_id);
        else if (isChangeEvent(event)) wake(event.type === "change.planned" ? event.plan.plan_id : event.plan_id);
      }
    }
    throw new BpfdeskError({
      code: "closed-early",
      message: "The session was closed before the picture was complete.",
      hint: "Run it again; the session file, if one was given, holds what happened.",
    });
  }
  read().catch((error: unknown) => {
    over = error;
    for (const all of waiting.values()) for (const one of all) one.reject(error);
  });

  function wake(id: string): void {
    for (const one of [...(waiting.get(id) ?? [])]) one.check();
  }

  /** What `look` finds of a node or a trace, as soon as it finds something. */
  function wait<T>(id: string, look: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const all = waiting.get(id) ?? new Set();
      waiting.set(id, all);
      const one = {
        check() {
          const found = look();
          if (found === undefined) return;
          all.delete(one);
          resolve(found);
        },
        reject,
      };
      all.add(one);
      one.check();
      if (over) reject(over);
    });
  }

  return {
    until: (node, test) =>
      wait(node, () => {
        const state = session.nodes[node];
        return state && test(state) ? state : undefined;
      }),
    traced: (trace_id) =>
      wait(trace_id, () => session.traces.find((one) => one.trace_id === trace_id && one.ended_at !== null)),
    run: (run_id, test) => wait(run_id, () => session.runbooks.find((one) => one.run_id === run_id && test(one))),
    change: (plan_id, test) =>
      wait(plan_id, () => session.changes.find((one) => one.plan.plan_id === plan_id && test(one))),
    session: () => session,
    forget(node) {
      const state = session.nodes[node];
      if (!state) return;
      const bare = { ...state, datapath: null, previous: null, baseline: null };
      session = { ...session, nodes: { ...session.nodes, [node]: bare } };
    },
    stop: () => reading.abort(),
  };
}

function nodesOf(events: readonly JournalEvent[]): Set<string> {
  return new Set(events.flatMap((event) => ("node" in event ? [event.node] : [])));
}
