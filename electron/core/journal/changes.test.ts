import { expect, it } from "vitest";
import type { ChangePlan } from "../change/types.ts";
import type { EventBody } from "./events.ts";
import { emptySession, foldAll } from "./state.ts";

const plan = (plan_id: string): ChangePlan => ({
  plan_id,
  node: "n1",
  attachment: {
    ...{ entry: "e", mechanism: "tcx", direction: "egress", ifname: "lxc1", ifindex: 7, netns: "1" },
    ...{ prog_id: 5, prog_name: "" },
  },
  ...{ command: "", by_hand: "", undo: "", verification: "", confirm: "lxc1", lease_s: 20, risks: [] },
  affects: { hook: "", pod: null, remains: [], packets_per_s: null },
  owner: { text: "", will_probably: "" },
});
const planned = (plan_id: string, node = "n1"): EventBody => ({ type: "change.planned", node, plan: plan(plan_id) });
const about = { node: "n1", plan_id: "a" };
const detached: EventBody[] = [
  planned("a"),
  { type: "change.approved", ...about },
  { type: "change.armed", ...about, command_id: "c1", chain: ["x", "y"] },
  { type: "change.detached", ...about, exact: true, chain: ["y"] },
];
const error = { code: "connection-lost", message: "lost", hint: "" };

function changes(...events: EventBody[]) {
  return foldAll(
    emptySession,
    events.map((event, index) => ({ ...event, seq: index + 1, at: 1000 + index })),
  ).changes;
}

it("a plan is replaced by the node's next one until it is approved", () => {
  const kept = changes(planned("a"), planned("b"), planned("c", "n2"));
  expect(kept.map(({ plan, phase }) => [plan.plan_id, phase])).toEqual([
    ["b", "planned"],
    ["c", "planned"],
  ]);
  expect(changes(...detached, planned("b"))).toHaveLength(2);
});

it("a change can be undone from the moment it is made until it is put back or left", () => {
  const undoable = (...more: EventBody[]) => changes(...detached, ...more)[0]?.can_undo;
  expect(changes(...detached.slice(0, 3))[0]?.can_undo).toBe(false);
  expect(undoable()).toBe(true);
  const confirmed: EventBody = { type: "change.confirmed", ...about, checks: ["all well"] };
  expect(undoable(confirmed)).toBe(true);
  expect(undoable(confirmed, { type: "change.left", ...about })).toBe(false);
  expect(undoable({ type: "change.failed", ...about, error, unsure: true })).toBe(false);
});

it("tells the whole way, with both chains and why it was put back", () => {
  const checks = { ...error, code: "checks-failed" };
  const [change] = changes(
    ...detached,
    { type: "change.failed", ...about, error: checks, unsure: false },
    { type: "change.restored", ...about, reason: "checks", same: true, chain: ["x", "y"] },
  );
  expect(change).toEqual({
    node: "n1",
    plan: plan("a"),
    phase: "restored",
    planned_at: 1000,
    approved_at: 1001,
    detached_at: 1003,
    settled_at: 1005,
    command_id: "c1",
    chain_before: ["x", "y"],
    chain_after: ["x", "y"],
    exact: true,
    checks: [],
    restored: { reason: "checks", same: true },
    error: checks,
    can_undo: false,
  });
});

it("an event of a plan nobody knows changes nothing, and the same plan made again is a change of its own", () => {
  expect(changes({ type: "change.left", ...about })).toEqual([]);
  const again = changes(...detached, { type: "change.left", ...about }, planned("a"), {
    type: "change.approved",
    ...about,
  });
  expect(again.map(({ phase }) => phase)).toEqual(["left", "approved"]);
});
