/**
 * One try to connect: its steps and questions become events, and what it found out about itself is kept.
 *
 * A quiet one tells no steps until it needs a person; then it tells where it is, and goes on aloud.
 */
import type { Phase } from "../../core/errors.ts";
import type { EventBody } from "../../core/journal/events.ts";
import type { NodeTransport } from "../transport/types.ts";
import type { Prompter } from "./prompts.ts";
import type { Connect, ConnectContext } from "./work.ts";

export interface Attempt {
  /** Resolves with a connection that stands, or rejects. */
  readonly transport: Promise<NodeTransport>;
  /** The last step reached. */
  readonly phase: Phase;
  /** A person was asked something. */
  readonly asked: boolean;
  /** Its steps were told, so its end is told too. */
  readonly loud: boolean;
}

export interface AttemptOptions {
  node: string;
  connect: Connect;
  prompter: Pick<Prompter, "ask">;
  onCommand: ConnectContext["onCommand"];
  signal: AbortSignal;
  loud: boolean;
  tell(...events: EventBody[]): void;
}

export function startAttempt(options: AttemptOptions): Attempt {
  const { node, signal, tell } = options;
  let last: { phase: Phase; detail: string } = { phase: "resolving", detail: "" };
  const ended = new AbortController();
  let asked = false;
  let { loud } = options;
  const connecting = options.connect({
    signal,
    onCommand: options.onCommand,
    onPhase(phase, detail) {
      if (signal.aborted) return;
      last = { phase, detail };
      if (loud) tell({ type: "connection.phase", node, phase, detail });
    },
    ask(prompt) {
      asked = true;
      if (!loud) tell({ type: "connection.phase", node, ...last });
      loud = true;
      return options.prompter.ask(prompt, AbortSignal.any([signal, ended.signal]));
    },
  });
  return {
    // The node may end the login while a person still thinks: the question goes with it.
    transport: connecting.finally(() => ended.abort()),
    get phase() {
      return last.phase;
    },
    get asked() {
      return asked;
    },
    get loud() {
      return loud;
    },
  };
}
