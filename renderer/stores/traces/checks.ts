/** What each node's kernel offers tracers, as far as it was asked. Asking puts the tracers on the node. */
import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import type { ErrorData } from "../../../electron/core/errors.ts";
import type { TracerCheck } from "../../../electron/shared/contract.ts";
import { errorData } from "../../host/error-data.ts";
import { host } from "../../host/link.ts";

export type CheckState =
  | { state: "asking"; cancel: () => void }
  | { state: "ready"; check: TracerCheck }
  | { state: "failed"; error: ErrorData };

export const checksStore = createStore<Readonly<Record<string, CheckState>>>(() => ({}));

/** What is known of a node; undefined when it was not asked. */
export function useCheck(node: string): CheckState | undefined {
  return useStore(checksStore, (checks) => checks[node]);
}

/** Asks a node, unless that is under way. */
export async function askCheck(node: string): Promise<void> {
  if (checksStore.getState()[node]?.state === "asking") return;
  const stop = new AbortController();
  const set = (check: CheckState) => checksStore.setState({ [node]: check });
  set({ state: "asking", cancel: () => stop.abort() });
  try {
    const { client, session_id } = host();
    set({ state: "ready", check: await client.call("tracers.check", { session_id, node }, { signal: stop.signal }) });
  } catch (error) {
    set({ state: "failed", error: errorData(error) });
  }
}

/** Asks a node that was not asked yet. */
export function askCheckOnce(node: string): void {
  if (!checksStore.getState()[node]) void askCheck(node);
}
