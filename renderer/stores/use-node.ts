/** Hooks for views: the node in view and its datapath, re-rendering only when these change. */
import { useStore } from "zustand";
import type { NodeState } from "../../electron/core/journal/state.ts";
import type { Datapath } from "../../electron/core/model/types.ts";
import { currentNodeStore, sessionStore } from "./session.ts";

/** The node in view, or null on the first screen. */
export function useNode(): NodeState | null {
  const id = useStore(currentNodeStore, (state) => state.node);
  return useStore(sessionStore, (state) => (id === null ? null : (state.nodes[id] ?? null)));
}

/** The node's newest picture, or null before the first one arrived. Keeps its identity between refreshes. */
export function useDatapath(): Datapath | null {
  const id = useStore(currentNodeStore, (state) => state.node);
  return useStore(sessionStore, (state) => (id === null ? null : (state.nodes[id]?.datapath ?? null)));
}

/** The picture before the last refresh, or null. */
export function usePreviousDatapath(): Datapath | null {
  const id = useStore(currentNodeStore, (state) => state.node);
  return useStore(sessionStore, (state) => (id === null ? null : (state.nodes[id]?.previous ?? null)));
}
