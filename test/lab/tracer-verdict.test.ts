/**
 * verdict on this kernel: what programs of a hook dropped, against what the other end of the wire did not receive. Where the
 * kernel can trace programs each has its own verdicts; where it cannot, the hook's drops are told and nothing more.
 */
import { afterAll, describe, expect, it } from "vitest";
import { startTracer, TracerRefused } from "../support/tracer.ts";
import { type Chain, FIRST_SOURCE_PORT, type Mechanism, startChain } from "../support/verdict-chain.ts";
import { must, until } from "./node/exec.ts";

const EVERY = 50;
/** Not a divisor of EVERY, so that every flow loses some. */
const PORTS = 7;
const EACH = 300;

const chains: Chain[] = [];
afterAll(async () => {
  for (const chain of chains) await chain.stop();
});

async function chainOf(mechanism: Mechanism): Promise<Chain> {
  const chain = await startChain(mechanism, { every: EVERY });
  chains.push(chain);
  return chain;
}

/** The tracer holds the programs it traces; they are not its own. */
const traced = ({ prog_ids }: Chain) => ({ foreign: prog_ids.map((id) => `prog ${id}`) });
const hookOf = ({ netns, ifname, direction }: Chain) => ({ netns, ifname, direction });
const sum = (numbers: readonly number[]) => numbers.reduce((so, one) => so + one, 0);

const ip4 = (fragment: string, proto: string, rest: string) =>
  `4500${(20 + rest.length / 2).toString(16).padStart(4, "0")}0001${fragment}40${proto}00000a0000010a000002${rest}`;
const ip6 = (next: string, rest: string) =>
  `60000000${(rest.length / 2).toString(16).padStart(4, "0")}${next}40fd${"0".repeat(29)}1fd${"0".repeat(29)}2${rest}`;
/** Ports 4660 and 53. */
const UDP = "1234003500080000";
const TCP = "12340035000000010000000050020000000000000000".slice(0, 40);

/** From the type in the Ethernet header on; what is said of it: family, protocol, addresses and ports. */
const FRAMES: { bytes: string; flow: string }[] = [
  { bytes: `0800${ip4("0000", "11", UDP)}`, flow: "ipv4 udp 10.0.0.1 4660 10.0.0.2 53" },
  { bytes: `0800${ip4("2000", "06", TCP)}`, flow: "ipv4 tcp 10.0.0.1 4660 10.0.0.2 53" },
  { bytes: `0800${ip4("0001", "06", TCP)}`, flow: "ipv4 tcp 10.0.0.1 null 10.0.0.2 null" },
  { bytes: `0800${ip4("0000", "01", "0800000000010001")}`, flow: "ipv4 icmp 10.0.0.1 null 10.0.0.2 null" },
  { bytes: `0800${ip4("0000", "fe", UDP)}`, flow: "ipv4 254 10.0.0.1 null 10.0.0.2 null" },
  { bytes: `0800${ip4("0000", "84", "1234")}`, flow: "ipv4 sctp 10.0.0.1 null 10.0.0.2 null" },
  { bytes: "080045000014", flow: "ipv4 null null null null null" },
  { bytes: `86dd${ip6("06", TCP)}`, flow: "ipv6 tcp fd00::1 4660 fd00::2 53" },
  // Hop-by-hop options, routing (24 bytes), destination options, then what it is.
  {
    bytes: `86dd${ip6("00", `2b00${"00".repeat(6)}3c02${"00".repeat(22)}1100${"00".repeat(6)}${UDP}`)}`,
    flow: "ipv6 udp fd00::1 4660 fd00::2 53",
  },
  { bytes: `86dd${ip6("2c", `3a00000800000001${UDP}`)}`, flow: "ipv6 icmpv6 fd00::1 null fd00::2 null" },
  // Inner tag below the one that the kernel takes off.
  { bytes: `88a80007810000080800${ip4("0000", "88", UDP)}`, flow: "ipv4 udplite 10.0.0.1 4660 10.0.0.2 53" },
  { bytes: "08060001080006040001020000000001", flow: "arp null null null null null" },
  { bytes: "88b500000000", flow: "0x88b5 null null null null null" },
];

/** Names of verdicts and places, as the kernel's headers and tools call them. */
const MECHANISMS: { mechanism: Mechanism; drop: string; places: string[]; qdisc: boolean; complete: boolean }[] = [
  {
    mechanism: "clsact",
    drop: "TC_ACT_SHOT",
    places: ["wire clsact egress pref 1 handle 0x1", "wire clsact egress pref 2 handle 0x1"],
    qdisc: true,
    complete: true,
  },
  {
    mechanism: "tcx",
    drop: "TCX_DROP",
    places: ["wire tcx egress", "wire tcx egress"],
    qdisc: false,
    complete: true,
  },
  { mechanism: "generic XDP", drop: "XDP_DROP", places: ["eth0 xdp generic"], qdisc: false, complete: true },
  { mechanism: "native XDP", drop: "XDP_DROP", places: ["eth0 xdp native"], qdisc: false, complete: false },
];

