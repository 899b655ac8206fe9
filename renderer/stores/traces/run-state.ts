/** What is known of runs and of nodes they could run on. Pure. */
import type { NodeState, SessionState, TraceState } from "../../../electron/core/journal/state.ts";

/** All runs of the session, newest first. */
export function newestFirst(traces: readonly TraceState[]): TraceState[] {
  return traces.toReversed();
}

/** The run with that id, or the newest. */
export function shownRun({ traces }: Pick<SessionState, "traces">, id: string | null): TraceState | undefined {
  return traces.findLast((trace) => trace.trace_id === id) ?? traces.at(-1);
}

/** Whether a run has not ended. */
export function isRunning({ state }: Pick<TraceState, "state">): boolean {
  return state === "starting" || state === "running";
}

/** Whether it goes on at a node; a recorded run that is still being read does not. */
export function goesOn(trace: TraceState, nodes: Readonly<Record<string, NodeState>>): boolean {
  return isRunning(trace) && nodes[trace.node]?.transport !== "replay";
}

/** Why a tracer cannot be started on a node; null when it can. */
export function whyNot(node: NodeState): string | null {
  if (node.transport === "replay") return "This is a recording: nothing can be started on it.";
  if (node.phase !== "ready" && node.phase !== "collecting") return "The node is not connected.";
  if (node.privileges === null || node.privileges === "none" || node.privileges === "sudo_some") {
    return "Tracers need root on the node, and bpfdesk is not root there.";
  }
  return null;
}

export interface RunningSum {
  count: number;
  starting: number;
  /** Percent of one CPU, of all nodes together. */
  cpu_pct: number;
  lost: number;
}

/** What goes on in sum, for the status bar; null when nothing does. */
export function runningSum({ traces, nodes }: Pick<SessionState, "traces" | "nodes">): RunningSum | null {
  const running = traces.filter((trace) => goesOn(trace, nodes));
  if (running.length === 0) return null;
  const last = running.map((trace) => trace.stats.at(-1));
  return {
    count: running.length,
    starting: running.filter((trace) => trace.state === "starting").length,
    cpu_pct: last.reduce((sum, stats) => sum + (stats?.cost?.cpu_pct ?? 0), 0),
    lost: last.reduce((sum, stats) => sum + (stats?.lost ?? 0), 0),
  };
}
