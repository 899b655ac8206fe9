/**
 * A hundred nodes opened at once, as a person opens a group: the time until the last picture, and the
 * memory of the host's own process. Each node is an sshd of its own on loopback; behind all of them is one lab node,
 * whose tools run on the same two cores as everything else.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
// @ts-expect-error the scripts run before anything is installed and are plain JavaScript
import { ensureBuild } from "../../scripts/lib/build.mjs";
import { portableBpftool } from "../lab/node/bpftool.ts";
import { startLab } from "../lab/node/lab.ts";
import { type HostProcess, startHostProcess } from "../support/host-process.ts";
import type { TestSshd } from "../support/sshd.ts";
import { defineBench, ms, times } from "./define.ts";

const NODES = 100;

export default defineBench({
  title: `${NODES} nodes at once`,
  async run() {
    await ensureBuild();
    const lab = await startLab({ profile: "busy", ssh: true, bpftool: portableBpftool() });
    try {
      if (!lab.ssh) throw new Error("the lab has no sshd");
      const ports = await lab.ssh.morePorts(NODES);
      const one = await measure(lab.ssh, ports.slice(0, 1));
      const all = await measure(lab.ssh, ports);
      const perNode = all.took_ms / NODES;
      return [
        { label: "host's memory, one node (peak resident set)", value: `${one.peak_mb} MB` },
        { label: `host's memory, ${NODES} nodes (peak resident set)`, value: `${all.peak_mb} MB` },
        { label: "one node, to its picture", value: ms(one.took_ms) },
        { label: `${NODES} nodes, to the last picture`, value: ms(all.took_ms) },
        { label: "a node among them, against one alone", value: `${ms(perNode)}, ${times(perNode, one.took_ms)}` },
      ];
    } finally {
      await lab.stop();
    }
  },
});

/** Opens the nodes in a host of their own and reads their events as a window does, keeping none. */
async function measure(sshd: TestSshd, ports: readonly number[]): Promise<{ took_ms: number; peak_mb: number }> {
  const dir = mkdtempSync(join(tmpdir(), "bpfdesk-bench-"));
  const host = await startHostProcess({
    resourcesDir: resolve(import.meta.dirname, "../../resources"),
    dataDir: dir,
    mode: "desktop",
    version: "bench",
    known_hosts: sshd.knownHosts,
  });
  try {
    const took_ms = await collectAll(host, sshd, ports);
    return { took_ms, peak_mb: host.peak() };
  } finally {
    await host.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}

/** @returns ms to the last picture */
async function collectAll({ client }: HostProcess, sshd: TestSshd, ports: readonly number[]): Promise<number> {
  const { session_id } = await client.call("session.open", {});
  const started = performance.now();
  const targets = ports.map((port) => `root@127.0.0.1:${port}`);
  await client.call("nodes.connect", { session_id, targets, group: "bench", identity_file: sshd.keyFile });
  let left = ports.length;
  for await (const events of client.stream("session.events", { session_id, after_seq: 0 })) {
    for (const event of events) {
      if (event.type === "connection.failed" || event.type === "collect.failed") {
        throw new Error([event.error.message, event.error.cause].join(" "));
      }
      if (event.type === "connection.prompt") throw new Error(`asked: ${event.prompt.kind}`);
      if (event.type === "collect.finished") left -= 1;
    }
    if (left === 0) return performance.now() - started;
  }
  throw new Error("the session ended early");
}
