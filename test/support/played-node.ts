/** A node whose connections are played by a test, over a clock that the test turns: nothing is real but the journal. */
import { afterEach, beforeEach, expect, vi } from "vitest";
import { BpfdeskError } from "../../electron/core/errors.ts";
import type { EventBody, JournalEvent } from "../../electron/core/journal/events.ts";
import { emptySession, foldAll, type NodeState } from "../../electron/core/journal/state.ts";
import { type Journal, openJournal } from "../../electron/host/journal/journal.ts";
import { type NodeSession, openNode } from "../../electron/host/session/node-session.ts";
import { smallSnapshot } from "../../electron/host/session/testing/service.ts";
import type { ConnectContext, NodeWork } from "../../electron/host/session/work.ts";
import { snapshotRecording } from "../../electron/host/snapshot/recording.ts";
import { createTraceStore } from "../../electron/host/trace/store.ts";
import { replayTransport } from "../../electron/host/transport/replay.ts";
import type { NodeTransport } from "../../electron/host/transport/types.ts";

export const HOUR = 3_600_000;

/** One try to connect. */
export type Play = (context: ConnectContext) => Promise<NodeTransport>;

/** Turns the clock, in ms, and lets all happen that is due. */
export const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms);

export const failure = (code: string) => new BpfdeskError({ code, message: `It was ${code}.`, hint: "" });

export const fails =
  (code: string): Play =>
  async ({ onPhase }) => {
    onPhase("resolving", "node-1");
    onPhase("connecting", "node-1 port 22");
    throw failure(code);
  };

/** Goes on until it is cancelled. */
export const slow: Play = ({ signal }) =>
  new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(failure("cancelled")));
  });

/** A connection that stands until it is lost. */
export function connection(changes: Partial<NodeTransport> = {}) {
  let listener = (_error: Error) => {};
  const transport: NodeTransport = {
    ...replayTransport(snapshotRecording(smallSnapshot)),
    kind: "ssh",
    close: async () => {},
    onLost: (told) => {
      listener = told;
    },
    ...changes,
  };
  return { stands: async () => transport, lose: () => listener(failure("connection-lost")) };
}

export interface Played {
  /** When each was begun. */
  tries: number[];
  collected: number[];
  /** The most tries that ran at the same time. */
  mostAtOnce(): number;
  /** ms from one try to the next. */
  pauses(): number[];
}

export interface PlayedNode {
  /** The one started last. */
  readonly node: NodeSession;
  /** Starts a node whose tries are played in order; the last play is repeated. */
  start(plays: Play[], options?: { work?: Partial<NodeWork>; path?: string }): Played;
  events(): JournalEvent[];
  ofType<T extends EventBody["type"]>(type: T): Extract<JournalEvent, { type: T }>[];
  state(): NodeState | undefined;
  /** What was said at each loss. */
  lostEvents(): { attempt: number; retry_in_ms: number | null }[];
  /** Before the test's end, so that its file can be looked at. */
  closeJournal(): void;
}

/** For the top of a file. A test must leave no timer behind. */
export function playedNode(): PlayedNode {
  let journal: Journal | null = null;
  const sessions: NodeSession[] = [];
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date", "performance"] });
    // The longest delay that chance can give, so that times are exact.
    vi.spyOn(Math, "random").mockReturnValue(1);
  });
  afterEach(async () => {
    for (const session of sessions.splice(0)) {
      const left = session.disconnect("end of test", 1000);
      await pass(5000);
      await left;
    }
    expect(vi.getTimerCount()).toBe(0);
    journal?.close();
    journal = null;
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  const events = () => journal?.read(0, 100_000) ?? [];
  const ofType = <T extends EventBody["type"]>(type: T) =>
    events().filter((event): event is Extract<JournalEvent, { type: T }> => event.type === type);

  return {
    get node() {
      const node = sessions.at(-1);
      if (!node) throw new Error("no node was started");
      return node;
    },
    start(plays, options = {}) {
      const tries: number[] = [];
      const collected: number[] = [];
      let running = 0;
      let most = 0;
      journal = openJournal(options.path ?? ":memory:");
      journal.append([{ type: "node.added", node: "n1", target: "node-1", label: "node-1", transport: "ssh" }]);
      const node = openNode({
        journal,
        node: "n1",
        standing: new Set(),
        traces: createTraceStore(journal),
        connect: async (context) => {
          tries.push(Date.now());
          running += 1;
          most = Math.max(most, running);
          const play = plays[Math.min(tries.length, plays.length) - 1];
          return (play ?? fails("connect-failed"))(context).finally(() => {
            running -= 1;
          });
        },
        work: {
          sections: [],
          ensureBpftool: async () => ({ bpftool: null, cleanup: async () => [] }),
          collectNode: async () => {
            collected.push(Date.now());
            return smallSnapshot.collected;
          },
          collectFollowUp: async () => ({ sections: [], complete: true, noise: "" }),
          ...options.work,
        },
      });
      sessions.push(node);
      return {
        tries,
        collected,
        mostAtOnce: () => most,
        pauses: () => tries.slice(1).map((at, index) => at - (tries[index] ?? 0)),
      };
    },
    events,
    ofType,
    state: () => foldAll(emptySession, events()).nodes.n1,
    lostEvents: () => ofType("connection.lost").map(({ attempt, retry_in_ms }) => ({ attempt, retry_in_ms })),
    closeJournal() {
      journal?.close();
      journal = null;
    },
  };
}
