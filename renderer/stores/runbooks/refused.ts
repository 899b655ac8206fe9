/** Nodes that refused a run of what was begun on several, and why: there is no run of them, so the journal does not know. */
import { createStore } from "zustand/vanilla";
import type { ErrorData } from "../../../electron/core/errors.ts";

export interface StartFailure {
  node: string;
  error: ErrorData;
}

/** By the batch's id. Gone with the page. */
export const refusedStore = createStore<{ refused: Readonly<Record<string, readonly StartFailure[]>> }>(() => ({
  refused: {},
}));

/** A later refusal of a node takes the place of an earlier. */
export function keepRefused(batch: string, more: readonly StartFailure[]): void {
  if (more.length === 0) return;
  refusedStore.setState(({ refused }) => {
    const before = (refused[batch] ?? []).filter(({ node }) => !more.some((one) => one.node === node));
    return { refused: { ...refused, [batch]: [...before, ...more] } };
  });
}
