/** How a change of a node stands, in words, and what can still be done about it. Pure: the present is an argument. */
import type { ChangePhase, ChangePlan, ChangeRisk } from "../../../electron/core/change/types.ts";
import type { ChangeState } from "../../../electron/core/journal/changes.ts";
import type { NodeState } from "../../../electron/core/journal/state.ts";
import { countText } from "../../ui/format.ts";

const RISK_TITLES: Record<ChangeRisk["code"], string> = {
  "ssh-path": "Your own connection",
  "control-plane": "Control plane",
  "last-enforcing": "Enforcement",
  "device-policy": "Device's own policy",
  "controller-owns": "Owned by a controller",
  "comes-back-without-link": "Link",
  "unknown-owner": "Unknown owner",
  "wakes-another": "Wakes another program",
};

/** What a risk is about; whether it is so, or cannot be told, its own text says. A recording may hold one that is not known here. */
export function riskTitle(code: ChangeRisk["code"]): string {
  return RISK_TITLES[code] ?? "Risk";
}

/** Whether what was typed approves the plan: exactly its word, nothing around it. */
export function approves({ confirm }: Pick<ChangePlan, "confirm">, typed: string): boolean {
  return confirm !== "" && typed === confirm;
}

/** Packets the program sees now, or why nobody knows. */
export function rateText(packets_per_s: number | null): string {
  if (packets_per_s === null) return "not known: nothing measured it for this hook alone";
  if (packets_per_s === 0) return "none: it did not run while it was looked at";
  const shown = packets_per_s < 10 ? packets_per_s.toFixed(1) : countText(Math.round(packets_per_s));
  return `${shown} packets/s`;
}

/** Why a node cannot be changed now; null when it can. */
export function whyNoChange(node: NodeState | undefined): string | null {
  if (!node) return "The node is not part of this session any more.";
  if (node.transport === "replay") return "This is a recording: nothing can be changed on it.";
  if (node.phase !== "ready" && node.phase !== "collecting") return "The node is not connected.";
  if (node.privileges === null || node.privileges === "none" || node.privileges === "sudo_some") {
    return "A change needs root on the node, and bpfdesk is not root there.";
  }
  return null;
}

/** Approved, and nobody knows yet how it ends. */
export function isUnderWay(phase: ChangePhase): boolean {
  return phase === "approved" || phase === "armed" || phase === "detached";
}

/** The newest change of an attachment of a node; a plan that was never approved is none. */
export function changeOf(changes: readonly ChangeState[], node: string, entry: string): ChangeState | undefined {
  return changes.findLast((one) => one.node === node && one.plan.attachment.entry === entry && one.phase !== "planned");
}

/** The change to look at now, for the status bar: one under way before one that can be taken back; null when none is. */
export function newestChange(
  changes: readonly ChangeState[],
  nodes: Readonly<Record<string, NodeState>>,
): { node: string; plan_id: string; text: string } | null {
  const live = changes.filter(({ node }) => nodes[node]?.transport !== "replay");
  const change = live.findLast(({ phase }) => isUnderWay(phase)) ?? live.findLast(({ can_undo }) => can_undo);
  if (!change) return null;
  const text = isUnderWay(change.phase) ? "A change is under way" : "A change can be undone";
  return { node: change.node, plan_id: change.plan.plan_id, text };
}

/** How it stands, as one sentence that changes with the phase only: it is said aloud. */
export function changeText(change: ChangeState): string {
  switch (change.phase) {
    case "planned":
      return "Planned; nothing was changed.";
    case "approved":
      return "Approved: the undo is being armed on the node.";
    case "armed":
      return "The undo is armed on the node; the program is being taken off.";
    case "detached":
      return "Taken off and being checked.";
    case "confirmed":
      return "Done and checked: it is off.";
    case "restored":
      return restoredText(change);
    case "left":
      return "It is off and stays off.";
    case "failed":
      return "It failed: nothing was changed.";
    case "unsure":
      return "It is not known what became of it: refresh the picture to see.";
  }
}

/** When it is put back by itself; empty when it is not. */
export function leaseText({ phase, detached_at, plan }: ChangeState, now_ms: number): string {
  if (phase !== "detached") return "";
  const left = Math.ceil(((detached_at ?? now_ms) + plan.lease_s * 1000 - now_ms) / 1000);
  return left > 0
    ? `It is put back by itself in ${left} s unless it is confirmed.`
    : "It is put back by itself about now unless it was confirmed.";
}

const RESTORED_BY: Record<NonNullable<ChangeState["restored"]>["reason"], string> = {
  undo: "you undid it",
  lease: "it was not confirmed in time",
  stdin: "the connection ended before it was confirmed",
  signal: "it was asked to end before it was confirmed",
  checks: "the checks failed",
};

function restoredText({ restored }: ChangeState): string {
  if (!restored) return "Put back.";
  const order = restored.same
    ? "The chain is exactly what it was."
    : "The chain is not what it was: something else changed it meanwhile. Compare them below.";
  return `Put back: ${RESTORED_BY[restored.reason]}. ${order}`;
}

/** Whether it can be taken back now, and when not, why. Null: there is nothing to take back. */
export function undoState(change: ChangeState, node: NodeState | undefined): { can: boolean; text: string } | null {
  switch (change.phase) {
    case "detached":
    case "confirmed": {
      const why = whyNoChange(node);
      if (why !== null) return { can: false, text: `It cannot be undone here. ${why}` };
      return change.can_undo
        ? { can: true, text: "Possible as long as this connection lives." }
        : { can: false, text: "It cannot be undone just now." };
    }
    case "left":
      return {
        can: false,
        text: `It cannot be undone by bpfdesk any more: the connection that held the program ended. Its owner would have to attach it again.`,
      };
    case "planned":
    case "approved":
    case "armed":
    case "restored":
    case "failed":
    case "unsure":
      return null;
  }
}

export interface ChangeStep {
  text: string;
  state: "done" | "running" | "to-come" | "failed";
}

/** What happens after the approval, as a list that goes on as the node says it. */
export function progressOf(change: ChangeState): ChangeStep[] {
  const { phase } = change;
  const reached = change.detached_at !== null ? 2 : change.command_id !== null ? 1 : 0;
  const over = phase === "failed" || phase === "unsure" || (phase === "restored" && change.restored?.reason !== "undo");
  const done = phase === "confirmed" || phase === "left" || change.checks.length > 0;
  const state = (at: number): ChangeStep["state"] => {
    if (done || at < reached) return "done";
    if (at > reached) return "to-come";
    return over ? "failed" : "running";
  };
  return [
    { text: "Undo armed on the node", state: state(0) },
    { text: "Taken off", state: state(1) },
    { text: "Checked and confirmed", state: state(2) },
  ];
}
