/**
 * The work on one connection that stands: collect, disassemble, look what is left, take back, leave.
 *
 * It ends with its connection. The next connection of the same node gets another one.
 */
import { BpfdeskError, type ErrorData, type Phase } from "../../core/errors.ts";
import type { EventBody } from "../../core/journal/events.ts";
import { type Changing, createChanging } from "../change/changing.ts";
import type { ChangeRecord } from "../change/record.ts";
import type { TraceStore } from "../trace/store.ts";
import { createTracing, type Tracing } from "../trace/tracing.ts";
import type { NodeTransport } from "../transport/types.ts";
import { runCollection } from "./collection.ts";
import { disassemble } from "./disassemble.ts";
import { failureData } from "./failure.ts";
import { within } from "./limit.ts";
import { connectionStands } from "./probe.ts";
import { cancelled, type Prompter } from "./prompts.ts";
import type { Proof } from "./proof.ts";
import { createQueueTeller } from "./queue-teller.ts";
import type { Recorder } from "./recorder.ts";
import type { LentTool, NodeWork } from "./work.ts";

export interface LiveNode {
  readonly transport: NodeTransport;
  /** What it is doing. */
  readonly phase: Phase;
  /** Looks at what is there already, and collects for the first time. */
  begin(): void;
  /** Starts a collection. Throws `collecting`. */
  collect(): { collect_id: string };
  /** Ends a running collection. */
  cancel(): void;
  disassemble(prog_id: number): Promise<{ text: string; command_id: string }>;
  /** Runs these sections of the collector; the id of the command, in whose output they are. */
  readSections(names: readonly string[], signal: AbortSignal): Promise<string>;
  /** Aborted when the connection is left or gone; a connection that is gone is the reason, a BpfdeskError. */
  readonly over: AbortSignal;
  readonly tracing: Pick<Tracing, "start" | "stop" | "check">;
  readonly changing: Pick<Changing, "plan" | "approve" | "undo">;
  /** Stops what was found of earlier connections; how it went comes as an event. */
  stopLeftovers(ids: readonly string[]): Promise<void>;
  /** Takes back what was lent, looks what is left, closes; within the limit. Never rejects. */
  leave(limit_ms: number): Promise<Left>;
  /** The connection is gone: ends everything; says what may be left on the node. Never rejects. */
  abandon(error: ErrorData): Promise<string[]>;
}

export interface Left {
  /** What could not be taken back, in words. */
  residue: string[];
  error: ErrorData | null;
}

export interface LiveParts {
  node: string;
  /** Records what is run over it. */
  transport: NodeTransport;
  work: NodeWork;
  recorder: Recorder;
  prompter: Pick<Prompter, "ask">;
  proof: Proof;
  traces: TraceStore;
  changes: ChangeRecord;
  tell(...events: EventBody[]): void;
  /** A new id for a collection. */
  collectId(): string;
  /** A new id for a trace. */
  traceId(): string;
}

/** How long what is over may take to say what it leaves, in ms. */
const LAST_WORDS_MS = 2000;
/** How long tracers may take to end when the node is left, in ms; half of what there is at most. */
const TRACES_END_MS = 6000;

