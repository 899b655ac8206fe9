/** One node's state, kept up to date from the session's events, as a window keeps it. */
import { BpfdeskError } from "../core/errors.ts";
import { emptySession, foldAll, type NodeState } from "../core/journal/state.ts";
import type { Client } from "../shared/rpc/client.ts";

export interface Followed {
  /** Resolves with the state as soon as it passes the test; rejects when the events end before. */
  until(test: (node: NodeState) => boolean): Promise<NodeState>;
  stop(): void;
}

/** Calls `onChange` with every new state, in order. */
export function followNode(
  client: Client,
  session_id: string,
  node: string,
  onChange: (state: NodeState) => void,
): Followed {
  const reading = new AbortController();
  const waiting = new Set<{ check(): void; reject(error: unknown): void }>();
  let state: NodeState | undefined;
  let over: unknown = null;

  async function read(): Promise<never> {
    let session = emptySession;
    for await (const events of client.stream("session.events", { session_id, after_seq: 0 }, reading)) {
      session = foldAll(session, events);
      const now = session.nodes[node];
      if (!now || now === state) continue;
      state = now;
      onChange(now);
      for (const one of [...waiting]) one.check();
    }
    throw new BpfdeskError({
      code: "closed-early",
      message: "The session was closed before the picture was complete.",
      hint: "Run it again; the session file, if one was given, holds what happened.",
    });
  }
  read().catch((error: unknown) => {
    over = error;
    for (const one of waiting) one.reject(error);
  });

  return {
    until(test) {
      return new Promise((resolve, reject) => {
        const one = {
          check() {
            if (!state || !test(state)) return;
            waiting.delete(one);
            resolve(state);
          },
          reject,
        };
        waiting.add(one);
        one.check();
        if (over) reject(over);
      });
    },
    stop: () => reading.abort(),
  };
}
