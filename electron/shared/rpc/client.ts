/**
 * The asking end: typed calls and streams over a port.
 *
 * Every call settles and every stream ends, whatever happens to the other side. Does not retry and
 * does not reconnect: whoever owns the port decides that.
 */
import { BpfdeskError, type ErrorData } from "../../core/errors.ts";
import type { CallName, InputOf, ItemOf, OutputOf, StreamName } from "../contract.ts";
import { readServerFrame, type ServerFrame, WINDOW } from "./frames.ts";
import type { Port } from "./port.ts";
import { createStreamReader } from "./stream-reader.ts";

/** Longest time a call may take when the caller names none, in ms. */
const DEADLINE_MS = 120_000;

interface CallOptions {
  signal?: AbortSignal;
  /** Limit in ms, default 120 s. */
  deadline_ms?: number;
}

export interface Client {
  /** Resolves with the method's output; rejects with a BpfdeskError (see README for its codes). */
  call<M extends CallName>(method: M, input: InputOf<M>, options?: CallOptions): Promise<OutputOf<M>>;
  /** A stream that starts when it is read and stops when its reader stops. Read each result once. */
  stream<M extends StreamName>(
    method: M,
    input: InputOf<M>,
    options?: { signal?: AbortSignal },
  ): AsyncIterableIterator<ItemOf<M>>;
  /** Resolves when the port is gone. */
  readonly closed: Promise<void>;
  close(): void;
}

type Receiver = (frame: ServerFrame) => void;

const hostLost: ErrorData = {
  code: "host-lost",
  message: "The part of bpfdesk that talks to nodes has stopped or was cut off.",
  hint: "Reload the window: the session is kept on disk and opens where it was.",
};
const cancelled: ErrorData = { code: "cancelled", message: "Cancelled.", hint: "" };

/** A client on a port; it takes the port's receiver. */
export function createClient(port: Port): Client {
  const pending = new Map<number, Receiver>();
  let nextId = 1;
  let open = true;

  port.onMessage((message) => {
    const frame = readServerFrame(message);
    if (frame) pending.get(frame.id)?.(frame);
  });
  const closed = new Promise<void>((resolve) => {
    port.onClose(() => {
      open = false;
      for (const [id, receive] of [...pending]) receive({ t: "err", id, error: hostLost });
      resolve();
    });
  });

  /** Registers a request; the returned function forgets it and, when it is still running, stops it. */
  function start(method: string, input: unknown, credit: number, receive: Receiver) {
    const id = nextId++;
    pending.set(id, (frame) => {
      if (frame.t !== "next") pending.delete(id);
      receive(frame);
    });
    if (open) port.post({ t: "call", id, method, input, credit });
    else queueMicrotask(() => pending.get(id)?.({ t: "err", id, error: hostLost }));
    return {
      id,
      stop() {
        if (pending.delete(id) && open) port.post({ t: "cancel", id });
      },
    };
  }

  return {
    closed,
    close: () => port.close(),

    call<M extends CallName>(method: M, input: InputOf<M>, options: CallOptions = {}) {
      const { signal, deadline_ms = DEADLINE_MS } = options;
      return new Promise<OutputOf<M>>((resolve, reject) => {
        if (signal?.aborted) return reject(new BpfdeskError(cancelled));
        const settle = (frame: ServerFrame) => {
          clearTimeout(timer);
          signal?.removeEventListener("abort", abort);
          if (frame.t === "ret") resolve(frame.value as OutputOf<M>);
          else reject(new BpfdeskError(frame.t === "err" ? frame.error : wrongAnswer(method)));
        };
        const request = start(method, input, 0, settle);
        const giveUp = (error: ErrorData) => {
          request.stop();
          settle({ t: "err", id: request.id, error });
        };
        const abort = () => giveUp(cancelled);
        const timer = setTimeout(() => giveUp(tooLate(method, deadline_ms)), deadline_ms);
        signal?.addEventListener("abort", abort, { once: true });
      });
    },

    stream<M extends StreamName>(method: M, input: InputOf<M>, options: { signal?: AbortSignal } = {}) {
      const { signal } = options;
      return createStreamReader<ItemOf<M>>((reader) => {
        if (signal?.aborted) {
          reader.fail(new BpfdeskError(cancelled));
          return { consumed: () => {}, stop: () => {} };
        }
        const abort = () => {
          stop();
          reader.fail(new BpfdeskError(cancelled));
        };
        signal?.addEventListener("abort", abort, { once: true });
        const request = start(method, input, WINDOW, (frame) => {
          if (frame.t === "next") return reader.push(frame.value as ItemOf<M>);
          signal?.removeEventListener("abort", abort);
          if (frame.t === "end") reader.end();
          else reader.fail(new BpfdeskError(frame.t === "err" ? frame.error : wrongAnswer(method)));
        });
        const stop = () => {
          signal?.removeEventListener("abort", abort);
          request.stop();
        };
        return {
          stop,
          consumed: (n) => {
            if (open && pending.has(request.id)) port.post({ t: "credit", id: request.id, n });
          },
        };
      });
    },
  };
}

const tooLate = (method: string, ms: number): ErrorData => ({
  code: "deadline",
  message: `No answer to ${method} within ${Math.round(ms / 1000)} s.`,
  hint: "Try again; when it stays like this, disconnect the node and connect anew.",
});

const wrongAnswer = (method: string): ErrorData => ({
  code: "internal",
  message: `The answer to ${method} had the wrong form.`,
  hint: "Reload the window.",
});
