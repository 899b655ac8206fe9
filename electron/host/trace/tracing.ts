/**
 * Tracers on one connection that stands: put on the node when first needed, any number run at a time, all ended and
 * taken away before the node is left.
 */
import { z } from "zod";
import { BpfdeskError, type ErrorData } from "../../core/errors.ts";
import type { EventBody } from "../../core/journal/events.ts";
import { hasRoot } from "../../core/privileges.ts";
import type { TracerCheck } from "../../shared/contract.ts";
import { within } from "../session/limit.ts";
import { cancelled } from "../session/prompts.ts";
import type { LentBinary, NodeWork } from "../session/work.ts";
import { execChecked } from "../tools/checked.ts";
import { firstText, lastText } from "../transport/text.ts";
import type { NodeTransport } from "../transport/types.ts";
import { checkArgv, type TraceOrder } from "./command.ts";
import { startTrace, type TraceRun } from "./run.ts";
import type { TraceStore } from "./store.ts";

export interface Tracing {
  /** Starts one; how it goes comes as events. Throws `no-root`, `not-live` or `too-many-traces`. */
  start(order: TraceOrder): { trace_id: string };
  /** Ends it as its time limit would. Throws `no-such-trace`. */
  stop(trace_id: string): void;
  /** What this kernel offers tracers. */
  check(signal: AbortSignal): Promise<TracerCheck>;
  /** Ends all of them and takes the tracers away, within the limit in ms. Returns what is left, in words. Never rejects. */
  end(limit_ms: number): Promise<string[]>;
  /** The connection is gone: tells the end of all that ran. Returns what may be left, in words. Never rejects. */
  lost(error: ErrorData): Promise<string[]>;
}

export interface TracingParts {
  node: string;
  /** Records what is run over it. */
  transport: NodeTransport;
  lendTracers: NodeWork["lendTracers"];
  /** The id that the next command with this key will have. */
  reserve(record_key: string): string;
  /** Awaited before anything is put on the node. */
  beforeLending(): Promise<void>;
  store: TraceStore;
  traceId(): string;
  tell(...events: EventBody[]): void;
}

/** Each keeps a session of the connection, of which servers allow ten, and one picture needs one too. */
const AT_ONCE = 6;
/** Loading and attaching a program for each feature, on a slow machine. */
const CHECK_MS = 120_000;
const ANSWER = 1024 * 1024;
const LAST_WORDS = 2000;

