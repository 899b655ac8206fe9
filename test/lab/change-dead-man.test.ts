/**
 * The dead man's switch, on the lab's node: whatever goes away right after the change and before it was confirmed, the node
 * puts it back by itself within its lease. What is attached is read by tc.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import type { Datapath } from "../../electron/core/model/types.ts";
import type { AskPod } from "../../electron/host/change/checks.ts";
import { ensureApp } from "../support/app.ts";
import { type ChangeNode, type ChangeNodeOptions, changeNode, entriesOf, follow } from "../support/change-node.ts";
import { startDesktopHost } from "../support/desktop-host.ts";
import type { TestSshd } from "../support/sshd.ts";
import { startProxy } from "../support/tcp-proxy.ts";
import { portableBpftool } from "./node/bpftool.ts";
import { until } from "./node/exec.ts";
import { faultInterface } from "./node/expected.ts";
import { type Lab, startLab } from "./node/lab.ts";
import { NODE_ADDRESS } from "./node/plan.ts";

const PATIENCE_MS = 60_000;
/** Of the change, and of the guard around it. */
const LEASE_S = 20;
const GUARD_LEASE_S = 6;

let lab: Lab;
let sshd: TestSshd;
let ifname = "";
const stops: (() => unknown)[] = [];
beforeAll(async () => {
  await ensureApp();
  lab = await startLab({
    pods: 3,
    mechanism: "clsact",
    faults: ["stale-filter"],
    ssh: true,
    bpftool: portableBpftool(),
  });
  if (!lab.ssh) throw new Error("the lab has no sshd");
  sshd = lab.ssh;
  ifname = faultInterface(lab.plan, "stale-filter") ?? "";
}, 120_000);
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});
afterAll(() => lab?.stop());

/** What is on the pod's egress, as tc says it. */
async function filters(of = ifname, direction = "egress"): Promise<unknown[]> {
  const { stdout } = await lab.run(["tc", "-j", "filter", "show", "dev", of, direction]);
  return (JSON.parse(stdout) as { options?: unknown }[]).filter(({ options }) => options);
}
/** In the node: pids by the names of their programs. */
const pids = async (...names: string[]) =>
  (await lab.run(["pgrep", "-x", names.join("|")])).stdout.split("\n").filter(Boolean);

/** The checks come to the pod and wait there, until the test lets them. */
function heldChecks() {
  let asked = 0;
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const askPod: AskPod = async () => {
    if (asked++ > 0) await held;
    return "answered";
  };
  stops.push(letGo);
  return askPod;
}

/** A node whose stale filter is off, and not confirmed. */
async function detached(options: ChangeNodeOptions = {}): Promise<{ node: ChangeNode; before: unknown[] }> {
  const before = await filters();
  const node = await changeNode(sshd, { askPod: heldChecks(), lease_s: LEASE_S, ...options });
  stops.push(() => node.end());
  const [stale] = entriesOf(await node.picture(), ifname, "tc_egress");
  await node.approve(await node.plan(stale?.key ?? ""));
  await node.untilChange(({ phase }) => phase === "detached");
  expect(await filters()).toHaveLength(before.length - 1);
  return { node, before };
}

/** Waits until it is there again; after how many seconds. */
async function restored(before: unknown[], since: number): Promise<number> {
  expect(await until(async () => (await filters()).length === before.length, PATIENCE_MS)).toBe(true);
  const took_s = (performance.now() - since) / 1000;
  expect(await filters()).toEqual(before);
  expect(await until(async () => (await pids("bpfdesk-change", "bpfdesk-keeper")).length === 0, PATIENCE_MS)).toBe(
    true,
  );
  console.info(`restored ${took_s.toFixed(2)} s after ${expect.getState().currentTestName}`);
  return took_s;
}

/** The second time it is called in the node it takes longer than anything waits for it. */
const SLOW_PING = `#!/bin/sh
[ ! -e "$0.asked" ] || exec sleep 600
touch "$0.asked"
`;

