/** All that is tried on one kernel: the collector, what `check` says, every case, every way of ending, every incident. */
import * as fs from "node:fs";
import * as path from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { feature } from "../../../electron/core/trace/manifest.ts";
import type { LentBinary } from "../../../electron/host/session/work.ts";
import { execChecked } from "../../../electron/host/tools/checked.ts";
import { checkArgv } from "../../../electron/host/trace/command.ts";
import { lendTracers } from "../../../electron/host/trace/lend.ts";
import type { NodeTransport } from "../../../electron/host/transport/types.ts";
import { startProxy } from "../../support/tcp-proxy.ts";
import { type KernelCase, readCases } from "./cases.ts";
import { collectorShows } from "./collector.ts";
import { type Desk, openDesk } from "./desk.ts";
import { readIncidents } from "./incidents.ts";
import { inventory, left } from "./leaks.ts";
import { mustBeRight } from "./limit.ts";
import { type Machine, startMachine } from "./machine.ts";
import { filled, type Place, prepared, runCase } from "./run-case.ts";
import { runIncident } from "./run-incident.ts";
import { runTracer } from "./tracer.ts";

const ROOT = path.resolve(import.meta.dirname, "../../..");
const START_MS = 900_000;
/** Every incident on every kernel; otherwise each on those that its file names, which takes a third of the time. */
const EVERYWHERE = process.env.BPFDESK_INCIDENTS === "everywhere";

const checked = z.object({
  record: z.literal("check"),
  features: z.record(feature, z.object({ available: z.boolean(), why: z.string() })),
});
/** By kernel: what it does not offer. */
const missing = z.record(z.string(), z.array(feature));

const lend = (transport: NodeTransport) =>
  lendTracers(transport, { tracersDir: path.join(ROOT, "resources/tracers"), signal: new AbortController().signal });

export function kernelTests(kernel: string): void {
  const cases = readCases();
  let place: Place;
  let machine: Machine;
  let lent: LentBinary;
  let atFirst: string[];
  beforeAll(async () => {
    machine = await startMachine(kernel);
    atFirst = await inventory(machine.admin);
    const transport = await machine.connect();
    lent = await lend(transport);
    place = { machine, transport, path: lent.path };
  }, START_MS);
  afterAll(async () => {
    await machine?.stop();
  }, 60_000);

  it("shows every program on an interface in the kernel's order", async () => {
    const { shown, put, peer, complete } = await collectorShows(machine, place.transport);
    expect(shown).toEqual(put);
    expect({ peer, complete }).toEqual({ peer: "eth0 inside", complete: true });
  });

  it("is known for what it offers tracers", async () => {
    const { transport, path: binary } = place;
    const execution = await execChecked(transport, {
      argv: checkArgv(binary),
      root: true,
      timeout_ms: 120_000,
      record_key: "check",
    });
    const [stdout] = await Promise.all([text(execution.stdout), text(execution.stderr), execution.exited]);
    const { features } = checked.parse(JSON.parse(stdout));
    const file = fs.readFileSync(path.join(import.meta.dirname, "../missing.yaml"), "utf8");
    const lacks = Object.entries(features).flatMap(([name, { available }]) => (available ? [] : [name]));
    expect(lacks.sort()).toEqual([...(missing.parse(parse(file))[kernel] ?? [])].sort());
  });

  for (const [tracer, own] of Map.groupBy(cases, (one) => one.tracer)) {
    describe(tracer, () => {
      for (const one of own) it(one.title, async () => mustBeRight(await runCase(place, one)));
      const endless = own.find(({ ended }) => ended === "signal");
      if (!endless) return;
      it("leaves nothing in the kernel when it is killed", async () => {
        mustBeRight(await leftWhen(endless, place, () => machine.script("pkill -KILL -x bpfdesk-tracer", {})));
      });
      it("leaves nothing in the kernel when the line is cut", async () => {
        const line = await startProxy({ target: { host: "127.0.0.1", port: machine.port } });
        try {
          const transport = await machine.connect(line.port);
          mustBeRight(await leftWhen(endless, { ...place, transport }, async () => line.cut()));
        } finally {
          await line.stop();
        }
      });
    });
  }

  it("has no file of bpfdesk once the line it was lent over is cut", async () => {
    const before = await inventory(machine.admin);
    const line = await startProxy({ target: { host: "127.0.0.1", port: machine.port } });
    try {
      const other = await lend(await machine.connect(line.port));
      expect(await inventory(machine.admin)).toContain(`file ${path.dirname(other.path)}`);
      line.cut();
      mustBeRight(await left(machine.admin, before));
    } finally {
      await line.stop();
    }
  });

  describe("of the incidents", () => {
    let desk: Desk;
    let open = false;
    beforeAll(async () => {
      desk = await openDesk(machine);
      open = true;
    }, START_MS);
    // Where only some of the tests are run.
    afterAll(async () => {
      if (open) await desk.close();
    }, START_MS);
    for (const one of readIncidents().filter(({ kernels }) => EVERYWHERE || kernels.some((one) => one === kernel))) {
      it(`${one.runbook} ${one.title}`, async () => mustBeRight(await runIncident({ machine, desk }, one)));
    }
    it("nothing is left of when the node is left", async () => {
      open = false;
      mustBeRight(await desk.close());
    });
  });

  it("has nothing of bpfdesk left once the connection is closed", async () => {
    mustBeRight(await lent.remove());
    await place.transport.close();
    mustBeRight(await left(machine.admin, atFirst));
  });
}

/** Starts the case's tracer, ends it in a way it cannot answer, and tells what is left. */
function leftWhen(
  one: KernelCase,
  { machine, transport, path }: Place,
  end: () => Promise<unknown>,
): Promise<string[]> {
  return prepared(machine, one, async ({ variables, before }) => {
    const params = filled(one.params, variables);
    const running = await runTracer(transport, path, { tracer: one.tracer, params, for_s: one.for_s });
    const own = running.error === null ? (await inventory(machine.admin)).filter((line) => !before.includes(line)) : [];
    if (running.error === null && !own.some((line) => line.startsWith("prog")))
      return ["it had no program while it ran"];
    await end();
    return left(machine.admin, before);
  });
}
