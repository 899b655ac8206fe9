/**
 * The answering end: checks each request against the contract and runs its handler.
 *
 * The other side is not trusted: unknown methods, bad input, frames of any shape and too many
 * requests at once are answered or ignored, never thrown. What a handler throws without error data
 * is a bug; it is reported to `onBug` here and crosses without its text.
 */
import { BpfdeskError, type ErrorData } from "../../core/errors.ts";
import {
  type CallName,
  contract,
  type ItemOf,
  type MethodName,
  type OutputOf,
  type ParsedInputOf,
  type StreamName,
} from "../contract.ts";
import { readClientFrame, WINDOW } from "./frames.ts";
import type { Port } from "./port.ts";

/** Requests one port may have running. */
const MAX_RUNNING = 256;

interface CallContext {
  /** Aborted when nobody waits for the answer any more. */
  signal: AbortSignal;
}

export type Handlers = {
  [M in CallName]: (input: ParsedInputOf<M>, context: CallContext) => Promise<OutputOf<M>> | OutputOf<M>;
} & {
  [M in StreamName]: (input: ParsedInputOf<M>, context: CallContext) => AsyncIterable<ItemOf<M>>;
};

export interface ServeOptions {
  /** Told of every exception that is not a BpfdeskError. */
  onBug?(error: unknown, method: string): void;
}

interface Running {
  controller: AbortController;
  credit: number;
  /** Wakes a stream that waits for credit. */
  wake: (() => void) | null;
}

type LooseCall = (input: unknown, context: CallContext) => unknown;
type LooseStream = (input: unknown, context: CallContext) => AsyncIterable<unknown>;

/** Answers requests on the port until it closes; then every running handler's signal is aborted. */
export function serve(port: Port, handlers: Handlers, options: ServeOptions = {}): void {
  const running = new Map<number, Running>();

  port.onClose(() => {
    for (const request of running.values()) stop(request);
    running.clear();
  });
  port.onMessage((message) => {
    const frame = readClientFrame(message);
    if (!frame) return;
    const request = running.get(frame.id);
    if (frame.t === "call") {
      if (!request) void answer(frame.id, frame.method, frame.input, frame.credit);
    } else if (request && frame.t === "credit") {
      request.credit = Math.min(request.credit + frame.n, WINDOW);
      request.wake?.();
    } else if (request && frame.t === "cancel") {
      running.delete(frame.id);
      stop(request);
    }
  });

  async function answer(id: number, name: string, input: unknown, credit: number): Promise<void> {
    const request: Running = { controller: new AbortController(), credit: Math.min(credit, WINDOW), wake: null };
    const reply = (frame: object) => {
      if (running.get(id) === request) port.post({ id, ...frame });
    };
    if (running.size >= MAX_RUNNING) return port.post({ t: "err", id, error: busy });
    running.set(id, request);
    try {
      const method = knownMethod(name);
      const parsed = contract[method].input.safeParse(input);
      if (!parsed.success) throw new BpfdeskError(badInput(method, parsed.error.issues));
      const context = { signal: request.controller.signal };
      if (contract[method].kind === "call") {
        reply({ t: "ret", value: await (handlers[method] as LooseCall)(parsed.data, context) });
      } else {
        await pump((handlers[method] as LooseStream)(parsed.data, context), request, (value) =>
          reply({ t: "next", value }),
        );
        reply({ t: "end" });
      }
    } catch (error) {
      if (!(error instanceof BpfdeskError) && !request.controller.signal.aborted) options.onBug?.(error, name);
      reply({ t: "err", error: error instanceof BpfdeskError ? error.data : bug(name) });
    } finally {
      if (running.get(id) === request) running.delete(id);
    }
  }
}

/** Takes items only while the reader has credit; leaves at once when the request is stopped. */
async function pump(items: AsyncIterable<unknown>, request: Running, send: (value: unknown) => void): Promise<void> {
  const { signal } = request.controller;
  const iterator = items[Symbol.asyncIterator]();
  // Apart from the loop, so that nothing holds an item while the next one is waited for.
  const sendNext = async () => {
    const step = await unlessAborted(iterator.next(), signal);
    if (step === null || step.done) return false;
    request.credit -= 1;
    send(step.value);
    return true;
  };
  try {
    for (;;) {
      while (request.credit === 0 && !signal.aborted) {
        await new Promise<void>((resolve) => {
          request.wake = resolve;
        });
        request.wake = null;
      }
      if (signal.aborted || !(await sendNext())) return;
    }
  } finally {
    // Not awaited: a producer that is stuck in its own wait ends when that wait does.
    iterator.return?.()?.catch(() => {});
  }
}

/**
 * The result, or null when the signal comes first. Not Promise.race with one promise of the signal: that
 * would keep every result until the stream ends.
 */
function unlessAborted<T>(result: Promise<T>, signal: AbortSignal): Promise<T | null> {
  return new Promise((resolve, reject) => {
    const aborted = () => resolve(null);
    signal.addEventListener("abort", aborted, { once: true });
    result.then(resolve, reject).finally(() => signal.removeEventListener("abort", aborted));
  });
}

function stop(request: Running): void {
  request.controller.abort();
  request.wake?.();
}

function knownMethod(name: string): MethodName {
  if (Object.hasOwn(contract, name)) return name as MethodName;
  throw new BpfdeskError({
    code: "unknown-method",
    message: `This version of bpfdesk does not know the request "${name.slice(0, 80)}".`,
    hint: "Reload the window: page and host are of different versions.",
  });
}

const busy: ErrorData = {
  code: "busy",
  message: `More than ${MAX_RUNNING} requests are running at once.`,
  hint: "Wait for some of them to finish.",
};

/** Names the place of each problem, never the value: it may be a secret. */
function badInput(method: string, issues: readonly { path: PropertyKey[]; message: string }[]): ErrorData {
  const where = issues.slice(0, 3).map((issue) => `${issue.path.map(String).join(".") || "input"}: ${issue.message}`);
  return { code: "bad-input", message: `The request ${method} was not understood.`, hint: "", cause: where.join("; ") };
}

const bug = (method: string): ErrorData => ({
  code: "internal",
  message: `bpfdesk itself failed while answering ${method.slice(0, 80)}.`,
  hint: "Try again; when it happens again, report it with the log of the host.",
});
