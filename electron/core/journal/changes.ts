/** The fold of `change.*`: how each change to a node stands. Total: an event about a plan that is not known changes nothing. */
import type { ChangePhase, ChangePlan } from "../change/types.ts";
import type { ErrorData } from "../errors.ts";
import type { EventBody } from "./events.ts";

export interface ChangeState {
  node: string;
  plan: ChangePlan;
  phase: ChangePhase;
  /** Epoch ms. */
  planned_at: number;
  approved_at: number | null;
  detached_at: number | null;
  /** When it was confirmed, put back, left, or failed: the last of them. */
  settled_at: number | null;
  /** Of bpfdesk-change on the node. */
  command_id: string | null;
  /** What was attached to the interface before, as the node said it, in words; empty while it is not known. */
  chain_before: readonly string[];
  /** The same as it was said last after that. */
  chain_after: readonly string[];
  /** Exactly that attachment is gone and nothing else has changed; null while it is not known. */
  exact: boolean | null;
  /** What was looked at before it was confirmed, in words. */
  checks: readonly string[];
  /** `same`: the chain is exactly what it was. */
  restored: { reason: Extract<ChangeEvent, { type: "change.restored" }>["reason"]; same: boolean } | null;
  error: ErrorData | null;
  /** It can be taken back now. */
  can_undo: boolean;
}

type ChangeEvent = Extract<EventBody, { type: `change.${string}` }>;

export const isChangeEvent = (event: EventBody): event is ChangeEvent => event.type.startsWith("change.");

/** A plan that was neither approved nor worked out again is replaced by the node's next one. */
export function foldChanges(changes: readonly ChangeState[], event: ChangeEvent, at: number): readonly ChangeState[] {
  if (event.type === "change.planned") {
    return [...changes.filter(({ node, phase }) => node !== event.node || phase !== "planned"), planned(event, at)];
  }
  const index = changes.findLastIndex(({ node, plan }) => node === event.node && plan.plan_id === event.plan_id);
  const change = changes[index];
  if (change === undefined) return changes;
  const next = { ...change, ...changed(change, event, at) };
  return changes.with(index, { ...next, can_undo: next.phase === "detached" || next.phase === "confirmed" });
}

function planned({ node, plan }: Extract<ChangeEvent, { type: "change.planned" }>, at: number): ChangeState {
  return {
    node,
    plan,
    phase: "planned",
    planned_at: at,
    approved_at: null,
    detached_at: null,
    settled_at: null,
    command_id: null,
    chain_before: [],
    chain_after: [],
    exact: null,
    checks: [],
    restored: null,
    error: null,
    can_undo: false,
  };
}

function changed(
  change: ChangeState,
  event: Exclude<ChangeEvent, { type: "change.planned" }>,
  at: number,
): Partial<ChangeState> {
  switch (event.type) {
    case "change.approved":
      return { phase: "approved", approved_at: at };
    case "change.armed":
      return { phase: "armed", command_id: event.command_id, chain_before: event.chain };
    case "change.detached":
      return { phase: "detached", detached_at: at, exact: event.exact, chain_after: event.chain };
    case "change.confirmed":
      return { phase: "confirmed", settled_at: at, checks: event.checks };
    case "change.restored": {
      const { reason, same, chain } = event;
      return { phase: "restored", settled_at: at, restored: { reason, same }, chain_after: chain };
    }
    case "change.left":
      return { phase: "left", settled_at: at };
    case "change.failed":
      return { phase: event.unsure ? "unsure" : "failed", settled_at: at, error: event.error };
    default:
      return change;
  }
}