export function createTracing(parts: TracingParts): Tracing {
  const { node, transport, tell, store } = parts;
  const { host } = transport;
  const over = new AbortController();
  const runs = new Map<string, TraceRun>();
  let lending: Promise<LentBinary> | null = null;

  /** The same for all; what failed, or is gone, is lent again to the next. */
  async function lend(signal: AbortSignal): Promise<LentBinary> {
    const before = lending;
    const there = await before?.catch(() => null);
    if (there && !there.gone) return there;
    if (lending === before) lending = lendNow();
    return lending ? unlessAborted(lending, signal) : lend(signal);
  }

  async function lendNow(): Promise<LentBinary> {
    if (!parts.lendTracers) throw notLive(host);
    await parts.beforeLending();
    if (over.signal.aborted) throw cancelled(host);
    return parts.lendTracers(transport, { signal: over.signal });
  }

  /** Who is not waiting any more does not keep the others from it. */
  function unlessAborted(lent: Promise<LentBinary>, signal: AbortSignal): Promise<LentBinary> {
    return new Promise((resolve, reject) => {
      const aborted = () => reject(cancelled(host));
      if (signal.aborted) aborted();
      signal.addEventListener("abort", aborted, { once: true });
      lent.then(resolve, reject).finally(() => signal.removeEventListener("abort", aborted));
    });
  }

  function mayTrace(): void {
    if (transport.kind === "replay" || !parts.lendTracers) throw notLive(host);
    if (!hasRoot(transport.privileges)) throw noRoot(transport);
  }

  return {
    start(order) {
      mayTrace();
      if (runs.size >= AT_ONCE) throw tooMany(host);
      const trace_id = parts.traceId();
      tell({ type: "trace.started", node, trace_id, ...order, params: { ...order.params } });
      const live = store.started(trace_id);
      const run = startTrace({
        ...order,
        ...live,
        node,
        trace_id,
        transport,
        reserve: parts.reserve,
        lend: async (signal) => (await lend(signal)).path,
        tell,
      });
      runs.set(trace_id, run);
      void run.done.then(() => {
        runs.delete(trace_id);
        live.ended();
      });
      return { trace_id };
    },

    stop(trace_id) {
      const run = runs.get(trace_id);
      if (run) return run.stop();
      throw new BpfdeskError({
        code: "no-such-trace",
        message: `This trace does not run on ${host} any more.`,
        hint: "It has ended.",
        node,
      });
    },

    async check(signal) {
      mayTrace();
      const { path } = await lend(signal);
      const execution = await execChecked(transport, {
        argv: checkArgv(path),
        root: true,
        timeout_ms: CHECK_MS,
        signal,
        record_key: "tracers-check",
      });
      const [stdout, stderr] = await Promise.all([
        firstText(execution.stdout, ANSWER),
        lastText(execution.stderr, LAST_WORDS),
        execution.exited,
      ]);
      return checkOf(stdout, stderr, host);
    },

    async end(limit_ms) {
      const ending = [...runs.values()];
      for (const run of ending) run.stop({ patience_ms: limit_ms / 2 });
      await within(Promise.all(ending.map(({ done }) => done)), limit_ms);
      over.abort();
      const lent = await lending?.catch(() => null);
      return (await lent?.remove()) ?? [];
    },

    async lost(error) {
      over.abort();
      const ending = [...runs.values()];
      for (const run of ending) run.stop({ why: error });
      await Promise.all(ending.map(({ done }) => done));
      const lent = await lending?.catch(() => null);
      return (await lent?.remove()) ?? [];
    },
  };
}

const checkSchema = z.object({
  kernel: z.string(),
  arch: z.string(),
  features: z.record(z.string(), z.object({ available: z.boolean(), why: z.string() })),
  tracers: z.record(
    z.string(),
    z.object({
      variant: z.string().nullable(),
      proves: z.string(),
      refused: z.string().nullable(),
      fallbacks: z.array(z.object({ wanted: z.string(), why: z.string() })),
    }),
  ),
});

function checkOf(stdout: string, stderr: string, node: string): TracerCheck {
  try {
    return checkSchema.parse(JSON.parse(stdout));
  } catch {
    throw new BpfdeskError({
      code: "no-answer",
      message: `The tracers on ${node} did not say what its kernel offers.`,
      hint: "The node may forbid programs that are not installed (SELinux, fapolicyd), or BPF to root (lockdown).",
      node,
      ...(stderr.trim() === "" ? {} : { cause: stderr.trim() }),
    });
  }
}

function notLive(node: string): BpfdeskError {
  return new BpfdeskError({
    code: "not-live",
    message: `${node} is a record: there is nothing to trace.`,
    hint: "Connect to the node itself.",
    node,
  });
}

function noRoot({ host, user, rootRefused }: NodeTransport): BpfdeskError {
  return new BpfdeskError({
    code: "no-root",
    message: `A tracer needs root on ${host}, and ${user} has none${rootRefused ? `: ${rootRefused}` : ""}.`,
    hint: "Connect as root or as a user whom sudo gives a shell as root.",
    node: host,
  });
}

function tooMany(node: string): BpfdeskError {
  return new BpfdeskError({
    code: "too-many-traces",
    message: `${AT_ONCE} tracers run on ${node} already; each keeps a session of the connection.`,
    hint: "Stop one first.",
    node,
  });
}
