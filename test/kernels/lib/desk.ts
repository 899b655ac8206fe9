/**
 * bpfdesk's host with a machine as its one node, connected once: what an incident takes then is its runbook, and not what
 * comes before and after it, which takes as long under emulation.
 */
import * as path from "node:path";
import type { ChangeState } from "../../../electron/core/journal/changes.ts";
import type { RunbookRunState } from "../../../electron/core/journal/runbooks.ts";
import type { RunbookVerdict } from "../../../electron/core/runbook/types.ts";
import { askPod } from "../../../electron/host/change/checks.ts";
import { lendChange } from "../../../electron/host/change/lend.ts";
import { readSections } from "../../../electron/host/collect/collect.ts";
import { takeInventory } from "../../../electron/host/residue/inventory.ts";
import { stopLeftovers } from "../../../electron/host/residue/stop.ts";
import { testService } from "../../../electron/host/session/testing/service.ts";
import { chooseBpftool } from "../../../electron/host/tools/ensure-bpftool.ts";
import { lendTracers } from "../../../electron/host/trace/lend.ts";
import { follow } from "../../support/change-node.ts";
import { within } from "./limit.ts";
import type { Machine } from "./machine.ts";

const RESOURCES = path.resolve(import.meta.dirname, "../../../resources");
/** A runbook takes 20 to 60 s, five times that beside others on a slow machine. */
const RUN_MS = 300_000;
const CHANGE_MS = 120_000;
/** The checks take as long as commands do under emulation; that the lease ends is tried elsewhere. */
const LEASE_S = 100;

export interface Desk {
  /** What a runbook says. Rejects with why the run did not end as it should. */
  run(book: string, inputs: Record<string, string>): Promise<readonly RunbookVerdict[]>;
  /** The plan to take a hook's entry off. */
  plan(entry: string): Promise<ChangeState>;
  /** Approves a plan by what is typed; how it stands once it is settled. */
  approve(plan_id: string, typed: string): Promise<ChangeState>;
  /** Takes a change back; how it stands then. */
  undo(plan_id: string): Promise<ChangeState>;
  /** Leaves the node and says what is left there, in words. */
  close(): Promise<string[]>;
}

export async function openDesk(machine: Machine): Promise<Desk> {
  const test = await testService({
    ssh: () => machine.connect(),
    // The userland's own bpftool is older than most kernels and hides what they have.
    ensureBpftool: (transport, context) =>
      chooseBpftool(transport, {
        ...context,
        toolsDir: path.join(RESOURCES, "tools"),
        ask: async () => ({ accept: true, values: [] }),
        answers: new Map(),
      }),
    readSections,
    residue: { takeInventory, stopLeftovers },
    lendTracers: (transport, { signal }) =>
      lendTracers(transport, { tracersDir: path.join(RESOURCES, "tracers"), signal }),
    changes: {
      lend: (transport, { signal }) => lendChange(transport, { dir: path.join(RESOURCES, "change"), signal }),
      askPod,
      lease_s: LEASE_S,
    },
  });
  const { client, session_id } = test;
  const { untilNow } = follow(client, session_id);
  const node = await test.connect({ kind: "ssh", target: machine.target });
  const about = { session_id, node };
  const { nodes } = await within(
    RUN_MS,
    `a picture of ${machine.kernel}`,
    untilNow(({ nodes: now }) => {
      const one = now[node];
      return one !== undefined && (one.error !== null || (one.phase === "ready" && one.datapath !== null));
    }),
  );
  const error = nodes[node]?.error;
  if (error) throw new Error(`${error.message} ${error.hint}`);

  async function untilRun(run_id: string): Promise<RunbookRunState> {
    const found = ({ runbooks }: { runbooks: readonly RunbookRunState[] }) =>
      runbooks.find((run) => run.run_id === run_id && (run.outcome !== null || run.paused !== null));
    return found(await untilNow((state) => found(state) !== undefined)) as RunbookRunState;
  }
  async function untilChange(plan_id: string, phases: readonly ChangeState["phase"][]): Promise<ChangeState> {
    const found = ({ changes }: { changes: readonly ChangeState[] }) =>
      changes.find(({ plan, phase }) => plan.plan_id === plan_id && phases.includes(phase));
    const what = `the change ${plan_id} to be ${phases.join(" or ")}`;
    return found(
      await within(
        CHANGE_MS,
        what,
        untilNow((state) => found(state) !== undefined),
      ),
    ) as ChangeState;
  }

  return {
    async run(book, inputs) {
      const { run_id } = await client.call("runbook.start", { ...about, book, inputs, attended: false });
      try {
        const run = await within(RUN_MS, `the end of ${book}`, untilRun(run_id));
        const why = run.error ?? run.paused?.error;
        if (run.outcome !== "finished") throw new Error(`the run did not finish: ${why?.message} ${why?.hint}`);
        return run.verdicts;
      } catch (reason) {
        // Refused where it ended by itself.
        await client.call("runbook.stop", { ...about, run_id }).catch(() => {});
        throw reason;
      }
    },
    async plan(entry) {
      const { plan_id } = await client.call("change.plan", { ...about, entry });
      return untilChange(plan_id, ["planned"]);
    },
    async approve(plan_id, typed) {
      await client.call("change.approve", { ...about, plan_id, typed });
      return untilChange(plan_id, ["confirmed", "restored", "left", "failed", "unsure"]);
    },
    async undo(plan_id) {
      await client.call("change.undo", { ...about, plan_id });
      return untilChange(plan_id, ["restored", "left", "failed", "unsure"]);
    },
    async close() {
      await client.call("node.disconnect", about);
      const state = await within(
        CHANGE_MS,
        `leaving ${machine.kernel}`,
        untilNow(({ nodes: now }) => now[node]?.phase === "closed"),
      );
      await test.end();
      return [...(state.nodes[node]?.residue ?? [])];
    },
  };
}