it("when bpfdesk is killed; and the session finds that out when it is opened again", async () => {
  const before = await filters();
  const ping = path.join(sshd.dir, "ping");
  fs.writeFileSync(ping, SLOW_PING, { mode: 0o755 });
  const real = (await lab.run(["sh", "-c", "command -v ping"])).stdout.trim();
  expect(await lab.run(["mount", "--bind", ping, real])).toMatchObject({ code: 0 });
  stops.push(() => lab.run(["umount", real]));
  const dir = fs.mkdtempSync(path.join(sshd.dir, "killed-"));
  const options = { dataDir: path.join(dir, "data"), known_hosts: sshd.knownHosts };
  const host = await startDesktopHost(dir, options);
  stops.push(() => host.child.kill("SIGKILL"));
  const opened = await host.client.call("session.open", {});
  const { session_id } = opened;
  const first = follow(host.client, session_id);
  const target = { kind: "ssh" as const, target: `root@${sshd.host}:${sshd.port}`, identity_file: sshd.keyFile };
  const { node } = await host.client.call("node.connect", { session_id, target });
  const { nodes } = await first.untilNow((state) => state.nodes[node]?.datapath != null);
  const [stale] = entriesOf(nodes[node]?.datapath as Datapath, ifname, "tc_egress");
  const { plan_id } = await host.client.call("change.plan", { session_id, node, entry: stale?.key ?? "" });
  await host.client.call("change.approve", { session_id, node, plan_id, typed: ifname });
  await first.untilNow(({ changes }) => changes.at(-1)?.phase === "detached");
  expect(await filters()).toHaveLength(before.length - 1);
  const since = performance.now();
  host.child.kill("SIGKILL");
  await host.ended;
  expect(await restored(before, since)).toBeLessThan(LEASE_S);

  const again = await startDesktopHost(dir, options);
  stops.push(async () => {
    again.tell("close");
    await until(async () => again.said.includes("closed"), PATIENCE_MS);
    again.child.kill();
    await again.ended;
  });
  expect(await again.client.call("session.open", {})).toEqual(opened);
  const second = follow(again.client, session_id);
  const { changes } = await second.untilNow((state) => state.changes.length > 0);
  expect(changes).toMatchObject([{ phase: "unsure", can_undo: false }]);
  await again.client.call("node.reconnect", { session_id, node });
  const known = await second.untilNow((state) => state.changes.at(-1)?.phase !== "unsure");
  expect(known.changes).toMatchObject([{ phase: "restored", restored: { same: true } }]);
});

it("when the line stands still, with root by sudo", async () => {
  const line = await startProxy({ target: sshd });
  stops.push(() => line.stop());
  const { before } = await detached({ port: line.port, user: "engineer", guard_lease_s: GUARD_LEASE_S });
  const since = performance.now();
  line.stall();
  expect(await restored(before, since)).toBeLessThan(LEASE_S);
  await line.stop();
});

it.each([
  ["the node's sshd is stopped", false],
  ["the node's sshd is stopped and what was to put it back does not come to its turn", true],
])("when %s; the next look at the node tells", async (_, stuck) => {
  const { node, before } = await detached();
  const since = performance.now();
  if (stuck) await lab.run(["pkill", "-STOP", "-x", "bpfdesk-change"]);
  await lab.run(["pkill", "-KILL", "-x", "sshd"]);
  expect(await restored(before, since)).toBeLessThan(LEASE_S);
  const change = await node.untilChange(({ phase }) => phase === "restored");
  expect(change).toMatchObject({ restored: { same: true }, can_undo: false, error: { code: "connection-lost" } });
});

it("when the change itself cuts the way to the node, which comes back with it", async () => {
  // Behind the agent's own, which ends the chain, is one that drops everything.
  const drops = ["ingress", "pref", "100", "protocol", "all", "handle", "1", "bpf", "da", "bytecode", "1,6 0 0 2"];
  expect(await lab.run(["tc", "filter", "add", "dev", "eth0", ...drops])).toMatchObject({ code: 0 });
  stops.push(() => lab.run(["tc", "filter", "del", "dev", "eth0", "ingress", "pref", "100"]));
  const before = await filters("eth0", "ingress");
  expect(before).toHaveLength(2);
  const [enter = "", ...session] = lab.session;
  const conf = ["-f", path.join(sshd.dir, "sshd_config"), "-o", `ListenAddress=${NODE_ADDRESS}`];
  const daemon = spawn(enter, [...session, "/usr/sbin/sshd", "-D", "-e", "-p", "22", ...conf], { stdio: "ignore" });
  stops.push(async () => {
    await lab.run(["pkill", "-x", "sshd"]);
    if (daemon.exitCode === null && daemon.signalCode === null) await once(daemon, "exit");
  });
  expect(await until(async () => (await lab.run(["nc", "-z", NODE_ADDRESS, "22"])).code === 0, PATIENCE_MS)).toBe(true);

  const config = [`ProxyCommand nsenter --net=/proc/${lab.state.outer}/ns/net nc ${NODE_ADDRESS} 22`];
  const node = await changeNode(sshd, { host: NODE_ADDRESS, port: 22, config, lease_s: 3 });
  stops.push(() => node.end());
  const [first] = entriesOf(await node.picture(), "eth0", "tc_ingress");
  const change = await node.plan(first?.key ?? "");
  expect(change.plan).toMatchObject({
    confirm: lab.plan.hostname,
    risks: expect.arrayContaining([expect.objectContaining({ code: "ssh-path" })]),
  });
  await expect(node.approve(change, "eth0")).rejects.toMatchObject({ data: { code: "not-confirmed" } });
  const since = performance.now();
  await node.approve(change);
  const restored = await node.untilChange(({ phase }) => phase === "restored");
  console.info(`the node was back ${((performance.now() - since) / 1000).toFixed(2)} s after it was approved`);
  expect(restored).toMatchObject({ restored: { same: true, reason: "lease" }, error: { code: "checks-failed" } });
  expect(await filters("eth0", "ingress")).toEqual(before);
});
