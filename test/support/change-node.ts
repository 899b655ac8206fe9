/** What tests of changes share: a session with a node over a real sshd, plans and approvals as the page asks for them. */
import * as fs from "node:fs";
import * as path from "node:path";
import type { ChangeState } from "../../electron/core/journal/changes.ts";
import { emptySession, foldAll, type NodeState, type SessionState } from "../../electron/core/journal/state.ts";
import type { Datapath, HookEntry } from "../../electron/core/model/types.ts";
import { type AskPod, askPod } from "../../electron/host/change/checks.ts";
import { lendChange } from "../../electron/host/change/lend.ts";
import { takeInventory } from "../../electron/host/residue/inventory.ts";
import { stopLeftovers } from "../../electron/host/residue/stop.ts";
import { type TestService, testService } from "../../electron/host/session/testing/service.ts";
import { connectSsh } from "../../electron/host/ssh/connect.ts";
import type { Client } from "../../electron/shared/rpc/client.ts";
import type { TestSshd } from "./sshd.ts";

const dir = path.resolve(import.meta.dirname, "../../resources/change");

export interface ChangeNodeOptions {
  host?: string;
  /** Lines of the ssh configuration. */
  config?: string[];
  port?: number;
  user?: string;
  lease_s?: number;
  askPod?: AskPod;
  /** Of the connection: the guard's. */
  guard_lease_s?: number;
}

export interface ChangeNode extends TestService {
  node: string;
  /** The last picture, of after the last change. */
  picture(): Promise<Datapath>;
  plan(entry: string): Promise<ChangeState>;
  /** Approves it as a person would. */
  approve(change: ChangeState, typed?: string): Promise<unknown>;
  undo(change: ChangeState): Promise<unknown>;
  /** The session as it is, once it satisfies the condition. */
  untilNow(condition: (state: SessionState) => boolean): Promise<SessionState>;
  /** The last change, once it satisfies the condition. */
  untilChange(condition: (change: ChangeState) => boolean): Promise<ChangeState>;
  collect(): Promise<Datapath>;
  /** Another node of the session, which is the same machine, as soon as it is connected; its id. */
  connectAgain(): Promise<string>;
  /** Leaves the node; its state then. */
  leave(): Promise<SessionState["nodes"][string]>;
}

export async function changeNode(sshd: TestSshd, options: ChangeNodeOptions = {}): Promise<ChangeNode> {
  const { port = sshd.port, user = "root", lease_s = 20 } = options;
  const config_file = path.join(sshd.dir, `config-change-${port}`);
  const alias = `HostKeyAlias [127.0.0.1]:${sshd.port}`;
  const lines = [
    ...(options.config ?? []),
    alias,
    "IdentityAgent none",
    "IdentityFile none",
    "GlobalKnownHostsFile none",
  ];
  fs.writeFileSync(config_file, `${lines.join("\n")}\n`);
  const target = `${user}@${options.host ?? sshd.host}:${port}`;
  const known_hosts = sshd.knownHosts;
  const guard = options.guard_lease_s === undefined ? {} : { lease_s: options.guard_lease_s };
  const test = await testService({
    ssh: (_chosen, context) =>
      connectSsh({ target, config_file, known_hosts, identity_file: sshd.keyFile, ...guard, ...context }),
    residue: { takeInventory, stopLeftovers },
    // What programs can return is no question here, and dumping them takes long.
    collectFollowUp: async () => ({ sections: [], complete: true, noise: "" }),
    changes: {
      lend: (transport, { signal }) => lendChange(transport, { dir, signal }),
      askPod: options.askPod ?? askPod,
      lease_s,
    },
  });
  const { client, session_id } = test;
  const { untilNow } = follow(client, session_id);
  const node = await test.connect({ kind: "ssh", target });
  const about = { session_id, node };
  const untilNode = async (condition: (one: NodeState, state: SessionState) => boolean) => {
    const state = await untilNow((now) => {
      const one = now.nodes[node];
      return one !== undefined && condition(one, now);
    });
    return state.nodes[node] as NodeState;
  };
  const picture = async () => {
    const { datapath, error } = await untilNode(
      (one, { changes }) =>
        one.error !== null ||
        one.prompt !== null ||
        (one.datapath !== null && one.phase === "ready" && (one.datapath_at ?? 0) > (changes.at(-1)?.settled_at ?? 0)),
    );
    if (!datapath || error) throw new Error(error?.message ?? "no picture");
    return datapath;
  };
  const untilChange: ChangeNode["untilChange"] = async (condition) => {
    const last = ({ changes }: SessionState) => changes.findLast((one) => one.node === node);
    const found = (state: SessionState) => {
      const change = last(state);
      return change !== undefined && condition(change);
    };
    return last(await untilNow(found)) as ChangeState;
  };
  try {
    await picture();
  } catch (error) {
    await test.end().catch(() => {});
    throw error;
  }
  return {
    ...test,
    node,
    picture,
    untilNow,
    untilChange,
    async plan(entry) {
      await picture();
      const { plan_id } = await client.call("change.plan", { ...about, entry });
      return untilChange(({ plan, phase }) => plan.plan_id === plan_id && phase === "planned");
    },
    approve: ({ plan }, typed = plan.confirm) =>
      client.call("change.approve", { ...about, plan_id: plan.plan_id, typed }),
    undo: ({ plan }) => client.call("change.undo", { ...about, plan_id: plan.plan_id }),
    async collect() {
      const { collect_id } = await client.call("node.collect", about);
      const { datapath } = await untilNode(
        ({ collect, phase }) => collect?.collect_id === collect_id && phase === "ready",
      );
      if (!datapath) throw new Error("no picture");
      return datapath;
    },
    async connectAgain() {
      const other = await test.connect({ kind: "ssh", target });
      await untilNow(({ nodes }) => nodes[other]?.privileges === "root");
      return other;
    },
    async leave() {
      await client.call("node.disconnect", about);
      return untilNode(({ phase }) => phase === "closed");
    },
  };
}

/** The session as it is now, not as it has ever been. */
export function follow(client: Client, session_id: string) {
  let state = emptySession;
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const one of [...waiting]) one();
  };
  async function read(): Promise<void> {
    for await (const events of client.stream("session.events", { session_id, after_seq: 0 })) {
      state = foldAll(state, events);
      wake();
    }
  }
  read().catch(wake);
  return {
    untilNow(condition: (state: SessionState) => boolean): Promise<SessionState> {
      return new Promise((resolve) => {
        const look = () => {
          if (!condition(state)) return;
          waiting.delete(look);
          resolve(state);
        };
        waiting.add(look);
        look();
      });
    },
  };
}

/** The entries of one hook of an interface, in their order. */
export function entriesOf(datapath: Datapath, ifname: string, hook: string): HookEntry[] {
  const iface = datapath.interfaces.find((one) => one.name === ifname);
  return iface?.hooks.find((one) => one.hook === hook)?.entries ?? [];
}
