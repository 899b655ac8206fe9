/**
 * A node's connection as a state machine:
 *
 *     connecting → ready → waiting → connecting → …          (lost, and made again by itself)
 *     connecting → failed                                      (the first try; a person tries again)
 *     any → closing → closed
 *
 * One try at a time. A lost connection is tried again while the trouble is the network's; whatever would come
 * again at every try (a refusal, a question nobody answered) waits for a person. What is done on a connection
 * that stands is in `live-node.ts`.
 */
import { BpfdeskError, type ErrorData } from "../../core/errors.ts";
import type { EventBody } from "../../core/journal/events.ts";
import type { NodeTransport } from "../transport/types.ts";
import type { Attempt } from "./attempt.ts";
import { backoffMs } from "./backoff.ts";
import { failureData } from "./failure.ts";
import { within } from "./limit.ts";
import type { LiveNode } from "./live-node.ts";
import { createOutageLog } from "./outage-log.ts";
import { connectionStands } from "./probe.ts";
import { cancelled } from "./prompts.ts";
import { isTransient } from "./transient.ts";

export interface Life {
  /** The connection that stands, or null. */
  readonly live: LiveNode | null;
  /** Why there is no connection, as far as it was told last; null while one stands. */
  readonly error: ErrorData | null;
  /** Ends the try to connect that runs, or the waiting for the next one. */
  cancel(): void;
  /** Tries at once. A connection that stands is looked at, and replaced only when it carries nothing. */
  reconnect(): void;
  /** The machine woke or its network changed. */
  wake(): void;
  /** Never rejects; resolves when the node is left, or the limit is over. */
  disconnect(reason: string, limit_ms: number): Promise<void>;
  /** Nothing can be recorded any more: ends what runs. */
  halt(): void;
}

export interface LifeParts {
  node: string;
  tell(...events: EventBody[]): void;
  attempt(options: { signal: AbortSignal; loud: boolean }): Attempt;
  /** A connection came about. */
  live(transport: NodeTransport): LiveNode;
  /** Told as `connection.ready`. */
  describe(transport: NodeTransport): EventBody;
}

/** `number`: 0 for a person's try to reach a node anew, else counted since the connection last stood. */
type State =
  | { is: "connecting"; number: number; controller: AbortController; done: Promise<void> }
  | { is: "ready"; number: number; live: LiveNode; since: number; probes: number }
  | { is: "waiting"; number: number; automatic: boolean; timer: NodeJS.Timeout | null; told: Promise<void> }
  | { is: "failed" | "new" }
  | { is: "closed"; done: Promise<void> };

/** A connection that stood this long counts as stable: the next loss is a new outage. */
const STABLE_MS = 60_000;
/** How long a try that was given up may take to end, in ms. */
const GIVE_UP_MS = 3000;

