/** What a person is shown and asked before a change, whatever a node calls its things. */
import { expect, it } from "vitest";
import type { ChangePlan } from "../core/change/types.ts";
import { BpfdeskError } from "../core/errors.ts";
import type { RunbookRunState } from "../core/journal/runbooks.ts";
import type { Run } from "./run.ts";
import { applyPlan } from "./runbook-apply.ts";

const plan = {
  ...{ plan_id: "p1", command: "bpfdesk-change detach", by_hand: "tc filter del", confirm: "lxc1", lease_s: 20 },
  affects: { hook: "lxc1 egress", pod: "shop/x\n  risk: none", remains: [], packets_per_s: 999.000999 },
  ...{ owner: { text: "cilium", will_probably: "nothing" }, risks: [], undo: "", verification: "" },
} as unknown as ChangePlan;
const run = {
  verdicts: [{ proposal: { kind: "detach", attachment: { entry: "e" } } }],
} as unknown as RunbookRunState;

function somebody(planned: () => { plan_id: string }): { on: Run; said: string[]; asked: string[] } {
  const [said, asked]: [string[], string[]] = [[], []];
  const on = {
    terminal: {
      interactive: true,
      say: (line: string) => void said.push(line),
      ask: async (question: string) => void asked.push(question),
    },
    client: { call: async () => planned() },
    target: { change: async () => ({ plan }) },
    opened: { session_id: "s", node: "n1" },
    signal: new AbortController().signal,
  };
  return { on: on as unknown as Run, said, asked };
}

it("shows a plan in which no name makes a line of its own, and leaves it when nothing is typed", async () => {
  const { on, said, asked } = somebody(() => ({ plan_id: "p1" }));
  const apply = applyPlan("p1", { interactive: true });
  await apply.decide(on, run);
  expect(said.join("\n")).not.toContain("\n  risk: none");
  expect(said[2]).toBe("  affects: lxc1 egress, pod shop/x␊  risk: none; it runs 999 times a second now");
  expect(asked).toEqual(["Type lxc1 to make this change, anything else to leave it: "]);
  expect(said.at(-1)).toBe("It was not approved; nothing was changed.");
  expect(apply.failed).toBe(true);
});

it("says that there is nothing to do only when every proposal could be planned", async () => {
  const other = applyPlan("p2", { interactive: true });
  const planned = somebody(() => ({ plan_id: "p1" }));
  await other.decide(planned.on, run);
  await other.end(planned.on);
  expect([planned.said, other.failed]).toEqual([
    ["No proposal of this run has the plan p2: there is nothing to do, and nothing was changed."],
    false,
  ]);
  const apply = applyPlan("p2", { interactive: true });
  const refused = somebody(() => {
    throw new BpfdeskError({ code: "no-root", message: "A change needs root.", hint: "" });
  });
  await apply.decide(refused.on, run);
  await apply.end(refused.on);
  expect([refused.said, apply.failed]).toEqual([
    [
      "No proposal of this run has the plan p2: nothing was changed. No plan could be made of another proposal: A change needs root.",
    ],
    true,
  ]);
});
