/**
 * drops on this kernel: what is told of each way to lose a packet, against what the sender, the sockets' own counters and
 * the queue's own counter say. All in a network namespace of its own.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTracer, TracerRefused } from "../support/tracer.ts";
import { type Chain, startChain } from "../support/verdict-chain.ts";
import { must, run } from "./node/exec.ts";

const TRAFFIC = path.resolve(import.meta.dirname, "../support/drop-traffic.pl");
const NETNS = `bpfdesk-drops-${process.pid}`;
const within = (...words: string[]) => must(["ip", "netns", "exec", NETNS, ...words]);
const send = async (address: string, port: number, how: { count: number; size: number; from: number }) =>
  Number(await within("perl", TRAFFIC, "send", address, `${port}`, `${how.count}`, `${how.size}`, `${how.from}`));

/** `/proc/net/snmp`: `Udp: A B` and `Udp: 1 2`. */
async function udpCounter(name: string): Promise<number> {
  const [names = [], values = []] = (await within("cat", "/proc/net/snmp"))
    .split("\n")
    .filter((line) => line.startsWith("Udp: "))
    .map((line) => line.split(" "));
  return Number(values[names.indexOf(name)]);
}

type Ended = Awaited<ReturnType<Awaited<ReturnType<typeof startTracer>>["end"]>>;
let ended: Ended;
let netns = 0;
let holder = 0;
const lost = { overflow: 0, queue: 0, tc: [] as number[], xdp: [] as number[] };
const chains: Chain[] = [];

const sum = (numbers: readonly unknown[]) => numbers.reduce<number>((so, one) => so + Number(one), 0);
/** The flows to a port, without what differs from run to run. */
const flows = (dport: number) =>
  ended
    .totals("flow")
    .filter((flow) => flow.dport === dport && [netns, ...chains.map(inum)].includes(Number(flow.netns)));
const inum = (chain: { netns: string }) => fs.statSync(`/run/netns/${chain.netns}`).ino;

