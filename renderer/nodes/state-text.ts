/** How a node is doing, in a few words. Pure. */
import type { NodeState } from "../../electron/core/journal/state.ts";
import { PHASE_NAMES } from "../ui/phases.ts";

/** Nothing more comes of it by itself. */
export function isOver({ phase }: NodeState): boolean {
  return phase === "failed" || phase === "closed";
}

/** What the person has to know first: a question, a loss, a failure, else the step. */
export function stateText(node: NodeState): string {
  if (node.prompt) return "asks something";
  switch (node.phase) {
    case "new":
      return "waits for its turn";
    case "waiting":
      return "connection lost";
    case "failed":
      return "failed";
    case "closed":
      return "closed";
    case "ready":
      if (node.collect?.state === "failed") return "collecting failed";
      return node.datapath === null ? "ready" : node.collect?.complete === false ? "seen in part" : "seen";
    default:
      return PHASE_NAMES[node.phase].toLowerCase();
  }
}

/** Why, in the node's or bpfdesk's words; null when there is nothing to say. */
export function reasonText(node: NodeState): string | null {
  const error = node.error ?? node.collect?.error ?? null;
  if (error) return error.message;
  return isOver(node) ? node.detail || null : null;
}
