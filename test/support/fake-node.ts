/**
 * A node for tests of the service's own requests: a child process of this one, whose tracer is a script, and which can
 * be lost at any time. The service, its journal, the guard around every command and the lending are the real ones.
 */
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, beforeEach, expect } from "vitest";
import type { Collected } from "../../electron/core/collect/frames.ts";
import { writeFrames } from "../../electron/core/collect/write-frames.ts";
import { BpfdeskError } from "../../electron/core/errors.ts";
import { readSections } from "../../electron/host/collect/collect.ts";
import type { ServiceOptions } from "../../electron/host/service.ts";
import { smallSnapshot, type TestService, testService } from "../../electron/host/session/testing/service.ts";
import { lendTracers } from "../../electron/host/trace/lend.ts";
import type { NodeTransport } from "../../electron/host/transport/types.ts";
import { ChildTransport } from "../lab/collect-transport.ts";
import { until } from "../lab/node/exec.ts";
import { writeFakeTracers } from "./fake-tracers.ts";

export interface FakeNode {
  /** The test's own folder. `resources` in it is the installation's. */
  readonly dir: string;
  /** The folder in which the node lets tracers be put. It must be empty when the test has ended. */
  readonly place: string;
  /** Whether connections made from now on are root; they are, unless a test says otherwise. */
  root: boolean;
  /** The service that was started last; it is ended with the test. */
  readonly service: TestService;
  start(options?: Partial<ServiceOptions>): Promise<TestService>;
  /** Connects once more, as far as the picture; returns the node's name in the session. */
  connected(): Promise<string>;
  /** Cuts the line of the last connection. */
  lose(): void;
}

/** For the top of a file. `gone_within_ms`: how long after the service's end what it lent may still be there. */
export function fakeNode({ gone_within_ms }: { gone_within_ms: number }): FakeNode {
  let dir: string;
  let place: string;
  let service: TestService | null;
  let last: LosableTransport | null;

  beforeEach(() => {
    dir = fs.mkdtempSync(path.join(os.tmpdir(), "bpfdesk-node-"));
    place = path.join(dir, "node");
    fs.mkdirSync(place);
    writeFakeTracers(path.join(dir, "resources/tracers"));
    fs.symlinkSync(path.resolve(import.meta.dirname, "../../resources/collect"), path.join(dir, "resources/collect"));
    service = null;
    last = null;
    node.root = true;
  });
  afterEach(async () => {
    await service?.end();
    await until(() => fs.readdirSync(place).length === 0, gone_within_ms);
    const left = fs.readdirSync(place);
    fs.rmSync(dir, { recursive: true, force: true });
    expect(left).toEqual([]);
  });

  const node: FakeNode = {
    root: true,
    get dir() {
      return dir;
    },
    get place() {
      return place;
    },
    get service() {
      if (!service) throw new Error("no service was started");
      return service;
    },
    async start(options = {}) {
      const resourcesDir = path.join(dir, "resources");
      service = await testService(
        {
          ssh: async () => {
            last = new LosableTransport({ privileges: node.root ? "root" : "none" });
            return last;
          },
          collectNode: playedCollection,
          collectFollowUp: async () => smallSnapshot.collected,
          readSections,
          lendTracers: (transport, { signal }) =>
            lendTracers(transport, { tracersDir: path.join(resourcesDir, "tracers"), signal, candidates: [place] }),
        },
        { resourcesDir, ...options },
      );
      return service;
    },
    async connected() {
      const name = await node.service.connect({ kind: "ssh", target: "node-1" });
      await node.service.untilNode(name, ({ phase, collect }) => phase === "ready" && collect?.state === "finished");
      return name;
    },
    lose: () => last?.lose(),
  };
  return node;
}

class LosableTransport extends ChildTransport {
  #lost = (_error: Error) => {};
  readonly #running = new Set<{ cancel(): void }>();
  override onLost(listener: (error: Error) => void): void {
    this.#lost = listener;
  }
  override async exec(request: Parameters<ChildTransport["exec"]>[0]) {
    const execution = await super.exec(request);
    this.#running.add(execution);
    void execution.exited.catch(() => {}).finally(() => this.#running.delete(execution));
    return execution;
  }
  lose(): void {
    for (const run of this.#running) run.cancel();
    this.#lost(new BpfdeskError({ code: "connection-lost", message: "The line was cut.", hint: "" }));
  }
}

/** The node says what the small snapshot holds, so that the session can be opened as a record of it. */
async function playedCollection(transport: NodeTransport): Promise<Collected> {
  const { collected } = smallSnapshot;
  const stdin = writeFrames(collected, "0123456789abcdef");
  const said = await transport.exec({ argv: ["cat"], root: false, stdin, timeout_ms: 60_000, record_key: "collect" });
  for (const stream of [said.stdout, said.stderr]) stream.resume();
  await said.exited;
  return collected;
}
