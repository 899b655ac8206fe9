/**
 * Opens one target on the same host service the windows use and waits for its picture.
 *
 * Everything it knows comes from the session's events, as it does for a window.
 */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { BpfdeskError, type ErrorData } from "../core/errors.ts";
import { emptySession, foldAll, type NodeState } from "../core/journal/state.ts";
import type { Datapath } from "../core/model/types.ts";
import type { ConnectTarget } from "../shared/contract.ts";
import type { Client } from "../shared/rpc/client.ts";
import { type AnswerPolicy, answerPrompt } from "./answer.ts";
import type { Terminal } from "./terminal.ts";

export interface OpenOptions extends AnswerPolicy {
  identity_file?: string;
  sudo: boolean;
  /** Print what is going on to stderr. */
  progress: boolean;
  signal: AbortSignal;
}

export interface Opened {
  session_id: string;
  node: string;
  datapath: Datapath;
  /** False when the collection was cut off; the datapath then holds what arrived. */
  complete: boolean;
}

/** A file if there is one of that name, `local`, else something for ssh. */
export async function targetOf(text: string, options: OpenOptions): Promise<ConnectTarget> {
  const sudo = options.sudo ? { sudo: true } : {};
  if (text === "local") return { kind: "local", ...sudo };
  const isFile = await stat(text).then(
    (info) => info.isFile(),
    () => false,
  );
  if (isFile) return { kind: "file", path: resolve(text) };
  if (/[/\\]/.test(text))
    throw new BpfdeskError({
      code: "no-such-file",
      message: `There is no file ${text}.`,
      hint: "Targets are: an ssh alias, user@host:port, local, or a snapshot or session file.",
      phase: "resolving",
    });
  const identity = options.identity_file ? { identity_file: resolve(options.identity_file) } : {};
  return { kind: "ssh", target: text, ...identity, ...sudo };
}

/**
 * Connects, answers prompts from the terminal, and waits until the picture is there.
 * @throws BpfdeskError naming the phase that failed.
 */
export async function openTarget(
  client: Client,
  terminal: Terminal,
  text: string,
  options: OpenOptions,
): Promise<Opened> {
  const target = await targetOf(text, options);
  const { session_id } = await client.call("session.open", {});
  const { node } = await client.call("node.connect", { session_id, target });
  let state = emptySession;
  let said = "";
  const answered = new Set<string>();
  const cancel = () => void client.call("node.cancel", { session_id, node }).catch(() => {});
  options.signal.addEventListener("abort", cancel, { once: true });
  try {
    for await (const events of client.stream("session.events", { session_id, after_seq: 0 })) {
      state = foldAll(state, events);
      const now = state.nodes[node];
      if (!now) continue;
      const line = describe(now);
      if (options.progress && line !== said) terminal.say(line);
      said = line;
      const asked = now.prompt;
      if (asked && !answered.has(asked.prompt_id)) {
        answered.add(asked.prompt_id);
        const answer = await answerPrompt(asked.prompt, terminal, options);
        await client.call("node.answer", { session_id, node, prompt_id: asked.prompt_id, answer });
      }
      if (now.error) throw new BpfdeskError(now.error);
      if (now.collect?.state === "failed") throw new BpfdeskError(now.collect.error ?? unexplained(text));
      if (now.collect?.state === "finished" && now.datapath)
        return { session_id, node, datapath: now.datapath, complete: now.collect.complete };
      if (now.phase === "closed") throw new BpfdeskError(now.error ?? unexplained(text));
    }
  } finally {
    options.signal.removeEventListener("abort", cancel);
  }
  throw new BpfdeskError(unexplained(text));
}

function describe(node: NodeState): string {
  if (node.collect?.state === "running")
    return `${node.label}: collecting (${node.collect.done.length} of ${node.collect.expected.length} sections or more)`;
  return `${node.label}: ${node.phase.replace("_", " ")}${node.detail ? ` – ${node.detail}` : ""}`;
}

const unexplained = (target: string): ErrorData => ({
  code: "closed-early",
  message: `${target} was closed before its picture was complete.`,
  hint: "Run it again; the session file, if one was given, holds what happened.",
});
