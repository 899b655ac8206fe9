/**
 * connect on this kernel: connections whose course is known, in a network namespace of their own; each must be told once,
 * from either side, with the right process, outcome and numbers of bytes.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as path from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTracer } from "../support/tracer.ts";
import { must, run } from "./node/exec.ts";

const TRAFFIC = path.resolve(import.meta.dirname, "../kernels/files/tcp_traffic.pl");
const NETNS = `bpfdesk-connect-${process.pid}`;
const within = (...words: string[]) => must(["ip", "netns", "exec", NETNS, ...words]);

type Tracer = Awaited<ReturnType<typeof startTracer>>;
type Ended = Awaited<ReturnType<Tracer["end"]>>;

interface Made {
  lport: number;
  rport: number;
  sent: number;
  received: number;
}

/** What the script says that it did. */
const made = new Map<string, Made>();
const pids = { client: 0, server: 0 };
let ended: Ended;
let early: Ended;
let live: Record<string, unknown>;
let netns = 0;

/** Resolves when its one connection is left open; returns how to end it. */
async function traffic(): Promise<() => Promise<void>> {
  const child = spawn("ip", ["netns", "exec", NETNS, "perl", TRAFFIC], { stdio: ["pipe", "pipe", "inherit"] });
  const closed = once(child, "close");
  const end = async () => {
    child.stdin.end();
    await closed;
  };
  for await (const line of createInterface({ input: child.stdout })) {
    const [name = "", ...words] = line.split(" ");
    if (name === "pid") {
      pids[words[0] as keyof typeof pids] = Number(words[1]);
      continue;
    }
    const [lport = 0, rport = 0, sent = 0, received = 0] = words.map(Number);
    made.set(name, { lport, rport, sent, received });
    if (name === "open") return end;
  }
  throw new Error("The connections were not made.");
}

/** The one line about that connection, from that side. */
function line(name: string, side: "connect" | "accept", of: Ended = ended): Record<string, unknown> {
  const { lport = -1, rport = -1 } = made.get(name) ?? {};
  const [from, to] = side === "connect" ? [lport, rport] : [rport, lport];
  const found = of.lines.filter((one) => {
    const local = one.lport === from || (from === 0 && side === "connect");
    return one.record === "connection" && one.netns === netns && one.direction === side && local && one.rport === to;
  });
  expect(found, `${name} ${side}`).toHaveLength(1);
  return found[0] ?? {};
}

beforeAll(async () => {
  await must(["ip", "netns", "add", NETNS]);
  netns = fs.statSync(`/run/netns/${NETNS}`).ino;
  await within("ip", "link", "set", "lo", "up");
  await within("ip", "link", "add", "wire0", "type", "veth", "peer", "name", "wire1");
  await within("ip", "link", "set", "wire1", "up");
  await within("ip", "address", "add", "10.8.0.1/24", "dev", "wire0");
  await within("ip", "link", "set", "wire0", "up");
  await within("ip", "neighbour", "add", "10.8.0.2", "lladdr", "02:00:00:00:00:02", "dev", "wire0", "nud", "permanent");
  const arp = "net.ipv4.neigh.wire0";
  await within("sysctl", "-qw", `${arp}.mcast_solicit=1`, `${arp}.retrans_time_ms=50`);
  const [tracer, other] = await Promise.all([startTracer("connect"), startTracer("connect")]);
  const end = await traffic();
  try {
    const port = made.get("open")?.rport;
    live = await tracer.waitFor("peer", (row) => {
      return row.netns === netns && row.direction === "connect" && row.port === port && row.connections === 6;
    });
    // It ends before the connection does.
    early = await other.end();
  } finally {
    await end();
  }
  await tracer.settled();
  ended = await tracer.end();
}, 120_000);

afterAll(async () => {
  await run(["ip", "netns", "delete", NETNS]);
});

const CLOSED = ["ok4-0", "ok4-1", "ok4-200000", "ok6-0", "ok6-1", "ok6-200000"];

