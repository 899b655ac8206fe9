/**
 * What the window shows: the fold of the session's journal, and which of its nodes is in view.
 * The only writer is the event stream; views never set anything here but the current node.
 */
import { createStore } from "zustand/vanilla";
import type { JournalEvent } from "../../electron/core/journal/events.ts";
import { emptySession, foldAll, type NodeState, type SessionState } from "../../electron/core/journal/state.ts";

/** The session as the journal tells it. */
export const sessionStore = createStore<SessionState>(() => emptySession);

/** Applies a batch of the event stream; unchanged parts keep their identity. */
export function applyEvents(events: readonly JournalEvent[]): void {
  sessionStore.setState((state) => foldAll(state, events), true);
}

const STORAGE_KEY = "bpfdesk.node";

/** Id of the node in view; null shows the first screen, or the table of nodes. A reload of the window comes back to it. */
export const currentNodeStore = createStore<{ node: string | null; nodes: boolean }>(() => ({
  node: sessionStorage.getItem(STORAGE_KEY),
  nodes: false,
}));

/** Brings a node into view, or (null) the first screen. */
export function showNode(node: string | null): void {
  if (node === null) sessionStorage.removeItem(STORAGE_KEY);
  else sessionStorage.setItem(STORAGE_KEY, node);
  currentNodeStore.setState({ node, nodes: false });
}

/** Brings the table of this session's nodes into view. */
export function showNodes(): void {
  sessionStorage.removeItem(STORAGE_KEY);
  currentNodeStore.setState({ node: null, nodes: true });
}

/** The node in view as it is now; null when there is none. */
export function currentNode(): NodeState | null {
  const id = currentNodeStore.getState().node;
  return id === null ? null : (sessionStore.getState().nodes[id] ?? null);
}
