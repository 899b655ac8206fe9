/** Runs of tracers: which is shown, what goes on, and the intents to start and stop them. */
import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import type { ErrorData } from "../../../electron/core/errors.ts";
import type { TraceState } from "../../../electron/core/journal/state.ts";
import { errorData } from "../../host/error-data.ts";
import { host } from "../../host/link.ts";
import { notify } from "../notice.ts";
import { sessionStore } from "../session.ts";
import { showView } from "../view-request.ts";
import type { StartInput } from "./form.ts";
import { goesOn, shownRun } from "./run-state.ts";

/** The run a person chose to see; null: the newest. */
export const shownRunStore = createStore<{ trace_id: string | null }>(() => ({ trace_id: null }));

/** Rows that are to be shown, e.g. those that prove something; `nonce` tells one request from the next. */
export interface RecordsRequest {
  trace_id: string;
  record: string;
  /** In the words of the table's filter. */
  filter: string;
  nonce: number;
}

const recordsRequestStore = createStore<{ request: RecordsRequest | null; nonce: number }>(() => ({
  request: null,
  nonce: 0,
}));

/** Brings a run into view; null: the newest. */
export function showRun(trace_id: string | null): void {
  shownRunStore.setState({ trace_id });
  recordsRequestStore.setState({ request: null });
  showView("traces");
}

/** Brings records of a run into view, those that the filter lets through. */
export function showRecords(trace_id: string, record: string, filter: string): void {
  showRun(trace_id);
  recordsRequestStore.setState(({ nonce }) => ({
    request: { trace_id, record, filter, nonce: nonce + 1 },
    nonce: nonce + 1,
  }));
}

/** The newest request for records of this run, or null. */
export function useRecordsRequest(trace_id: string): RecordsRequest | null {
  return useStore(recordsRequestStore, ({ request }) => (request?.trace_id === trace_id ? request : null));
}

/** The run in view, or undefined when there is none. */
export function useShownRun(): TraceState | undefined {
  const id = useStore(shownRunStore, (state) => state.trace_id);
  return useStore(sessionStore, (state) => shownRun(state, id));
}

export interface StartFailure {
  node: string;
  error: ErrorData;
}

/** Starts a tracer on some nodes and shows the first run; answers with the nodes that refused, and why. */
export async function startOn(nodes: readonly string[], input: StartInput): Promise<StartFailure[]> {
  const started = await Promise.all(
    nodes.map(async (node) => {
      try {
        const { client, session_id } = host();
        return { node, ...(await client.call("trace.start", { session_id, node, ...input })) };
      } catch (error) {
        return { node, error: errorData(error) };
      }
    }),
  );
  const first = started.find((one) => "trace_id" in one);
  if (first && "trace_id" in first) showRun(first.trace_id);
  return started.flatMap((one) => ("error" in one ? [{ node: one.node, error: one.error }] : []));
}

/** Starts a run again as it was. */
export async function runAgain(trace: TraceState): Promise<void> {
  const { tracer, params, limits } = trace;
  const [failed] = await startOn([trace.node], { tracer, params: { ...params }, ...limits });
  if (failed) notify({ kind: "error", text: failed.error.message, hint: failed.error.hint });
}

/** Ends a run as its time limit would; its summary still comes. */
export async function stopRun({ node, trace_id }: Pick<TraceState, "node" | "trace_id">): Promise<void> {
  try {
    const { client, session_id } = host();
    await client.call("trace.stop", { session_id, node, trace_id });
  } catch (error) {
    const { message, hint } = errorData(error);
    notify({ kind: "error", text: message, hint });
  }
}

/** Stops the run in view, or the only one that goes on; with several others going on it shows them. */
export function stopShownRun(): void {
  const state = sessionStore.getState();
  const running = state.traces.filter((trace) => goesOn(trace, state.nodes));
  const shown = shownRun(state, shownRunStore.getState().trace_id);
  const one =
    running.find((trace) => trace.trace_id === shown?.trace_id) ?? (running.length === 1 ? running[0] : undefined);
  if (one) void stopRun(one);
  else if (running.length > 0) showView("traces");
}
