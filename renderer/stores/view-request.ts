/** Requests to bring a view to the front; the workspace, which owns the layout, answers them. */
import { createStore } from "zustand/vanilla";

export const viewRequestStore = createStore<{ id: string | null; nonce: number }>(() => ({ id: null, nonce: 0 }));

/** Shows the view with that id, opening it again when it was closed. */
export function showView(id: string): void {
  viewRequestStore.setState((state) => ({ id, nonce: state.nonce + 1 }));
}

/** Takes a request back that nobody answered yet. */
export function withdrawView(): void {
  viewRequestStore.setState((state) => ({ id: null, nonce: state.nonce + 1 }));
}

/** Puts all views back where they were at first. */
export function resetViews(): void {
  showView("");
}
