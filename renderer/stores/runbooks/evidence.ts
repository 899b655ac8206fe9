/** Where a fact of a verdict can be looked at: in words, and the way there. */
import type { SessionState } from "../../../electron/core/journal/state.ts";
import type { EvidenceSource } from "../../../electron/core/runbook/types.ts";
import { showCommand } from "../commands.ts";
import { indexOf } from "../datapath-index.ts";
import { clearSelection, reveal } from "../selection.ts";
import { currentNodeStore, showNode } from "../session.ts";
import { showRecords } from "../traces/runs.ts";
import { showView } from "../view-request.ts";
import { showStep } from "./shown.ts";

/** What the link says, or why there is nothing to lead to any more. Pure. */
export interface EvidenceLink {
  text: string;
  gone: string | null;
}

type Known = Pick<SessionState, "commands" | "traces" | "nodes">;

export function evidenceLink(source: EvidenceSource, run: { node: string }, session: Known): EvidenceLink {
  switch (source.kind) {
    case "command": {
      const command = session.commands.findLast(({ command_id }) => command_id === source.command_id);
      return { text: "output", gone: command ? null : "Its output is not in this session." };
    }
    case "trace": {
      const trace = session.traces.findLast(({ trace_id }) => trace_id === source.trace_id);
      return { text: `${trace?.tracer ?? "trace"}: ${source.record}`, gone: trace ? null : "Not in this session." };
    }
    case "thing": {
      const datapath = session.nodes[run.node]?.datapath;
      const there = datapath ? indexOf(datapath).things.has(source.key) : false;
      return { text: "in the picture", gone: there ? null : "It is not in the newest picture any more." };
    }
    case "answer":
      return { text: "your answer", gone: null };
  }
}

/** Brings it into view. */
export function showEvidence(source: EvidenceSource, run: { node: string; run_id: string }): void {
  switch (source.kind) {
    case "command":
      showCommand(source.command_id);
      break;
    case "trace":
      showRecords(source.trace_id, source.record, source.filter);
      break;
    case "thing":
      showThing(source.key, run.node);
      break;
    case "answer":
      showStep(run.run_id, source.step);
      break;
  }
}

/** A thing of the picture of some node, which comes into view first when it is not. */
export function showThing(key: string, node: string): void {
  if (currentNodeStore.getState().node !== node) {
    clearSelection();
    showNode(node);
  }
  showView("picture");
  reveal(key);
}
