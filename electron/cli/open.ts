/**
 * Opens targets on the same host service the windows use, waits for their pictures, and closes them.
 *
 * Everything it knows comes from the session's events, as it does for a window.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { BpfdeskError, type ErrorData } from "../core/errors.ts";
import type { ChangeState } from "../core/journal/changes.ts";
import type { RunbookRunState } from "../core/journal/runbooks.ts";
import type { NodeState, SessionState, TraceState } from "../core/journal/state.ts";
import type { Datapath } from "../core/model/types.ts";
import type { ConnectTarget } from "../shared/contract.ts";
import type { Client } from "../shared/rpc/client.ts";
import { remedyOf } from "./answer.ts";
import type { Asker } from "./asker.ts";
import { type Followed, followNodes } from "./follow.ts";
import type { Terminal } from "./terminal.ts";

/** A target under the name the person gave it. */
export interface NamedTarget {
  name: string;
  target: ConnectTarget;
}

export interface OpenOptions {
  ask: Asker;
  /** How many connect and collect at a time; the host's own default otherwise. */
  concurrency?: number;
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
  name: string;
  /** Resolves when the connection stands. Rejects as `look`. */
  ready(): Promise<Pick<Opened, "session_id" | "node">>;
  /** Resolves when that trace of it has ended. */
  traced(trace_id: string): Promise<TraceState>;
  /** Resolves as soon as that run of a runbook passes the test. */
  run(run_id: string, test: (run: RunbookRunState) => boolean): Promise<RunbookRunState>;
  /** Resolves as soon as that change, planned or made, passes the test. */
  change(plan_id: string, test: (change: ChangeState) => boolean): Promise<ChangeState>;
  /** Everything that happened in the session so far, of all its nodes. */
  session(): SessionState;
  /** Once: a picture is large, and is not kept here. Rejects with a BpfdeskError naming the phase that failed. */
  look(): Promise<Opened>;
  /** Disconnects; returns what could not be taken away from the node. */
  close(): Promise<string[]>;
}

/** How long the news of what was left on a node is waited for after its connection was lost, in ms. */
const LAST_NEWS_MS = 250;

/** Starts connecting to all of them, some at a time, and answers their questions; one is opened as several are. */
export async function openTargets(
  client: Client,
  terminal: Terminal,
  targets: readonly NamedTarget[],
  options: OpenOptions,
): Promise<OpenTarget[]> {
  const { session_id } = await client.call("session.open", {});
  const { nodes } = await client.call("nodes.connect", {
    session_id,
    targets: targets.map(({ target }) => target),
    ...(options.concurrency === undefined ? {} : { concurrency: options.concurrency }),
  });
  const attended = new Map<string, (state: NodeState) => void>();
  const followed = followNodes(client, session_id, (state) => attended.get(state.node)?.(state));
  let open = nodes.length;
  const done = () => {
    open -= 1;
    if (open === 0) followed.stop();
  };
  return nodes.map((node, index) => {
    const name = targets[index]?.name ?? node;
    const attend = { client, terminal, options, followed, session_id, node, name, done };
    return attendNode(attend, (onChange) => attended.set(node, onChange));
  });
}

interface Attend {
  client: Client;
  terminal: Terminal;
  options: OpenOptions;
  followed: Followed;
  session_id: string;
  node: string;
  name: string;
  done(): void;
}

/** One of them: its questions, its picture, its end. */
function attendNode(
  { client, terminal, options, followed, session_id, node, name, done }: Attend,
  listen: (onChange: (state: NodeState) => void) => void,
): OpenTarget {
  let said = "";
  let asking: { prompt_id: string; controller: AbortController } | null = null;
  /** How to do without the questions nobody was there to answer. */
  const remedies = new Set<string>();

  async function answer({ prompt_id, prompt }: NonNullable<NodeState["prompt"]>, signal: AbortSignal): Promise<void> {
    const given = await options.ask(prompt, name, signal).catch(() => null);
    if (!given?.accept && !terminal.interactive && prompt.kind !== "upload_bpftool") remedies.add(remedyOf(prompt));
    // Refused also when the question went away meanwhile: whoever asked may still be waiting.
    const reply = given ?? { accept: false, values: [] };
    await client.call("node.answer", { session_id, node, prompt_id, answer: reply }).catch(() => null);
  }
  listen((now) => {
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
  });
  const cancel = () => void client.call("node.cancel", { session_id, node }).catch(() => {});
  options.signal.addEventListener("abort", cancel, { once: true });
  if (options.signal.aborted) cancel();

  async function picture(): Promise<Opened> {
    const now = await followed.until(node, settled);
    const { collect, datapath, limits } = now;
    if (collect?.state === "finished" && datapath) {
      const cut = collect.complete ? null : await whyCut(now);
      return { session_id, node, datapath, limits, cut };
    }
    throw refusal(now.error ?? collect?.error ?? closedEarly(name));
  }
  const refusal = (error: ErrorData) =>
    new BpfdeskError({ ...error, hint: [error.hint, ...remedies].filter(Boolean).join(" ") });
  /** The news of a lost connection comes a moment after the end of what it carried. */
  async function whyCut(now: NodeState): Promise<ErrorData> {
    const lost = followed.until(node, ({ error }) => error !== null).catch(() => now);
    const told = now.transport === "replay" ? now : await Promise.race([lost, sleep(LAST_NEWS_MS, now)]);
    return told.error ?? cutOff(now);
  }
  return {
    name,
    async ready() {
      const now = await followed.until(node, stands);
      if (now.error || now.privileges === null) throw refusal(now.error ?? closedEarly(name));
      return { session_id, node };
    },
    traced: followed.traced,
    run: followed.run,
    change: followed.change,
    session: followed.session,
    look: picture,
    async close() {
      options.signal.removeEventListener("abort", cancel);
      try {
        followed.forget(node);
        await client.call("node.disconnect", { session_id, node });
        const over = followed.until(node, ({ phase, residue }) => phase === "closed" || residue.length > 0);
        const now = await Promise.race([
          over,
          followed.until(node, ({ error }) => error !== null).then(() => sleep(LAST_NEWS_MS)),
        ]);
        return now?.residue ?? [];
      } finally {
        done();
      }
    },
  };
}

/** A running collection ends by itself when the connection is lost, with the part that arrived. */
function settled({ collect, error, phase }: NodeState): boolean {
  if (collect?.state === "running") return false;
  return error !== null || collect !== null || phase === "failed" || phase === "closed";
}

/** Or will not. */
function stands({ error, phase, privileges }: NodeState): boolean {
  return error !== null || privileges !== null || phase === "failed" || phase === "closed";
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