/** Connects at once. */
export function startLife(parts: LifeParts): Life {
  const { node, tell } = parts;
  let state: State = { is: "new" };
  let outage = createOutageLog();
  /** What the last connection may have left, in words. */
  let residue: string[] = [];
  let lastError: ErrorData | null = null;
  let halted = false;

  function connect(number: number, loud: boolean): void {
    const controller = new AbortController();
    const before = state.is === "waiting" ? state.told : state.is === "closed" ? state.done : Promise.resolve();
    const trying: State & { is: "connecting" } = { is: "connecting", number, controller, done: Promise.resolve() };
    state = trying;
    trying.done = before.then(() => tryOnce(trying, loud));
  }

  async function tryOnce(trying: State & { is: "connecting" }, loud: boolean): Promise<void> {
    const { signal } = trying.controller;
    const attempt = parts.attempt({ signal, loud });
    try {
      const transport = await attempt.transport;
      if (signal.aborted) {
        await transport.close();
        throw cancelled(node);
      }
      stands(transport, trying.number);
    } catch (error) {
      if (state === trying) gaveUp(trying.number, failureData(error, attempt.phase, node), attempt);
    }
  }

  function stands(transport: NodeTransport, number: number): void {
    const live = parts.live(transport);
    const ready: State & { is: "ready" } = { is: "ready", number, live, since: performance.now(), probes: 0 };
    state = ready;
    residue = [];
    tell(parts.describe(transport));
    transport.onLost((error) => {
      if (state === ready) lost(ready, error);
    });
    if (state === ready) live.begin();
  }

  function gaveUp(number: number, error: ErrorData, attempt: Attempt): void {
    lastError = error;
    if (number === 0) {
      state = { is: "failed" };
      tell({ type: "connection.failed", node, error });
      return;
    }
    if (attempt.asked || !isTransient(error)) waitForPerson(number);
    else waitForRetry(number + 1, attempt.loud);
  }

  /** The number of the next try. */
  function lost(ready: State & { is: "ready" }, failure: unknown): number {
    const { live, number, since } = ready;
    lastError = failureData(failure, live.phase, live.transport.host);
    const stable = number === 0 || performance.now() - since >= STABLE_MS;
    if (stable) outage = createOutageLog();
    const next = stable ? 1 : number + 1;
    const told = live.abandon(lastError).then((words) => {
      residue = words;
      // A person or a wake-up may have been quicker than the last words.
      if (state === waiting) waitForRetry(next, true);
      else if (state.is === "connecting") tellLost(next, 0);
    });
    const waiting: State = { is: "waiting", number: next, automatic: true, timer: null, told };
    state = waiting;
    return next;
  }

  function waitForRetry(number: number, loud: boolean): void {
    if (halted) return;
    const retry_in_ms = backoffMs(number);
    const timer = setTimeout(() => connect(number, outage.mayTell()), retry_in_ms);
    state = { is: "waiting", number, automatic: true, timer, told: Promise.resolve() };
    if (loud) tellLost(number, retry_in_ms);
  }

  function waitForPerson(number: number): void {
    const told = state.is === "waiting" ? state.told : Promise.resolve();
    const waiting: State = { is: "waiting", number, automatic: false, timer: null, told };
    state = waiting;
    void told.then(() => {
      if (state === waiting) tellLost(number, null);
    });
  }

  function tellLost(attempt: number, retry_in_ms: number | null): void {
    if (lastError) tell({ type: "connection.lost", node, error: lastError, attempt, retry_in_ms, residue });
  }

  /** The next try begins now. */
  function hurry(number: number, loud: boolean): void {
    stopTimer();
    connect(number, loud);
  }

  function stopTimer(): void {
    if (state.is === "waiting" && state.timer !== null) clearTimeout(state.timer);
  }

  async function probe(): Promise<void> {
    const asked = state;
    if (asked.is !== "ready") return;
    // What is asked for while one runs may be about a later change: one more follows.
    asked.probes += 1;
    if (asked.probes > 1) return;
    let seen = 0;
    let alive = true;
    while (alive && seen < asked.probes) {
      seen = asked.probes;
      alive = await connectionStands(asked.live.transport);
    }
    asked.probes = 0;
    if (alive || state !== asked) return;
    // Silence is told and answered at once.
    hurry(lost(asked, silent(asked.live.transport.host)), true);
  }

  async function close(reason: string, limit_ms: number): Promise<void> {
    const ending = state;
    stopTimer();
    if (ending.is === "connecting") {
      ending.controller.abort();
      await within(ending.done, GIVE_UP_MS);
    }
    if (ending.is === "waiting") await within(ending.told, GIVE_UP_MS);
    const left = ending.is === "ready" ? await ending.live.leave(limit_ms) : { residue, error: null };
    tell({ type: "connection.closed", node, reason, ...left });
  }

  connect(0, true);
  return {
    get live() {
      return state.is === "ready" ? state.live : null;
    },
    get error() {
      return state.is === "ready" ? null : lastError;
    },
    cancel() {
      if (state.is === "connecting") state.controller.abort();
      else if (state.is === "waiting" && state.automatic) {
        stopTimer();
        waitForPerson(state.number);
      }
    },
    reconnect() {
      if (state.is === "waiting") hurry(state.number, true);
      else if (state.is === "failed" || state.is === "closed") connect(0, true);
      else if (state.is === "ready") void probe();
    },
    wake() {
      if (state.is === "ready") void probe();
      else if (state.is === "waiting" && state.automatic) hurry(1, outage.mayTell());
    },
    async disconnect(reason, limit_ms) {
      if (state.is === "closed") return state.done;
      if (state.is === "failed") return;
      // Decided before anything is waited for: from here on nothing else moves this node.
      const done = close(reason, limit_ms);
      state = { is: "closed", done };
      await done;
    },
    halt() {
      halted = true;
      stopTimer();
      if (state.is === "connecting") state.controller.abort();
      if (state.is === "ready") state.live.cancel();
    },
  };
}

const silent = (host: string) =>
  new BpfdeskError({
    code: "connection-lost",
    message: `The connection to ${host} did not survive: it carries nothing any more.`,
    hint: "It is made again by itself.",
    node: host,
  });
