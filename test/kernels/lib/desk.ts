/**
 * bpfdesk's host with a machine as its one node, connected once: what an incident takes then is its runbook, and not what
 * comes before and after it, which takes as long under emulation.
 */
import * as path from "node:path";
import { readSections } from "../../../electron/host/collect/collect.ts";
import { takeInventory } from "../../../electron/host/residue/inventory.ts";
import { stopLeftovers } from "../../../electron/host/residue/stop.ts";
import { testService } from "../../../electron/host/session/testing/service.ts";
import { lendTracers } from "../../../electron/host/trace/lend.ts";
import { follow } from "../../support/change-node.ts";
import type { Machine } from "./machine.ts";
import type { Line } from "./match.ts";

const TRACERS = path.resolve(import.meta.dirname, "../../../resources/tracers");

export interface Desk {
  /** The verdicts, as the command line prints them but for plans. Rejects with why the run did not end as it should. */
  run(book: string, inputs: Record<string, string>): Promise<Line[]>;
  /** Leaves the node and says what is left there, in words. */
  close(): Promise<string[]>;
}

export async function openDesk(machine: Machine): Promise<Desk> {
  const test = await testService({
    ssh: () => machine.connect(),
    readSections,
    residue: { takeInventory, stopLeftovers },
    lendTracers: (transport, { signal }) => lendTracers(transport, { tracersDir: TRACERS, signal }),
  });
  const { client, session_id } = test;
  const { untilNow } = follow(client, session_id);
  const node = await test.connect({ kind: "ssh", target: machine.target });
  const about = { session_id, node };
  const { nodes } = await untilNow(({ nodes: now }) => {
    const one = now[node];
    return one !== undefined && (one.error !== null || (one.phase === "ready" && one.datapath !== null));
  });
  const error = nodes[node]?.error;
  if (error) throw new Error(`${error.message} ${error.hint}`);
  // The tracers are there from now on, and are no news to whoever looks what a run leaves behind.
  await client.call("tracers.check", about);
  return {
    async run(book, inputs) {
      const { run_id } = await client.call("runbook.start", { ...about, book, inputs, attended: false });
      const { runbooks } = await untilNow(({ runbooks: runs }) =>
        runs.some((run) => run.run_id === run_id && (run.outcome !== null || run.paused !== null)),
      );
      const run = runbooks.find((one) => one.run_id === run_id);
      const why = run?.error ?? run?.paused?.error;
      if (run?.outcome !== "finished") throw new Error(`the run did not finish: ${why?.message} ${why?.hint}`);
      return run.verdicts.map((verdict) => ({ ...verdict }));
    },
    async close() {
      await client.call("node.disconnect", about);
      const state = await untilNow(({ nodes: now }) => now[node]?.phase === "closed");
      await test.end();
      return [...(state.nodes[node]?.residue ?? [])];
    },
  };
}
