/** A service for tests: real journal, real collector, real replay; live connections are the test's. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Snapshot } from "../../../core/collect/snapshot.ts";
import { BpfdeskError } from "../../../core/errors.ts";
import { emptySession, foldAll, type NodeState, type SessionState } from "../../../core/journal/state.ts";
import type { ConnectTarget } from "../../../shared/contract.ts";
import { type Client, createClient } from "../../../shared/rpc/client.ts";
import { memoryPorts } from "../../../shared/rpc/memory-port.ts";
import { serve } from "../../../shared/rpc/server.ts";
import { collectFollowUp, collectNode } from "../../collect/collect.ts";
import type { LiveParts } from "../../live.ts";
import { createService, type Service, type ServiceOptions } from "../../service.ts";

export interface TestService {
  client: Client;
  service: Service;
  dir: string;
  session_id: string;
  path: string | null;
  connect(target: ConnectTarget): Promise<string>;
  /** The state once it satisfies the condition. */
  until(condition: (state: SessionState) => boolean): Promise<SessionState>;
  /** The node once it satisfies the condition. */
  untilNode(node: string, condition: (state: NodeState) => boolean): Promise<NodeState>;
  /** Closes the service and removes its folder. */
  end(): Promise<void>;
}

const noLive = async () => {
  throw new BpfdeskError({ code: "not-in-this-test", message: "not in this test", hint: "" });
};

export async function testService(
  live: Partial<LiveParts["live"]> & Partial<LiveParts["work"]> = {},
  options: Partial<ServiceOptions> = {},
): Promise<TestService> {
  const { ssh = noLive, local = noLive, ...work } = live;
  const dir = mkdtempSync(join(tmpdir(), "bpfdesk-service-"));
  const service = createService(
    {
      resourcesDir: resolve(import.meta.dirname, "../../../../resources"),
      dataDir: dir,
      mode: "desktop",
      version: "0.0.0",
      ...options,
    },
    {
      live: { ssh, local },
      work: {
        collectNode,
        collectFollowUp,
        ensureBpftool: async () => ({ bpftool: null, cleanup: async () => [] }),
        ...work,
      },
      localAvailable: () => ({ available: false, reason: "a test" }),
      listSshHosts: async () => [],
      resolveSsh: async (target) => ({ target, hops: [], backend: "ssh2", why: "" }),
    },
  );
  const [ours, theirs] = memoryPorts();
  const bugs: unknown[] = [];
  serve(theirs, service.handlers, { onBug: (error) => bugs.push(error) });
  const client = createClient(ours);
  const { session_id, path } = await client.call("session.open", {});

  async function until(condition: (state: SessionState) => boolean): Promise<SessionState> {
    let state = emptySession;
    for await (const batch of client.stream("session.events", { session_id, after_seq: 0 })) {
      for (const event of batch) {
        state = foldAll(state, [event]);
        if (condition(state)) return state;
      }
    }
    throw new Error("the session ended before that");
  }

  return {
    client,
    service,
    dir,
    session_id,
    path,
    until,
    connect: async (target) => (await client.call("node.connect", { session_id, target })).node,
    async untilNode(node, condition) {
      const state = await until((now) => {
        const found = now.nodes[node];
        return found !== undefined && condition(found);
      });
      const found = state.nodes[node];
      if (!found) throw new Error("no such node");
      return found;
    },
    async end() {
      await service.close();
      client.close();
      rmSync(dir, { recursive: true, force: true });
      if (bugs.length > 0) throw bugs[0];
    },
  };
}

const section = (name: string, stdout: string) => ({
  section: name,
  scope: "node" as const,
  exit: 0,
  ms: 1,
  truncated: false,
  stdout,
  stderr: "",
});

/** A node with one program and nothing attached. */
export const smallSnapshot: Snapshot = {
  format: "bpfdesk-snapshot",
  version: 1,
  app_version: "0.0.0",
  title: "small",
  description: "one program",
  node: { host: "node-1", user: "root", root: true },
  recorded_at: 1_700_000_000_000,
  collected: {
    sections: [
      section(
        "node.kernel",
        "hostname=node-1\nrelease=6.12.0\nmachine=x86_64\nhost_netns=4026531840\nuid=0\nuser=root\n",
      ),
      section(
        "bpf.prog",
        '[{"id":7,"type":"cgroup_device","name":"sd_devices","tag":"be31ae23198a0378","gpl_compatible":true,"loaded_at":1700000000,"uid":0,"bytes_xlated":64,"jited":true,"bytes_jited":60,"bytes_memlock":4096}]',
      ),
    ],
    complete: true,
    noise: "Welcome!\n",
  },
  follow_up: {
    sections: [
      section(
        "bpf.xlated",
        '#prog 7\n[{"disasm":"(18) r1 = 0x0","opcodes":{"code":"0x18","src_reg":"0x0","dst_reg":"0x1","off":["0x00","0x00"],"imm":["0x00","0x00","0x00","0x00","0x00","0x00","0x00","0x00","0x00","0x00","0x00","0x00"]}},{"src":"return 1;","disasm":"(95) exit","opcodes":{"code":"0x95","src_reg":"0x0","dst_reg":"0x0","off":["0x00","0x00"],"imm":["0x00","0x00","0x00","0x00"]}}]\n',
      ),
    ],
    complete: true,
    noise: "",
  },
};
