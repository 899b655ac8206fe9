/** The dialog in which a change is looked at and approved, and the intents behind it. Nothing is changed without one. */
import { createStore } from "zustand/vanilla";
import type { ErrorData } from "../../../electron/core/errors.ts";
import { errorData } from "../../host/error-data.ts";
import { host } from "../../host/link.ts";
import { notify } from "../notice.ts";

export interface ChangeDialogState {
  /** Null: closed. */
  shown:
    | { state: "planning"; node: string; entry: string }
    | { state: "not-planned"; node: string; entry: string; error: ErrorData }
    | { state: "plan"; node: string; plan_id: string }
    | null;
  /** The approval is on its way. */
  sending: boolean;
  /** Why the approval was refused. */
  refused: ErrorData | null;
}

const closed: ChangeDialogState = { shown: null, sending: false, refused: null };

export const changeDialogStore = createStore<ChangeDialogState>(() => closed);

let asking: AbortController | null = null;

/** Has the host work out what taking this attachment off would mean, and shows it. Changes nothing. */
export async function planChange(node: string, entry: string): Promise<void> {
  asking?.abort();
  const mine = new AbortController();
  asking = mine;
  changeDialogStore.setState({ ...closed, shown: { state: "planning", node, entry } });
  try {
    const { client, session_id } = host();
    const { plan_id } = await client.call("change.plan", { session_id, node, entry }, { signal: mine.signal });
    if (asking === mine) showChange(node, plan_id);
  } catch (error) {
    if (asking !== mine) return;
    changeDialogStore.setState({ shown: { state: "not-planned", node, entry, error: errorData(error) } });
  }
}

/** Shows a change that was planned or made. */
export function showChange(node: string, plan_id: string): void {
  changeDialogStore.setState({ ...closed, shown: { state: "plan", node, plan_id } });
}

/** Closes the dialog; what was approved goes on. */
export function closeChange(): void {
  asking?.abort();
  asking = null;
  changeDialogStore.setState(closed);
}

/** Sends what was typed. The host compares it again; a refusal is shown where it was typed. */
export async function approveChange(node: string, plan_id: string, typed: string): Promise<void> {
  if (changeDialogStore.getState().sending) return;
  changeDialogStore.setState({ sending: true, refused: null });
  try {
    const { client, session_id } = host();
    await client.call("change.approve", { session_id, node, plan_id, typed });
  } catch (error) {
    changeDialogStore.setState({ refused: errorData(error) });
  } finally {
    changeDialogStore.setState({ sending: false });
  }
}

/** Has the node put it back. */
export async function undoChange(node: string, plan_id: string): Promise<void> {
  try {
    const { client, session_id } = host();
    await client.call("change.undo", { session_id, node, plan_id });
  } catch (error) {
    const { message, hint } = errorData(error);
    notify({ kind: "error", text: message, hint });
  }
}
