/**
 * retrans on this kernel: two network namespaces with a line between them that loses segments both ways. What is told of
 * every retransmission, and the share of all segments, is held against what TCP itself counted in each namespace.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as path from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTracer, TracerRefused } from "../support/tracer.ts";
import { buildLab } from "./node/build.ts";
import { must, run, until } from "./node/exec.ts";

const FILES = path.resolve(import.meta.dirname, "../kernels/files");
const NEAR = `bpfdesk-near-${process.pid}`;
const FAR = `bpfdesk-far-${process.pid}`;
const BYTES = 4_000_000;

type Tracer = Awaited<ReturnType<typeof startTracer>>;
type Ended = Awaited<ReturnType<Tracer["end"]>>;
type Counters = Record<string, number>;

const within = (netns: string, ...words: string[]) => must(["ip", "netns", "exec", netns, ...words]);
const inum = (netns: string) => fs.statSync(`/run/netns/${netns}`).ino;
const sum = (lines: readonly Record<string, unknown>[], field: string) =>
  lines.reduce((so, line) => so + Number(line[field]), 0);

const children: ChildProcess[] = [];

/** A role of the script in a namespace, where `ip netns exec` becomes the command: the pid is that of perl. */
function traffic(netns: string, ...words: string[]) {
  const args = ["netns", "exec", netns, "perl", path.join(FILES, "tcp_loss.pl"), ...words];
  const child = spawn("ip", args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(line));
  children.push(child);
  const closed = once(child, "close");
  return {
    pid: child.pid ?? 0,
    lines,
    says: async (word: string) => expect(await until(() => lines.includes(word), 60_000), word).toBe(true),
    end: async () => {
      child.stdin.end();
      expect(await closed).toEqual([0, null]);
    },
  };
}

/** `/proc/net/snmp` and `/proc/net/netstat`: a line of names and a line of values for each protocol. */
async function counters(netns: string): Promise<Counters> {
  const rows = (await within(netns, "cat", "/proc/net/snmp", "/proc/net/netstat"))
    .split("\n")
    .map((row) => row.split(" "));
  const found: Counters = {};
  for (let at = 0; at + 1 < rows.length; at += 2) {
    rows[at]?.forEach((name, column) => {
      found[name] = Number(rows[at + 1]?.[column]);
    });
  }
  return found;
}

const grown = (now: Counters, before: Counters): Counters =>
  Object.fromEntries(Object.entries(now).map(([name, value]) => [name, value - (before[name] ?? 0)]));

async function lossyLine(): Promise<void> {
  const lossy = path.join(buildLab(), "lossy.o");
  for (const netns of [NEAR, FAR]) await must(["ip", "netns", "add", netns]);
  await must(["ip", "link", "add", "wire", "netns", NEAR, "type", "veth", "peer", "name", "wire", "netns", FAR]);
  for (const [netns, host] of [
    [NEAR, 1],
    [FAR, 2],
  ] as const) {
    // Four segments in a packet, so that one that is lost is more than one.
    await within(netns, "ip", "link", "set", "wire", "gso_max_segs", "4");
    await within(netns, "ip", "address", "add", `10.9.0.${host}/24`, "dev", "wire");
    await within(netns, "ip", "address", "add", `fd09::${host}/64`, "dev", "wire", "nodad");
    await within(netns, "ip", "link", "set", "wire", "up");
    await within(netns, "tc", "qdisc", "add", "dev", "wire", "clsact");
    const filter = ["bpf", "direct-action", "object-file", lossy, "program", "loses_data"];
    await within(netns, "tc", "filter", "add", "dev", "wire", "ingress", ...filter);
  }
}

let ended: Ended;
const owners = { push: 0, serve: 0, children: [] as number[] };
const truth: Record<string, Counters> = {};

beforeAll(async () => {
  await lossyLine();
  const sink = traffic(FAR, "sink", "7001");
  const serve = traffic(FAR, "serve", "7002");
  await Promise.all([sink.says("ready"), serve.says("ready")]);
  const tracer = await startTracer("retrans", { quiet: true }, { budget_pct: 100 });
  const before = { [NEAR]: await counters(NEAR), [FAR]: await counters(FAR) };
  const push = traffic(NEAR, "push", "7001", `${BYTES}`, "10.9.0.2", "fd09::2");
  const fetch = traffic(NEAR, "fetch", "7002", `${BYTES}`, "10.9.0.2", "fd09::2");
  await fetch.says("fetched");
  await push.end();
  owners.push = push.pid;
  owners.serve = serve.pid;
  owners.children = serve.lines.flatMap((line) => (line.startsWith("child ") ? [Number(line.slice(6))] : []));
  // Who has the connection after a fork is known once the open files were looked through.
  for (const pid of owners.children) await tracer.waitFor("destination", (line) => line.pid === pid);
  await fetch.end();
  await tracer.settled();
  for (const netns of [NEAR, FAR]) truth[netns] = grown(await counters(netns), before[netns] ?? {});
  ended = await tracer.end();
}, 120_000);

afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  for (const netns of [NEAR, FAR]) await run(["ip", "netns", "delete", netns]);
});

describe.each([
  ["near", NEAR],
  ["far", FAR],
])("the %s namespace", (_side, name) => {
  const own = (record: string) => {
    const lines = record === "retransmit" ? ended.lines.filter((line) => line.record === record) : ended.totals(record);
    return lines.filter((line) => line.netns === inum(name));
  };
  const kind = (...kinds: string[]) =>
    sum(
      own("retransmit").filter((line) => kinds.includes(`${line.kind}`)),
      "segments",
    );

  it("tells of as many segments as TCP has sent again, and why, as TCP counts it", () => {
    const counted = truth[name] ?? {};
    expect(counted.RetransSegs).toBeGreaterThan(0);
    expect({
      all: sum(own("retransmit"), "segments"),
      fast: kind("fast"),
      after_timeout: kind("after_timeout"),
      handshakes: kind("syn", "synack"),
      other: kind("other"),
    }).toEqual({
      all: counted.RetransSegs,
      fast: counted.TCPFastRetrans,
      after_timeout: counted.TCPSlowStartRetrans,
      handshakes: counted.TCPSynRetrans,
      other: 0,
    });
    expect(kind("probe")).toBeLessThanOrEqual(counted.TCPLossProbes ?? 0);
  });

  it("counts for each destination what was sent again, and the share of all within one per cent", () => {
    const { RetransSegs = 0, OutSegs = 0 } = truth[name] ?? {};
    const retrans = sum(own("destination"), "segs_retrans");
    const ratio = retrans / sum(own("destination"), "segs_sent");
    expect(retrans).toBe(RetransSegs);
    // OutSegs has none of those that were sent again (__tcp_transmit_skb()).
    expect(ratio / (RetransSegs / (OutSegs + RetransSegs))).toBeCloseTo(1, 2);
    expect(sum(own("destination"), "untold")).toBe(0);
  });
});

describe("the owner", () => {
  const events = (netns: string) =>
    ended.lines.filter((line) => line.record === "retransmit" && line.netns === inum(netns));

  it("is who connected, whatever the timer or the packet interrupted", () => {
    const seen = new Set(events(NEAR).map(({ pid, comm, dport }) => `${pid} ${comm} ${dport}`));
    expect([...seen]).toEqual([`${owners.push} perl 7001`]);
    expect(new Set(events(NEAR).map(({ daddr }) => daddr))).toEqual(new Set(["10.9.0.2", "fd09::2"]));
  });

  it("is the child that a connection was left to, with the port of the service", () => {
    const served = ended.totals("destination").filter((line) => line.netns === inum(FAR) && line.lport === 7002);
    const of = (pid: number | undefined, daddr: string) => ({ pid, comm: "perl", daddr, dport: null, connections: 1 });
    const told = served.map(({ pid, comm, daddr, dport, connections }) => ({ pid, comm, daddr, dport, connections }));
    const [first, second] = owners.children;
    expect(told).toHaveLength(2);
    expect(told).toEqual(expect.arrayContaining([of(first, "10.9.0.1"), of(second, "fd09::1")]));
    const possible = [owners.serve, ...owners.children];
    expect(events(FAR).filter(({ pid }) => !possible.includes(Number(pid)))).toEqual([]);
  });

  it("comes with what the connection was like", () => {
    for (const line of events(NEAR).filter(({ kind }) => kind === "fast")) {
      expect(line).toMatchObject({ sent: true, cgroup: expect.stringMatching(/^\//) });
      expect(Math.min(Number(line.srtt_us), Number(line.rto_us), Number(line.cwnd))).toBeGreaterThan(0);
      expect(Number(line.rto_us)).toBeGreaterThan(Number(line.srtt_us));
    }
  });
});

it("names the destinations to which most was sent again in its last line", () => {
  const { offenders } = ended.summary as unknown as { offenders: Record<string, unknown>[] };
  const most = ended.totals("destination").filter((line) => Number(line.segs_retrans) > 0);
  const figures = (lines: readonly Record<string, unknown>[]) => lines.map(({ segs_retrans }) => Number(segs_retrans));
  expect(figures(offenders)).toEqual(
    figures(most)
      .sort((a, b) => b - a)
      .slice(0, 20),
  );
});

describe("a filter", () => {
  it("that is no address is refused with what one looks like", async () => {
    const refused = startTracer("retrans", { ip: "10.9.0.1/33" });
    await expect(refused).rejects.toMatchObject({ exit_code: 2, error: { code: "bad-parameter" } });
    await expect(refused).rejects.toBeInstanceOf(TracerRefused);
  });
});
