/** The program whose translated code is shown, and how far asking for it has come. */
import { createStore } from "zustand/vanilla";
import type { ErrorData } from "../../electron/core/errors.ts";
import { errorData } from "../host/error-data.ts";
import { host } from "../host/link.ts";

export type DisassemblyState =
  | { state: "none" }
  | { state: "loading"; node: string; prog_id: number; name: string }
  | { state: "ready"; node: string; prog_id: number; name: string; text: string; command_id: string }
  | { state: "failed"; node: string; prog_id: number; name: string; error: ErrorData };

export const disassemblyStore = createStore<DisassemblyState>(() => ({ state: "none" }));

let asking: AbortController | null = null;

/** Asks the node for the code of a program; an earlier question that is still open is dropped. */
export async function disassemble(node: string, prog_id: number, name: string): Promise<void> {
  asking?.abort();
  const mine = new AbortController();
  asking = mine;
  const what = { node, prog_id, name };
  disassemblyStore.setState({ state: "loading", ...what }, true);
  try {
    const { client, session_id } = host();
    const answer = await client.call("node.disassemble", { session_id, node, prog_id }, { signal: mine.signal });
    if (asking === mine) disassemblyStore.setState({ state: "ready", ...what, ...answer }, true);
  } catch (error) {
    if (asking === mine) disassemblyStore.setState({ state: "failed", ...what, error: errorData(error) }, true);
  }
}
