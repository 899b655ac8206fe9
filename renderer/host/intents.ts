/**
 * What a person can ask of the host, by name. Each does one call; what comes of it arrives as
 * events. Failures are told in the notice line, never swallowed.
 */
import type { NodeState } from "../../electron/core/journal/state.ts";
import type { ConnectTarget, PromptAnswer } from "../../electron/shared/contract.ts";
import { notify } from "../stores/notice.ts";
import { recentStore } from "../stores/recent.ts";
import { clearSelection } from "../stores/selection.ts";
import { currentNodeStore, showNode } from "../stores/session.ts";
import { errorData, host } from "./link.ts";

/** Adds a node, starts connecting and brings it into view. */
export async function connectNode(target: ConnectTarget): Promise<void> {
  await attempt(async () => {
    const { client, session_id } = host();
    const { node } = await client.call("node.connect", { session_id, target });
    clearSelection();
    showNode(node);
  });
}

/** Answers a prompt. The values are forgotten here as soon as they are sent. */
export async function answerPrompt(node: string, prompt_id: string, answer: PromptAnswer): Promise<void> {
  await onNode(node, (client, ids) => client.call("node.answer", { ...ids, prompt_id, answer }));
}

/** Cancels the phase a connection is in, or a running collection. */
export async function cancelNode(node: string): Promise<void> {
  await onNode(node, (client, ids) => client.call("node.cancel", ids));
}

/** Collects again; the picture before becomes what the new one is compared with. */
export async function refresh(node: string): Promise<void> {
  await onNode(node, (client, ids) => client.call("node.collect", ids));
}

/** Closes the connection; what was collected stays in the session. */
export async function disconnect(node: string): Promise<void> {
  await onNode(node, (client, ids) => client.call("node.disconnect", ids));
}

/** A node that is still connected collects again; otherwise the same target is opened anew. */
export async function tryAgain(node: NodeState): Promise<void> {
  if (node.phase === "ready" || node.phase === "collecting") return refresh(node.node);
  if (node.transport === "local") return connectNode({ kind: "local" });
  if (node.transport === "replay") return leave(node.node);
  const known = recentStore.getState().recent.find((recent) => recent.target === node.target);
  const identity_file = known?.identity_file ?? null;
  return connectNode({ kind: "ssh", target: node.target, ...(identity_file === null ? {} : { identity_file }) });
}

/** Leaves a node that never opened and goes to the first screen. */
export async function leave(node: string): Promise<void> {
  if (currentNodeStore.getState().node === node) showNode(null);
  clearSelection();
  await disconnect(node);
}

/** Saves the raw answers of the node's last collection as a file. */
export async function exportSnapshot(node: string): Promise<void> {
  await onNode(node, async (client, ids) => {
    const { name, bytes } = await client.call("snapshot.export", ids);
    saveFile(name, bytes);
  });
}

/** Hands bytes to the browser to save under a name. */
export function saveFile(name: string, bytes: Uint8Array): void {
  const url = URL.createObjectURL(new Blob([new Uint8Array(bytes)], { type: "application/octet-stream" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The download has started by the next task; the bytes need not stay in memory after it.
  setTimeout(() => URL.revokeObjectURL(url), 0);
}

type Ids = { session_id: string; node: string };

async function onNode(node: string, ask: (client: ReturnType<typeof host>["client"], ids: Ids) => Promise<unknown>) {
  await attempt(() => {
    const { client, session_id } = host();
    return ask(client, { session_id, node });
  });
}

async function attempt(ask: () => Promise<unknown>): Promise<void> {
  try {
    await ask();
  } catch (error) {
    const data = errorData(error);
    if (data.code !== "cancelled") notify({ kind: "error", text: data.message, hint: data.hint });
  }
}
