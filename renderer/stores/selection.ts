/**
 * What is selected, the way back, and requests to bring something on screen.
 * Keys are those of the model; a key may be gone after a refresh and views must bear that.
 */
import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import type { Key } from "../../electron/core/model/types.ts";

const HISTORY_LIMIT = 100;

export interface SelectionState {
  selected: Key | null;
  /** Ask every view that shows the key to scroll to it; `nonce` tells one request from the next. */
  reveal: { key: Key; nonce: number } | null;
  past: readonly Key[];
  future: readonly Key[];
}

export const selectionStore = createStore<SelectionState>(() => ({
  selected: null,
  reveal: null,
  past: [],
  future: [],
}));

/** Selects a thing (null: nothing). The one before goes to the history. */
export function select(key: Key | null): void {
  selectionStore.setState((state) => {
    if (state.selected === key) return state;
    const past = state.selected === null ? state.past : [...state.past, state.selected].slice(-HISTORY_LIMIT);
    return { ...state, selected: key, past, future: [] };
  });
}

/** Selects a thing and asks the views to scroll to it. */
export function reveal(key: Key): void {
  select(key);
  selectionStore.setState((state) => ({ reveal: { key, nonce: (state.reveal?.nonce ?? 0) + 1 } }));
}

/** Selects what was selected before. */
export function goBack(): void {
  selectionStore.setState((state) => {
    const key = state.past.at(-1);
    if (key === undefined) return state;
    const future = state.selected === null ? state.future : [state.selected, ...state.future];
    return { ...state, selected: key, past: state.past.slice(0, -1), future };
  });
}

/** Undoes one {@link goBack}. */
export function goForward(): void {
  selectionStore.setState((state) => {
    const [key, ...future] = state.future;
    if (key === undefined) return state;
    const past = state.selected === null ? state.past : [...state.past, state.selected];
    return { ...state, selected: key, past, future };
  });
}

/** Forgets everything: another node came into view. */
export function clearSelection(): void {
  selectionStore.setState({ selected: null, reveal: null, past: [], future: [] });
}

/** The selected key. */
export function useSelected(): Key | null {
  return useStore(selectionStore, (state) => state.selected);
}

/** The newest request to scroll somewhere. */
export function useReveal(): SelectionState["reveal"] {
  return useStore(selectionStore, (state) => state.reveal);
}
