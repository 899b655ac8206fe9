/**
 * The picture of a busy node over a line with 50 ms of round trip, against the same facts gathered
 * by one command per exec over a multiplexed OpenSSH connection. Both through the same proxy, in one run.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { emptySession, fold, type SessionState } from "../../electron/core/journal/state.ts";
import type { Datapath } from "../../electron/core/model/types.ts";
import { createService } from "../../electron/host/service.ts";
import { createClient } from "../../electron/shared/rpc/client.ts";
import { memoryPorts } from "../../electron/shared/rpc/memory-port.ts";
import { serve } from "../../electron/shared/rpc/server.ts";
import { portableBpftool } from "../lab/node/bpftool.ts";
import { startLab } from "../lab/node/lab.ts";
import type { TestSshd } from "../support/sshd.ts";
import { startProxy } from "../support/tcp-proxy.ts";
import { defineBench, median, ms, times } from "./define.ts";

const ROUND_TRIP_MS = 50;
const RUNS = 3;

export default defineBench({
  title: `Picture of a busy node, ${ROUND_TRIP_MS} ms round trip`,
  async run() {
    const lab = await startLab({ profile: "busy", ssh: true, bpftool: portableBpftool() });
    const dir = mkdtempSync(join(tmpdir(), "bpfdesk-bench-"));
    try {
      if (!lab.ssh) throw new Error("the lab has no sshd");
      const proxy = await startProxy({ target: lab.ssh, delay_ms: ROUND_TRIP_MS });
      try {
        const ours: Ours[] = [];
        for (let run = 0; run < RUNS; run++) ours.push(await collectOnce(dir, lab.ssh, proxy.port));
        const last = ours.at(-1) as Ours;
        const commands = oneByOne(last.datapath);
        const theirs = await multiplexed(dir, lab.ssh, proxy.port, commands);
        const mine = median(ours.map((one) => one.ms));
        const attached = last.datapath.interfaces.flatMap((iface) => iface.hooks.flatMap((hook) => hook.entries));
        return [
          {
            label: "node",
            value: `${last.datapath.programs.length} programs, ${attached.length} attachments, ${last.datapath.pods.length} pods`,
          },
          { label: "commands on the node after authentication, ours", value: String(last.execs) },
          { label: "commands on the node, one by one", value: String(commands.length) },
          { label: `ours, authenticated to picture (median of ${RUNS})`, value: ms(mine) },
          { label: "one by one over a multiplexed connection", value: ms(theirs) },
          { label: "ratio", value: times(theirs, mine) },
        ];
      } finally {
        await proxy.stop();
      }
    } finally {
      rmSync(dir, { recursive: true, force: true });
      await lab.stop();
    }
  },
});

interface Ours {
  ms: number;
  execs: number;
  datapath: Datapath;
}

/** One whole connection through the product's own service. */
async function collectOnce(dir: string, sshd: TestSshd, port: number): Promise<Ours> {
  const service = createService({
    resourcesDir: resolve(import.meta.dirname, "../../resources"),
    dataDir: dir,
    mode: "desktop",
    version: "bench",
    session_path: ":memory:",
    known_hosts: join(dir, "known_hosts"),
  });
  const [ours, theirs] = memoryPorts();
  serve(theirs, service.handlers);
  const client = createClient(ours);
  try {
    const { session_id } = await client.call("session.open", {});
    const target = { kind: "ssh", target: `root@127.0.0.1:${port}`, identity_file: sshd.keyFile } as const;
    const { node } = await client.call("node.connect", { session_id, target });
    let state: SessionState = emptySession;
    let authenticated = 0;
    let execs = 0;
    for await (const events of client.stream("session.events", { session_id, after_seq: 0 })) {
      for (const event of events) {
        state = fold(state, event);
        if (event.type === "connection.phase" && event.phase === "privileges") authenticated ||= event.at;
        if (event.type === "command.started") execs++;
        if (event.type === "connection.prompt")
          await client.call("node.answer", {
            session_id,
            node,
            prompt_id: event.prompt_id,
            // The node's own bpftool is measured; lending one is another matter.
            answer: { accept: event.prompt.kind === "host_key_new", values: [] },
          });
      }
      const now = state.nodes[node];
      if (now?.error) throw new Error(now.error.message);
      if (now?.collect?.state === "finished" && now.datapath) {
        const done = events.at(-1)?.at ?? 0;
        await client.call("node.disconnect", { session_id, node });
        return { ms: done - authenticated, execs, datapath: now.datapath };
      }
    }
    throw new Error("the session ended early");
  } finally {
    await service.close();
    client.close();
  }
}

