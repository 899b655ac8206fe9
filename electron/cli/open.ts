/**
 * Opens one target on the same host service the windows use, waits for its picture, and closes it.
 *
 * Everything it knows comes from the session's events, as it does for a window.
 */
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { BpfdeskError, type ErrorData } from "../core/errors.ts";
import type { NodeState } from "../core/journal/state.ts";
import type { Datapath } from "../core/model/types.ts";
import type { ConnectTarget } from "../shared/contract.ts";
import type { Client } from "../shared/rpc/client.ts";
import { type AnswerPolicy, answerPrompt, remedyOf } from "./answer.ts";
import { followNode } from "./follow.ts";
import type { Terminal } from "./terminal.ts";

export interface OpenOptions extends AnswerPolicy {
  identity_file?: string;
  /** Root or nothing, with the password of sudo if it must be; otherwise never ask for one. */
  sudo: boolean;
  /** Print what is going on to stderr. */
  progress: boolean;
  signal: AbortSignal;
}

export interface Opened {
  session_id: string;
  node: string;
  datapath: Datapath;
  /** What cannot be seen with the privileges there are; empty with root. */
  limits: string[];
  /** Why the picture is only the part that arrived; null when it is whole. */
  cut: ErrorData | null;
}

export interface OpenTarget {
  /** Rejects with a BpfdeskError naming the phase that failed. */
  picture: Promise<Opened>;
  /** Disconnects; returns what could not be taken away from the node. */
  close(): Promise<string[]>;
}

/** How long the news of what was left on a node is waited for after its connection was lost, in ms. */
const LAST_NEWS_MS = 250;

/** A file if there is one of that name, `local`, else something for ssh. */
export async function targetOf(
  text: string,
  options: Pick<OpenOptions, "sudo" | "identity_file">,
): Promise<ConnectTarget> {
  const { sudo } = options;
  if (text === "local") return { kind: "local", sudo };
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
  return { kind: "ssh", target: text, ...identity, sudo };
}

/** Starts connecting, and answers prompts from the terminal. */
export async function openTarget(
  client: Client,
  terminal: Terminal,
  text: string,
  options: OpenOptions,
): Promise<OpenTarget> {
  const target = await targetOf(text, options);
  const { session_id } = await client.call("session.open", {});
  const { node } = await client.call("node.connect", { session_id, target });
  let said = "";
  let asking: { prompt_id: string; controller: AbortController } | null = null;
  /** How to do without the questions nobody was there to answer. */
  const remedies = new Set<string>();

  async function answer({ prompt_id, prompt }: NonNullable<NodeState["prompt"]>, signal: AbortSignal): Promise<void> {
    const given = await answerPrompt(prompt, terminal, options, signal).catch(() => null);
    if (!given?.accept && !terminal.interactive && prompt.kind !== "upload_bpftool") remedies.add(remedyOf(prompt));
    // Refused also when the question went away meanwhile: whoever asked may still be waiting.
    const reply = given ?? { accept: false, values: [] };
    await client.call("node.answer", { session_id, node, prompt_id, answer: reply }).catch(() => null);
  }
  function onChange(now: NodeState): void {
    const line = describe(now);
    if (options.progress && line !== said) terminal.say(line);
    said = line;
    const prompt_id = now.prompt?.prompt_id;
    if (asking?.prompt_id === prompt_id) return;
    asking?.controller.abort();
    asking = null;
    if (!now.prompt || prompt_id === undefined) return;
    asking = { prompt_id, controller: new AbortController() };
    void answer(now.prompt, AbortSignal.any([asking.controller.signal, options.signal]));
  }
  const followed = followNode(client, session_id, node, onChange);
  const cancel = () => void client.call("node.cancel", { session_id, node }).catch(() => {});
  options.signal.addEventListener("abort", cancel, { once: true });
  if (options.signal.aborted) cancel();

  async function picture(): Promise<Opened> {
    const now = await followed.until(settled);
    const { collect, datapath, limits } = now;
    if (collect?.state === "finished" && datapath) {
      const cut = collect.complete ? null : await whyCut(now);
      return { session_id, node, datapath, limits, cut };
    }
    const error = now.error ?? collect?.error ?? closedEarly(text);
    throw new BpfdeskError({ ...error, hint: [error.hint, ...remedies].filter(Boolean).join(" ") });
  }
  /** The news of a lost connection comes a moment after the end of what it carried. */
  async function whyCut(now: NodeState): Promise<ErrorData> {
    const lost = followed.until(({ error }) => error !== null).catch(() => now);
    const told = now.transport === "replay" ? now : await Promise.race([lost, sleep(LAST_NEWS_MS, now)]);
    return told.error ?? cutOff(now);
  }
  return {
    picture: picture(),
    async close() {
      options.signal.removeEventListener("abort", cancel);
      try {
        await client.call("node.disconnect", { session_id, node });
        const over = followed.until(({ phase, residue }) => phase === "closed" || residue.length > 0);
        const now = await Promise.race([
          over,
          followed.until(({ error }) => error !== null).then(() => sleep(LAST_NEWS_MS)),
        ]);
        return now?.residue ?? [];
      } finally {
        followed.stop();
      }
    },
  };
}

/** A running collection ends by itself when the connection is lost, with the part that arrived. */
function settled({ collect, error, phase }: NodeState): boolean {
  if (collect?.state === "running") return false;
  return error !== null || collect !== null || phase === "failed" || phase === "closed";
}

function describe(node: NodeState): string {
  if (node.collect?.state === "running")
    return `${node.label}: collecting (${node.collect.done.length} of ${node.collect.expected.length} sections or more)`;
  return `${node.label}: ${node.phase.replace("_", " ")}${node.detail ? ` – ${node.detail}` : ""}`;
}

const cutOff = ({ host }: NodeState): ErrorData => ({
  code: "cut-off",
  message: `The answer of ${host} ended before it was complete.`,
  hint: "Run it again.",
  phase: "collecting",
});

const closedEarly = (target: string): ErrorData => ({
  code: "closed-early",
  message: `${target} was closed before its picture was complete.`,
  hint: "Run it again; the session file, if one was given, holds what happened.",
});
