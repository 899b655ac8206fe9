/** Runs that are begun at once on several nodes are so in the journal: a reopened session knows it, too. */
import { expect, it, vi } from "vitest";
import { fakeNode } from "../support/fake-node.ts";
import { rejection } from "./electron-rpc-helpers.ts";
import { book, runsOn, who } from "./runbook-fixture.ts";

// It starts shells on what may be a busy machine.
vi.setConfig({ testTimeout: 90_000, hookTimeout: 60_000 });

const machine = fakeNode({ gone_within_ms: 45_000 });
const { start, begin, ended, order, look } = runsOn(machine);

it.skipIf(process.platform !== "linux")("keeps with what a run was begun, and takes nothing else for it", async () => {
  await start(book([look("found")]));
  const node = await machine.connected();
  const batch = { id: "batch-1", nodes: 20 };
  const request = { ...order(node), book: "fixture", ...who };
  const { run_id } = await machine.service.client.call("runbook.start", { ...request, batch });
  expect((await ended(run_id)).batch).toEqual(batch);
  expect((await ended(await begin(node, who))).batch).toBeNull();
  const alone = machine.service.client.call("runbook.start", { ...request, batch: { id: "batch-2", nodes: 1 } });
  expect((await rejection(alone)).code).toBe("bad-input");
});