beforeAll(async () => {
  await must(["ip", "netns", "add", NETNS]);
  netns = inum({ netns: NETNS });
  await within("ip", "link", "set", "lo", "up");
  await within("ip", "link", "add", "wire0", "type", "veth", "peer", "name", "wire1");
  for (const name of ["wire0", "wire1"]) {
    await within("ip", "link", "set", name, "addrgenmode", "none");
    await within("ip", "link", "set", name, "up");
  }
  await within("ip", "address", "add", "10.8.0.1/24", "dev", "wire0");
  await within("ip", "neighbour", "add", "10.8.0.2", "lladdr", "02:00:00:00:00:02", "dev", "wire0", "nud", "permanent");
  // A queue in which nothing that has more than a byte has room.
  await within("tc", "qdisc", "add", "dev", "wire0", "root", "bfifo", "limit", "1");
  chains.push(await startChain("clsact", { every: 10 }), await startChain("generic XDP", { every: 10 }));
  // In a namespace, `ip netns exec` becomes the command: the pid is that of perl.
  const hold = spawn("ip", ["netns", "exec", NETNS, "perl", TRAFFIC, "hold", "127.0.0.1", "7001"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  holder = hold.pid ?? 0;
  const closed = once(hold, "close");
  try {
    await once(hold.stdout, "data");
    const tracer = await startTracer("drops", { samples: 5, stacks: true });
    await send("127.0.0.1", 7000, { count: 40, size: 100, from: 5000 });
    await send("::1", 7000, { count: 7, size: 100, from: 5000 });
    await send("127.0.0.1", 7001, { count: 60, size: 500, from: 5001 });
    await send("10.8.0.2", 7002, { count: 30, size: 50, from: 5002 });
    lost.overflow = await udpCounter("RcvbufErrors");
    const queues = JSON.parse(await within("tc", "-s", "-j", "qdisc", "show", "dev", "wire0")) as { drops: number }[];
    lost.queue = queues[0]?.drops ?? 0;
    for (const chain of chains) lost[chain.direction === "xdp" ? "xdp" : "tc"] = await chain.send(3, 20);
    await tracer.settled();
    ended = await tracer.end();
  } finally {
    hold.stdin.end();
    await closed;
  }
}, 120_000);

afterAll(async () => {
  for (const chain of chains) await chain.stop();
  await run(["ip", "netns", "delete", NETNS]);
});

describe("drops", () => {
  it("tells every datagram that no socket takes, of both families", () => {
    const rows = flows(7000).map(({ reason, family, proto, src, sport, dst, device, packets, bytes }) => {
      return { reason, family, proto, src, sport, dst, device, packets, bytes };
    });
    const same = { reason: "NO_SOCKET", proto: "udp", sport: 5000, device: "lo" };
    // Ethernet's header, that of IP and that of UDP.
    const v4 = { family: "ipv4", src: "127.0.0.1", dst: "127.0.0.1", packets: 40, bytes: 40 * (14 + 20 + 8 + 100) };
    const v6 = { family: "ipv6", src: "::1", dst: "::1", packets: 7, bytes: 7 * (14 + 40 + 8 + 100) };
    expect(rows.sort((a, b) => String(a.family).localeCompare(String(b.family)))).toEqual([
      { ...same, ...v4 },
      { ...same, ...v6 },
    ]);
  });

  it("tells what a socket had no room for, and whose it is", () => {
    expect(lost.overflow).toBeGreaterThan(0);
    expect(flows(7001)).toMatchObject([
      { reason: "SOCKET_RCVBUFF", sport: 5001, packets: lost.overflow, netns, pid: holder, comm: "perl", uid: 0 },
    ]);
  });

  it("tells what a queue had no room for, as the queue counts it, and who sent it", () => {
    expect(lost.queue).toBe(30);
    const [flow, ...others] = flows(7002);
    expect(others).toEqual([]);
    expect(flow).toMatchObject({ dst: "10.8.0.2", sport: 5002, device: "wire0", packets: 30, uid: 0 });
    expect(flow?.reason).toMatch(/^QDISC_/);
  });

  it("tells what programs of tc and of XDP drop, by flow", () => {
    const told = (is: (flow: Record<string, unknown>) => boolean) =>
      flows(7777)
        .filter(is)
        .map(({ sport, packets }) => [sport, packets])
        .sort();
    const wanted = (lost: number[]) => lost.map((packets, index) => [20_000 + index, packets]);
    expect([sum(lost.tc), sum(lost.xdp)]).toEqual([6, 6]);
    expect(told(({ reason }) => reason === "TC_EGRESS")).toEqual(wanted(lost.tc));
    // The kernel gives no reason for a verdict of XDP; the place says it.
    expect(told(({ reason, location }) => reason === "NOT_SPECIFIED" && /xdp/.test(`${location}`))).toEqual(
      wanted(lost.xdp),
    );
  });

  it("sums up by cause what the flows say, in the lines and in the summary", () => {
    const of = (rows: readonly Record<string, unknown>[]) =>
      rows.filter((row) => row.netns === netns && row.reason === "NO_SOCKET" && row.device === "lo");
    expect(sum(of(ended.totals("cause")).map(({ packets }) => packets))).toBe(47);
    const causes = ended.summary?.causes as Record<string, unknown>[];
    expect(sum(of(causes).map(({ packets }) => packets))).toBe(47);
    expect(ended.summary).toMatchObject({ lost: 0, evicted: 0 });
  });

  it("tells no more single drops of a cause in a second than it may, each with its place and the way there", () => {
    const drops = ended.lines.filter(({ record, dport, family, netns: at }) => {
      return record === "drop" && dport === 7000 && family === "ipv4" && at === netns;
    });
    // Sending takes less than a second, which is part of two at the most.
    expect(drops.length).toBeGreaterThanOrEqual(5);
    expect(drops.length).toBeLessThanOrEqual(10);
    for (const { location, stack } of drops) {
      expect(location).toMatch(/^__udp4_lib_rcv\+0x|^udp_rcv\+0x/);
      expect((stack as string[])[0]).toBe(location);
      expect(stack).toContainEqual(expect.stringMatching(/^process_backlog\+/));
    }
  });

  it("refuses a reason that this kernel does not have", async () => {
    const refusal = await startTracer("drops", { reasons: "NO_SUCH" }).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(TracerRefused);
    expect((refusal as TracerRefused).error.message).toContain("NO_SUCH");
    expect((refusal as TracerRefused).exit_code).toBe(2);
  });
});