describe("connect", () => {
  it.each(CLOSED)("tells both sides of a connection that is closed, byte for byte (%s)", (name) => {
    const { sent, received } = made.get(name) ?? {};
    const address = name.startsWith("ok6") ? "::1" : "127.0.0.1";
    const both = { local: address, remote: address, comm: "perl", outcome: "established", end: "closed", error: null };
    const mine = { pid: pids.client, closed_by: "local", bytes_sent: sent, bytes_received: received };
    const theirs = { pid: pids.server, closed_by: "remote", bytes_sent: received, bytes_received: sent };
    expect(line(name, "connect")).toMatchObject({ ...both, ...mine });
    expect(line(name, "accept")).toMatchObject({ ...both, ...theirs, latency_us: null });
    expect(line(name, "connect").latency_us).toBeTypeOf("number");
  });

  it("tells who closed first, and who sent the reset", () => {
    expect(line("passive", "connect")).toMatchObject({ end: "closed", closed_by: "remote", bytes_received: 777 });
    expect(line("passive", "accept")).toMatchObject({ end: "closed", closed_by: "local", pid: pids.server });
    expect(line("reset", "connect")).toMatchObject({ end: "remote_reset", error: "ECONNRESET", pid: pids.client });
    expect(line("reset", "accept")).toMatchObject({ end: "local_reset", error: null, pid: pids.server });
  });

  it.each([
    { name: "refused", error: "ECONNREFUSED", remote: "127.0.0.1" },
    { name: "timed_out", error: "ETIMEDOUT", remote: "10.8.0.2" },
    { name: "unreachable", error: "EHOSTUNREACH", remote: "10.8.0.3" },
    { name: "abandoned", error: null, remote: "10.8.0.2" },
  ])("tells that a connection was not made: $name", ({ name, error, remote }) => {
    const none = { end: null, closed_by: null, duration_us: null, bytes_sent: 0, bytes_received: 0 };
    expect(line(name, "connect")).toMatchObject({ ...none, outcome: name, error, remote, pid: pids.client });
  });

  it("waits as long as the process does", () => {
    // The first retransmission comes after a second; the process gives up after a tenth of one.
    expect(Number(line("timed_out", "connect").latency_us)).toBeGreaterThan(900_000);
    expect(Number(line("abandoned", "connect").latency_us)).toBeGreaterThan(99_000);
  });

  it("tells nothing of the namespace that was not made", () => {
    const told = ended.lines.filter(({ record, netns: at }) => record === "connection" && at === netns);
    // Of those that are not made there is only one side.
    expect(told).toHaveLength(made.size * 2 - 4);
  });

  it("sums up by process and peer", () => {
    const rows = ended.totals("peer").filter((one) => one.netns === netns && one.comm === "perl");
    const row = (direction: string, remote: string, port: number) => {
      const [found, ...others] = rows.filter((one) => {
        return one.direction === direction && one.remote === remote && one.port === port;
      });
      expect(others).toEqual([]);
      return found;
    };
    const to = [...made.values()].filter(({ rport }) => rport === made.get("open")?.rport);
    const total = (field: "sent" | "received") => to.reduce((sum, one) => sum + one[field], 0);
    const all = { connections: to.length, open: 0, failed: 0, resets: 1 };
    const [sent, received] = [total("sent"), total("received")];
    const port = made.get("open")?.rport ?? 0;
    expect(row("connect", "127.0.0.1", port)).toMatchObject({ ...all, bytes_sent: sent, bytes_received: received });
    expect(row("accept", "127.0.0.1", port)).toMatchObject({ ...all, bytes_sent: received, bytes_received: sent });
    expect(row("connect", "127.0.0.1", 1)).toMatchObject({ connections: 1, failed: 1, refused: 1 });
    expect(row("connect", "10.8.0.2", 2)).toMatchObject({ connections: 1, failed: 1, timed_out: 1 });
    expect(ended.summary).toMatchObject({ lost: 0, evicted: 0, thinned: 0 });
  });

  it("tells what is open, with what went over it so far", () => {
    expect(live).toMatchObject({ comm: "perl", connections: 6, open: 1 });
    const { sent, received } = made.get("open") ?? {};
    const open = { outcome: "established", end: "open", closed_by: null };
    const mine = { pid: pids.client, bytes_sent: sent, bytes_received: received };
    const theirs = { pid: pids.server, bytes_sent: received, bytes_received: sent };
    expect(line("open", "connect", early)).toMatchObject({ ...open, ...mine });
    expect(line("open", "accept", early)).toMatchObject({ ...open, ...theirs });
    expect(line("open", "connect")).toMatchObject({ ...open, ...mine, end: "closed", closed_by: "local" });
  });
});
