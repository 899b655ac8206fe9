/**
 * One node's life in a session: connect, collect as often as asked, disassemble, disconnect.
 *
 * Everything that happens becomes events; nothing is returned that a window could not learn from them.
 * How to connect and what to ask is given to it, so it is the same for SSH, this machine, a replay and
 * tests. A failure here never leaves this node.
 */
import { BpfdeskError, type ErrorData, type Phase } from "../../core/errors.ts";
import type { EventBody, Prompt } from "../../core/journal/events.ts";
import type { PromptAnswer } from "../../shared/contract.ts";
import type { Journal } from "../journal/journal.ts";
import type { NodeTransport } from "../transport/types.ts";
import { runCollection } from "./collection.ts";
import { disassemble } from "./disassemble.ts";
import { recordEarly } from "./early-commands.ts";
import { failureData } from "./failure.ts";
import { limitsOf } from "./limits.ts";
import { cancelled, createPrompter } from "./prompts.ts";
import { createRecorder } from "./recorder.ts";
import { recordTransport } from "./recording-transport.ts";
import type { Connect, LentTool, NodeWork } from "./work.ts";

export interface NodeSession {
  readonly node: string;
  answer(prompt_id: string, answer: PromptAnswer): void;
  /** Cancels connecting, or a running collection. */
  cancel(): void;
  /** Starts a collection. Throws `not-ready` or `collecting`. */
  collect(): { collect_id: string };
  disassemble(prog_id: number): Promise<{ text: string; command_id: string }>;
  /** Removes what was lent to the node and closes. Never rejects; the events say how it went. */
  disconnect(reason: string): Promise<void>;
}

interface Live {
  transport: NodeTransport;
  tool: LentTool | null;
}

/** Starts connecting at once; a first collection follows by itself. */
export function openNode(options: { journal: Journal; node: string; connect: Connect; work: NodeWork }): NodeSession {
  const { journal, node, work } = options;
  const recorder = createRecorder(journal, node);
  const prompter = createPrompter(journal, node);
  const connecting = new AbortController();
  let phase: Phase = "resolving";
  let live: Live | null = null;
  /** Why the connection is over. */
  let ended: ErrorData | "disconnected" | null = null;
  let collecting: { controller: AbortController; done: Promise<void> } | null = null;
  let collections = 0;

  /** A journal that cannot be written has told its readers so; work that nobody can see is stopped. */
  function tell(...events: EventBody[]): void {
    try {
      journal.append(events);
    } catch {
      for (const controller of [connecting, collecting?.controller]) controller?.abort();
    }
  }
  function onPhase(next: Phase, detail: string): void {
    phase = next;
    tell({ type: "connection.phase", node, phase, detail });
  }
  function failed(error: ErrorData): void {
    if (ended) return;
    ended = error;
    live = null;
    tell({ type: "connection.failed", node, error });
  }

  async function open(): Promise<void> {
    const { signal } = connecting;
    try {
      const ask = (prompt: Prompt) => prompter.ask(prompt, signal);
      const inner = await options.connect({ onPhase, ask, signal, onCommand: recordEarly(recorder) });
      if (signal.aborted) {
        await inner.close();
        throw cancelled(node);
      }
      // What is running ends by itself then: its streams end and it rejects.
      inner.onLost((error) => void lost(inner, failureData(error, phase, inner.host)));
      live = { transport: recordTransport(inner, recorder), tool: null };
      phase = "ready";
      tell({
        type: "connection.ready",
        node,
        host: inner.host,
        user: inner.user,
        privileges: inner.privileges,
        limits: limitsOf(inner, work.sections),
        ...(inner.sudoers === undefined ? {} : { sudoers: inner.sudoers }),
        ...(inner.link === undefined ? {} : { link: inner.link }),
      });
      collect();
    } catch (error) {
      failed(failureData(error, phase, node));
    }
  }

  /** Nothing can be taken back over a lost connection; what was lent is named, so that a person can. */
  async function lost(transport: NodeTransport, error: ErrorData): Promise<void> {
    const tool = live?.tool;
    failed(error);
    const residue = (await tool?.cleanup().catch(() => [])) ?? [];
    await transport.close().catch(() => {});
    if (residue.length > 0) tell({ type: "connection.closed", node, reason: "connection lost", error, residue });
  }

  function ready(): Live {
    if (live) return live;
    throw new BpfdeskError({
      code: "not-ready",
      message: "This node is not connected.",
      hint: "Wait until the connection stands, or connect again.",
      node,
    });
  }

  function collect(): { collect_id: string } {
    const on = ready();
    if (collecting) {
      throw new BpfdeskError({
        code: "collecting",
        message: `${on.transport.host} is being collected already.`,
        hint: "Wait for it, or cancel it first.",
        node,
      });
    }
    const collect_id = `${node}.${journal.last_seq}.collect${++collections}`;
    const controller = new AbortController();
    const done = collectOn(on, collect_id, controller.signal);
    collecting = { controller, done };
    return { collect_id };
  }

  async function collectOn(on: Live, collect_id: string, signal: AbortSignal): Promise<void> {
    onPhase("collecting", "");
    try {
      await runCollection({
        node,
        collect_id,
        command_id: recorder.reserve("collect"),
        transport: on.transport,
        work,
        signal,
        tell,
        async lend() {
          const ask = { signal, ask: (prompt: Parameters<typeof prompter.ask>[0]) => prompter.ask(prompt, signal) };
          on.tool ??= await work.ensureBpftool(on.transport, ask);
          return on.tool;
        },
      });
    } catch (error) {
      tell({ type: "collect.failed", node, collect_id, error: whyCollectingEnded(error, signal, on.transport.host) });
    }
    collecting = null;
    if (live && !ended) onPhase("ready", "");
  }

  /** The loss of the connection, the person's wish, or its own failure. */
  function whyCollectingEnded(error: unknown, signal: AbortSignal, host: string): ErrorData {
    if (ended && ended !== "disconnected") return ended;
    return failureData(signal.aborted ? cancelled(host) : error, "collecting", host);
  }

  async function disconnect(reason: string): Promise<void> {
    if (ended) return;
    ended = "disconnected";
    connecting.abort();
    collecting?.controller.abort();
    await collecting?.done;
    const closing = live;
    live = null;
    if (!closing) return tell({ type: "connection.closed", node, reason, error: null, residue: [] });
    const { transport, tool } = closing;
    onPhase("closing", "");
    let residue: string[] = [];
    let error: ErrorData | null = null;
    try {
      residue = (await tool?.cleanup()) ?? [];
    } catch (failure) {
      error = failureData(failure, "closing", transport.host);
    }
    await transport.close().catch((failure: unknown) => {
      error ??= failureData(failure, "closing", transport.host);
    });
    tell({ type: "connection.closed", node, reason, error, residue });
  }

  void open();
  return {
    node,
    answer: prompter.answer,
    cancel() {
      if (collecting) collecting.controller.abort();
      else if (!live) connecting.abort();
    },
    collect,
    async disassemble(prog_id) {
      const { transport, tool } = ready();
      return disassemble(transport, recorder, { prog_id, bpftool: tool?.bpftool ?? null });
    },
    disconnect,
  };
}
