/** What the view of runbooks shows: a book's form, a run, or what was begun on several nodes. */
import { createStore } from "zustand/vanilla";
import { showView } from "../view-request.ts";

export type Shown =
  | { kind: "book"; book: string }
  | { kind: "run"; run_id: string }
  /** `node`: whose row the person comes back to. */
  | { kind: "batch"; batch: string; node: string | null }
  | null;

/** Null: nobody chose yet. */
export const shownStore = createStore<{
  shown: Shown;
  /** Asks the run in view to show one of its steps; `nonce` tells one request from the next. */
  step: { run_id: string; step: string; nonce: number } | null;
}>(() => ({ shown: null, step: null }));

export function showBook(book: string): void {
  shownStore.setState({ shown: { kind: "book", book } });
}

/** Brings a run into view. */
export function showRun(run_id: string): void {
  shownStore.setState({ shown: { kind: "run", run_id } });
  showView("runbooks");
}

/** Brings into view what was begun at once on several nodes. */
export function showBatch(batch: string, node: string | null = null): void {
  shownStore.setState({ shown: { kind: "batch", batch, node } });
  showView("runbooks");
}

/** Brings a step of a run into view, opened. */
export function showStep(run_id: string, step: string): void {
  showRun(run_id);
  shownStore.setState((state) => ({ step: { run_id, step, nonce: (state.step?.nonce ?? 0) + 1 } }));
}