describe("verdict", () => {
  it.concurrent.each(MECHANISMS)(
    "tells exactly what was lost to programs of $mechanism, and of whom",
    async ({ mechanism, drop, places, qdisc, complete }) => {
      const chain = await chainOf(mechanism);
      const tracer = await startTracer("verdict", hookOf(chain), traced(chain));
      const lost = await chain.send(PORTS, EACH);
      await tracer.settled();
      const ended = await tracer.end();

      expect(sum(lost)).toBe((PORTS * EACH) / EVERY);
      expect(Math.min(...lost)).toBeGreaterThan(0);
      const exact = tracer.schema.variant === "fexit";
      const dropper = chain.prog_ids.at(-1);
      const flows = ended.totals("flow").map((flow) => {
        const { prog_id, verdict, proto, src, sport, dst, dport, direction, count } = flow;
        return { prog_id, verdict, proto, src, sport, dst, dport, direction, count };
      });
      expect(flows.sort((a, b) => Number(a.sport) - Number(b.sport))).toEqual(
        lost.map((count, index) => ({
          prog_id: exact ? dropper : null,
          verdict: exact ? drop : "drop",
          proto: "udp",
          src: chain.addresses.from,
          sport: FIRST_SOURCE_PORT + index,
          dst: chain.addresses.to,
          dport: 7777,
          direction: chain.direction,
          count,
        })),
      );
      // Another program of the chain sees all datagrams and the one that says that they are over.
      const runs = PORTS * EACH + 1;
      const programs = ended.totals("program").map((program) => {
        const { prog_id, place, evidence, runs, drops } = program;
        return { prog_id, place, evidence, runs, drops };
      });
      expect(programs).toEqual(
        chain.prog_ids.map((prog_id, index) => ({
          prog_id,
          place: places[index],
          evidence: exact ? "program" : "hook",
          runs,
          drops: exact ? (prog_id === dropper ? sum(lost) : 0) : null,
        })),
      );
      expect(ended.summary?.programs).toHaveLength(programs.length);
      const [hook] = ended.totals("hook");
      if (!exact) expect(hook).toMatchObject({ drops: sum(lost), complete });
      if (qdisc) expect(hook).toMatchObject({ qdisc_drops: sum(lost) });
      if (!exact) expect(tracer.schema.fallbacks.map(({ wanted }) => wanted)).toContain("fexit");
      expect(ended.summary).toMatchObject({ lost: 0, evicted: 0, thinned: 0 });
    },
  );

  it.concurrent("reads between whom a packet is, whatever lies in front of it and however it ends", async () => {
    const chain = await chainOf("dropping all");
    const tracer = await startTracer("verdict", hookOf(chain), traced(chain));
    await chain.sendFrames(FRAMES.map(({ bytes }) => bytes));
    await tracer.settled();
    const { totals } = await tracer.end();

    const told = totals("flow").map(({ family, proto, src, sport, dst, dport, prog_id, count }) =>
      [family, proto, src, sport, dst, dport, prog_id, count].map(String).join(" "),
    );
    expect(told.sort()).toEqual(FRAMES.map(({ flow }) => `${flow} null 1`).sort());
    expect(totals("hook")).toMatchObject([{ drops: FRAMES.length, others: FRAMES.length }]);
  });

  it.concurrent("tells some packets one by one, and no more than it may", async () => {
    const chain = await chainOf("clsact");
    const { netns } = chain;
    const tracer = await startTracer(
      "verdict",
      { prog_ids: chain.prog_ids.join(","), netns, packets_per_s: 3 },
      traced(chain),
    );
    await chain.send(1, 1000);
    await tracer.settled();
    const { lines, totals, stats } = await tracer.end();

    const packets = lines.filter(({ record }) => record === "packet");
    expect(packets.length).toBeGreaterThanOrEqual(3);
    expect(packets.length).toBeLessThanOrEqual(3 * (stats.length + 1));
    expect(packets[0]).toMatchObject({
      proto: "udp",
      sport: FIRST_SOURCE_PORT,
      dport: 7777,
      len: 14 + 20 + 8 + "datagram 50".length,
      direction: "egress",
    });
    expect(totals("flow")).toMatchObject([{ count: 1000 / EVERY }]);
  });

  it.concurrent("counts the packets of flows for which it has no room", async () => {
    const chain = await chainOf("clsact");
    const tracer = await startTracer("verdict", { ...hookOf(chain), flows: 16 }, traced(chain));
    // As many drops as flows, each of another one.
    const lost = await chain.send(EVERY - 1, EVERY);
    await tracer.settled();
    const { totals, summary, notes } = await tracer.end();

    const told = totals("flow").map(({ count }) => Number(count));
    expect(told).toHaveLength(16);
    expect(sum(told) + (summary?.evicted ?? 0)).toBe(sum(lost));
    expect(notes.map(({ code }) => code)).toContain("flows-full");
  });

  it.concurrent("says that the hook got another program meanwhile", async () => {
    const chain = await chainOf("clsact");
    const tracer = await startTracer("verdict", hookOf(chain), traced(chain));
    const { netns, ifname } = chain;
    const remove = (pref: string) =>
      must(["tc", "-netns", netns, "filter", "del", "dev", ifname, "egress", "pref", pref]);
    await remove("1");
    await tracer.waitForNote("chain-changed");
    await remove("2");
    await tracer.settled();
    const { notes } = await tracer.end();
    const said = notes.filter(({ code }) => code === "chain-changed").map(({ message }) => message);
    expect(said).toEqual([
      expect.stringContaining(`others than before: ${chain.prog_ids[1]}.`),
      expect.stringContaining("others than before: none."),
    ]);
  });

  it.concurrent("goes on with what the qdisc dropped when another takes its place, which counts from 0", async () => {
    const chain = await chainOf("clsact");
    const { netns, ifname } = chain;
    const tracer = await startTracer("verdict", hookOf(chain), traced(chain));
    const lost = sum(await chain.send(PORTS, EACH));
    await tracer.waitFor("hook", ({ qdisc_drops }) => qdisc_drops === lost);
    for (const change of ["del", "add"]) {
      await must(["tc", "-netns", netns, "qdisc", change, "dev", ifname, "clsact"]);
      await tracer.settled();
    }
    const { totals } = await tracer.end();
    expect(totals("hook")).toMatchObject([{ qdisc_drops: lost }]);
  });

  it("begins and ends to count everywhere at once, although packets are dropped all the while", async () => {
    const chain = await chainOf("clsact");
    const { netns, ifname } = chain;
    const counted = ["tc", "-netns", netns, "-s", "qdisc", "show", "dev", ifname, "clsact"];
    let going = true;
    const sending = (async () => {
      while (going) await chain.send(PORTS, 3000);
    })();
    await until(async () => !(await must(counted)).includes("dropped 0,"), 20_000);
    const tracer = await startTracer("verdict", hookOf(chain), traced(chain));
    await tracer.waitFor("hook", ({ qdisc_drops }) => Number(qdisc_drops) > 100);
    const { totals } = await tracer.end();
    going = false;
    await sending;

    const [hook] = totals("hook");
    const programs = totals("program");
    const drops = tracer.schema.variant === "fexit" ? programs.at(-1)?.drops : hook?.drops;
    // Some thousand are dropped in a second, and it attaches for a tenth of one or more.
    expect(Math.abs(Number(drops) - Number(hook?.qdisc_drops))).toBeLessThan(40);
    expect(Number(drops)).toBeGreaterThan(40);
  });

  it.concurrent("leaves nothing in the kernel when it is killed", async () => {
    const chain = await chainOf("clsact");
    const tracer = await startTracer("verdict", hookOf(chain), traced(chain));
    const { code, summary } = await tracer.kill();
    expect({ code, summary }).toEqual({ code: null, summary: null });
  });

  it.concurrent.each([
    { why: "an interface that is not there", params: { ifname: "nowhere0", direction: "ingress" }, says: "nowhere0" },
    { why: "a hook without programs", params: { ifname: "lo", direction: "xdp" }, says: "XDP of lo" },
    { why: "an interface without a hook", params: { ifname: "lo" }, says: "direction" },
    { why: "a program that is not there", params: { prog_ids: "4294967294" }, says: "no program 4294967294" },
    { why: "no program at all", params: {}, says: "either programs or the interface" },
    { why: "a verdict it does not know", params: { prog_ids: "1", verdicts: "maybe" }, says: '"maybe" is none of' },
    { why: "a namespace that is not there", params: { prog_ids: "1", netns: "nowhere" }, says: "/run/netns/nowhere" },
  ])("refuses $why by name", async ({ params, says }) => {
    const refused = await startTracer("verdict", params).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(TracerRefused);
    expect(String(refused)).toContain(says);
  });
});