export function workOn(parts: LiveParts): LiveNode {
  const { node, transport, work, recorder, proof, tell } = parts;
  /** Aborted when the connection is left or gone: nobody is asked anything any more. */
  const over = new AbortController();
  const queue = createQueueTeller((now) => tell({ type: "connection.queue", node, ...now }));
  transport.onQueue?.(queue.changed);
  const tracing = createTracing({
    node,
    transport,
    lendTracers: work.lendTracers,
    reserve: (record_key) => recorder.reserve(record_key),
    beforeLending: () => proof.begun,
    store: parts.traces,
    traceId: parts.traceId,
    tell,
  });
  const changing = createChanging({
    node,
    transport,
    work: work.changes,
    reserve: (record_key) => recorder.reserve(record_key),
    beforeLending: () => proof.begun,
    record: parts.changes,
    tell,
    lookAgain: () => void lookAgain(),
  });
  let phase: Phase = "ready";
  let tool: LentTool | null = null;
  let lost: ErrorData | null = null;
  /** A collection did not come to its end: perhaps nothing moves on the line any more. */
  let doubtful = false;
  let readings = 0;
  let collecting: { controller: AbortController; done: Promise<void> } | null = null;

  function enter(next: Phase): void {
    phase = next;
    tell({ type: "connection.phase", node, phase, detail: "" });
  }

  function collect(): { collect_id: string } {
    if (collecting) {
      throw new BpfdeskError({
        code: "collecting",
        message: `${transport.host} is being collected already.`,
        hint: "Wait for it, or cancel it first.",
        node,
      });
    }
    const collect_id = parts.collectId();
    const controller = new AbortController();
    const done = run(collect_id, controller.signal);
    collecting = { controller, done };
    return { collect_id };
  }

  async function run(collect_id: string, signal: AbortSignal): Promise<void> {
    enter("collecting");
    const context = { node, collect_id, command_id: recorder.reserve("collect"), transport, work, signal, tell };
    try {
      await runCollection({ ...context, lend: () => lend(signal) });
      changing.looked();
    } catch (error) {
      doubtful = true;
      tell({ type: "collect.failed", node, collect_id, error: whyEnded(error, signal) });
    }
    collecting = null;
    if (!over.signal.aborted) enter("ready");
  }

  /** One that runs already may have begun before what is to be seen. */
  async function lookAgain(): Promise<void> {
    await collecting?.done;
    if (!over.signal.aborted && !collecting) collect();
  }

  async function lend(signal: AbortSignal): Promise<LentTool> {
    const either = AbortSignal.any([signal, over.signal]);
    tool ??= await work.ensureBpftool(transport, {
      signal,
      ask: (prompt) => parts.prompter.ask(prompt, either),
      beforeLending: () => proof.begun,
    });
    proof.lent(tool);
    return tool;
  }

  /** The loss of the connection, the person's wish, or its own failure. */
  function whyEnded(error: unknown, signal: AbortSignal): ErrorData {
    return lost ?? failureData(signal.aborted ? cancelled(transport.host) : error, "collecting", transport.host);
  }

  /** Null when nothing moves on the line any more. */
  async function takeBack(limit_ms: number): Promise<Left | null> {
    let lent: string[] = [];
    let error: ErrorData | null = null;
    const failed = (failure: unknown) => {
      error ??= failureData(failure, "closing", transport.host);
    };
    await collecting?.done;
    if (doubtful && !(await connectionStands(transport))) return null;
    // Before the last look, which is to see the node without them.
    const end_ms = Math.min(TRACES_END_MS, limit_ms / 2);
    const ours = (await Promise.all([tracing.end(end_ms), changing.end(end_ms)])).flat();
    const seen = await proof.report();
    try {
      lent = [...ours, ...((await tool?.cleanup()) ?? [])];
    } catch (failure) {
      failed(failure);
    }
    // What was lent and is still there is said in more words already.
    const residue = [...lent, ...seen.filter((label) => !lent.some((words) => words.includes(label)))];
    await transport.close().catch(failed);
    return { residue, error };
  }

  return {
    transport,
    get phase() {
      return phase;
    },
    begin() {
      proof.begin();
      collect();
    },
    collect,
    cancel: () => collecting?.controller.abort(),
    tracing,
    changing,
    disassemble: (prog_id) => disassemble(transport, recorder, { prog_id, bpftool: tool?.bpftool ?? null }),
    stopLeftovers: (ids) => proof.stopLeftovers(ids),
    over: over.signal,

    async readSections(names, signal) {
      if (transport.kind === "replay" || !work.readSections) throw notLive(transport.host);
      const either = AbortSignal.any([signal, over.signal]);
      const record_key = `read-sections:${++readings}`;
      const command_id = recorder.reserve(record_key);
      const bpftool = tool?.bpftool ?? null;
      const options = { sections: work.sections, names, record_key, bpftool, signal: either };
      await work.readSections(transport, options);
      return command_id;
    },

    async leave(limit_ms) {
      over.abort();
      queue.end();
      collecting?.controller.abort();
      enter("closing");
      const closing_ms = Math.min(LAST_WORDS_MS, limit_ms / 2);
      const left = await within(takeBack(limit_ms - closing_ms), limit_ms - closing_ms);
      if (left) return left;
      proof.end();
      const closed = transport.close().catch(() => {});
      await within(closed, closing_ms);
      return { residue: [], error: noAnswer(transport.host) };
    },

    async abandon(error) {
      lost = error;
      over.abort(new BpfdeskError(error));
      queue.end();
      proof.end();
      const running = recorder.running();
      // Closed first: what is asked over it from here on fails at once.
      void transport.close().catch(() => {});
      const gone = [tool?.cleanup().catch(() => []) ?? [], tracing.lost(error), changing.lost()];
      const words = (await within(Promise.all(gone), LAST_WORDS_MS))?.flat() ?? [];
      return running === 0 ? words : [...words, stillRunning(running, transport.host)];
    },
  };
}

const stillRunning = (running: number, host: string) =>
  `${running === 1 ? "one command was" : `${running} commands were`} running on ${host}; what runs there ends by itself within seconds of the loss`;

const notLive = (node: string) =>
  new BpfdeskError({
    code: "not-live",
    message: `${node} is a record: nothing can be read of it anew.`,
    hint: "Connect to the node itself.",
    node,
  });

const noAnswer = (host: string): ErrorData => ({
  code: "close-timeout",
  message: `${host} did not answer any more while it was left.`,
  hint: "What was lent is removed there once the loss is seen; connect again to see whether anything is left.",
  phase: "closing",
  node: host,
});