/** The same facts by hand: what a person or a script would run, a command at a time. */
function oneByOne(datapath: Datapath): string[] {
  const everywhere = ["ip -d -j -s link show", "ip -j addr show", "tc -j -s qdisc show", "bpftool -j net show"];
  const filters = (inode: string) =>
    datapath.interfaces
      .filter((iface) => iface.netns === inode && iface.hooks.some((hook) => hook.qdisc))
      .flatMap((iface) => ["ingress", "egress"].map((side) => `tc -j -s filter show dev ${iface.name} ${side}`));
  const commands = [
    "uname -a; cat /etc/os-release",
    "cat /proc/self/mountinfo",
    "bpftool -j -f prog show",
    "bpftool -j -f map show",
    "bpftool -j -f link show",
    "bpftool -j cgroup tree",
    "bpftool -j struct_ops show",
    "bpftool -j btf show",
    "ip -j netns list-id",
    "ls /var/log/pods",
    "grep -H '' /proc/[0-9]*/cgroup",
    "grep -rHE '^(prog|map|link)_id:' /proc/[0-9]*/fdinfo",
    "cat /proc/net/softnet_stat /proc/net/snmp /proc/net/netstat",
    ...everywhere,
  ];
  for (const map of datapath.maps) if (map.type === "prog_array") commands.push(`bpftool -j map dump id ${map.id}`);
  commands.push(...filters(datapath.node.host_netns));
  for (const netns of datapath.netns) {
    if (netns.host || netns.pod === null || netns.pid === null) continue;
    const enter = `nsenter --net=/proc/${netns.pid}/ns/net `;
    commands.push(...[...everywhere, ...filters(netns.inode)].map((command) => enter + command));
  }
  return commands;
}

/** Runs the commands in turn over one ControlMaster connection. @returns ms without connecting. */
async function multiplexed(dir: string, sshd: TestSshd, port: number, commands: string[]): Promise<number> {
  const options = [
    ...["-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"],
    ...["-o", "LogLevel=ERROR", "-o", `ControlPath=${join(dir, "mux")}`, "-i", sshd.keyFile, "-p", String(port)],
  ];
  const master = spawn("ssh", [...options, "-M", "-N", "root@127.0.0.1"], { stdio: "ignore" });
  try {
    const limit = Date.now() + 20_000;
    while ((await ended(spawn("ssh", [...options, "-O", "check", "root@127.0.0.1"], { stdio: "ignore" }))) !== 0)
      if (Date.now() > limit) throw new Error("no master connection");
    const started = performance.now();
    for (const command of commands) {
      const child = spawn("ssh", [...options, "root@127.0.0.1", command], { stdio: ["ignore", "pipe", "ignore"] });
      child.stdout.resume();
      if ((await ended(child)) === 255) throw new Error(`the connection failed at: ${command}`);
    }
    return performance.now() - started;
  } finally {
    const gone = once(master, "exit");
    master.kill();
    await gone;
  }
}

/** Waits without blocking: the proxy and the server's listener live in this process. */
async function ended(child: ChildProcess): Promise<number | null> {
  const [code] = (await once(child, "close")) as [number | null];
  return code;
}
