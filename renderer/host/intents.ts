/**
 * What a person can ask of the host, by name. Each does one call; what comes of it arrives as
 * events. Failures are told in the notice line, never swallowed.
 */
import type { NodeState } from "../../electron/core/journal/state.ts";
import type { ConnectTarget, InputOf, PromptAnswer, TargetGroup } from "../../electron/shared/contract.ts";
import { notify } from "../stores/notice.ts";
import { clearSelection } from "../stores/selection.ts";
import { currentNodeStore, showNode, showNodes } from "../stores/session.ts";
import { loadTargets } from "../stores/targets.ts";
import { errorData } from "./error-data.ts";
import { host } from "./link.ts";

/** Longest text the contract takes for what was opened. */
const MAX_GROUP_TEXT = 512;

/** Adds a node, starts connecting and brings it into view. */
export async function connectNode(target: ConnectTarget): Promise<void> {
  await attempt(async () => {
    const { client, session_id } = host();
    const { node } = await client.call("node.connect", { session_id, target });
    clearSelection();
    showNode(node);
  });
}

/** Adds several nodes, opens some at a time, and shows the table of all of them. */
export async function connectNodes(
  targets: string[],
  group: string,
  login: Pick<InputOf<"nodes.connect">, "identity_file" | "backend">,
): Promise<void> {
  await attempt(async () => {
    const { client, session_id } = host();
    // A list longer than a name is only a list.
    const named = group.length <= MAX_GROUP_TEXT ? { group } : {};
    await client.call("nodes.connect", { session_id, targets, ...named, ...login });
    clearSelection();
    showNodes();
  });
}

/** Saves targets under a name; false when that failed, which was told. */
export async function saveGroup(group: TargetGroup): Promise<boolean> {
  return attempt(async () => {
    await host().client.call("groups.save", { group });
    await loadTargets();
    notify({ kind: "done", text: `Saved as group:${group.name}`, hint: "" });
  });
}

/** How long secrets stay in memory from now on, in seconds; 0: as long as their connection. */
export async function keepSecretsFor(ttl_s: number): Promise<void> {
  await attempt(() => host().client.call("secrets.keep_for", { ttl_s }));
}

/** Overwrites the secrets in memory, or deletes those of the keychain. */
export async function wipeSecrets(what: "memory" | "keychain"): Promise<void> {
  await attempt(() => host().client.call("secrets.wipe", { what }));
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

/** A node that is still connected collects again; otherwise it is connected to anew, as the same node. */
export async function tryAgain(node: NodeState): Promise<void> {
  if (node.phase === "ready" || node.phase === "collecting") return refresh(node.node);
  if (node.transport === "replay") return leave(node.node);
  return reconnect(node.node);
}

/** Connects again now, whatever the state of the connection is. */
export async function reconnect(node: string): Promise<void> {
  await onNode(node, (client, ids) => client.call("node.reconnect", ids));
}

/** Trusts the key a known host showed instead of the one it is known by; false when that was refused, which was told. */
export async function replaceHostKey(node: string, confirm: string, fingerprint: string): Promise<boolean> {
  return onNode(node, (client, ids) => client.call("node.replace_host_key", { ...ids, confirm, fingerprint }));
}

/** Stops what earlier connections left on the node; the events say what came of each. */
export async function stopLeftovers(node: string, chosen: string[]): Promise<void> {
  await onNode(node, (client, ids) => client.call("node.stop_leftovers", { ...ids, ids: chosen }));
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

function onNode(node: string, ask: (client: ReturnType<typeof host>["client"], ids: Ids) => Promise<unknown>) {
  return attempt(() => {
    const { client, session_id } = host();
    return ask(client, { session_id, node });
  });
}

async function attempt(ask: () => Promise<unknown>): Promise<boolean> {
  try {
    await ask();
    return true;
  } catch (error) {
    const data = errorData(error);
    if (data.code !== "cancelled") notify({ kind: "error", text: data.message, hint: data.hint });
    return false;
  }
}
