import { expect, it } from "vitest";
import type { ChangePlan } from "../../../electron/core/change/types.ts";
import type { ChangeState } from "../../../electron/core/journal/changes.ts";
import type { NodeState } from "../../../electron/core/journal/state.ts";
import {
  approves,
  changeOf,
  changeText,
  leaseText,
  newestChange,
  progressOf,
  rateText,
  undoState,
  whyNoChange,
} from "./text.ts";

const change = (phase: ChangeState["phase"], more: Partial<ChangeState> = {}): ChangeState => ({
  node: "n1",
  plan: { plan_id: "p1", lease_s: 20, attachment: { entry: "e1" } } as ChangePlan,
  phase,
  planned_at: 0,
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
  can_undo: phase === "detached" || phase === "confirmed",
  ...more,
});
const node = (more: Partial<NodeState> = {}) =>
  ({ node: "n1", transport: "ssh", phase: "ready", privileges: "root", ...more }) as NodeState;

it("is approved by the exact word and by nothing else", () => {
  expect(approves({ confirm: "lxc1" }, "lxc1")).toBe(true);
  for (const typed of ["", "LXC1", " lxc1", "lxc1 ", "lxc", "lxc11", "lxc1\n"]) {
    expect({ typed, approved: approves({ confirm: "lxc1" }, typed) }).toEqual({ typed, approved: false });
  }
  expect(approves({ confirm: "" }, "")).toBe(false);
});

it("does not take unknown for none", () => {
  expect(rateText(null)).toMatch(/^not known/);
  expect(rateText(0)).toMatch(/^none/);
  expect(rateText(0.4)).toBe("0.4 packets/s");
  expect(rateText(1834.4)).toBe("1\u202f834 packets/s");
});

it("changes nothing on a recording, without a connection, or without root", () => {
  expect(whyNoChange(node())).toBeNull();
  expect(whyNoChange(node({ transport: "replay" }))).toMatch(/recording/);
  expect(whyNoChange(node({ phase: "waiting" }))).toMatch(/not connected/);
  expect(whyNoChange(node({ privileges: "none" }))).toMatch(/root/);
  expect(whyNoChange(undefined)).not.toBeNull();
});

it("counts down to when the node puts it back by itself", () => {
  const detached = change("detached", { detached_at: 1000 });
  expect(leaseText(detached, 6500)).toMatch(/put back by itself in 15 s unless/);
  expect(leaseText(detached, 90_000)).toMatch(/about now/);
  expect(leaseText(change("confirmed", { detached_at: 1000 }), 6500)).toBe("");
});

it("says why it was put back, and whether the chain is what it was", () => {
  const back = (reason: "undo" | "lease", same: boolean) => change("restored", { restored: { reason, same } });
  expect(changeText(back("undo", true))).toBe("Put back: you undid it. The chain is exactly what it was.");
  expect(changeText(back("lease", false))).toMatch(/not confirmed in time\. The chain is not what it was/);
});

it("offers the way back as long as there is one, and says so when there is none any more", () => {
  expect(undoState(change("confirmed"), node())).toMatchObject({ can: true });
  expect(undoState(change("detached"), node())).toMatchObject({ can: true });
  expect(undoState(change("confirmed"), node({ phase: "closed" }))).toMatchObject({ can: false });
  expect(undoState(change("left"), node())).toMatchObject({ can: false });
  expect(undoState(change("restored"), node())).toBeNull();
});

it("follows a change step by step, and does not call done what was taken back", () => {
  const states = (one: ChangeState) => progressOf(one).map(({ state }) => state);
  expect(states(change("approved"))).toEqual(["running", "to-come", "to-come"]);
  expect(states(change("armed", { command_id: "c" }))).toEqual(["done", "running", "to-come"]);
  const off = { command_id: "c", detached_at: 1 };
  expect(states(change("detached", off))).toEqual(["done", "done", "running"]);
  expect(states(change("confirmed", { ...off, checks: ["it answers"] }))).toEqual(["done", "done", "done"]);
  expect(states(change("restored", { ...off, restored: { reason: "checks", same: true } }))).toEqual([
    "done",
    "done",
    "failed",
  ]);
  expect(states(change("failed"))).toEqual(["failed", "to-come", "to-come"]);
});

it("knows the change of an attachment, and the one to look at first", () => {
  const planned = change("planned");
  const made = change("confirmed");
  expect(changeOf([made, planned], "n1", "e1")).toBe(made);
  expect(changeOf([made], "n2", "e1")).toBeUndefined();
  expect(newestChange([made], { n1: node() })?.text).toBe("A change can be undone");
  expect(newestChange([made], { n1: node({ transport: "replay" }) })).toBeNull();
  expect(newestChange([change("armed"), made], { n1: node() })?.text).toBe("A change is under way");
});
