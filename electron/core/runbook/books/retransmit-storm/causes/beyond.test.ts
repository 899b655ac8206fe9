/** What is not lost on this node: the way, the remote end, the size of segments. */
import { describe, expect, it } from "vitest";
import {
  BEYOND,
  bad,
  CART,
  causes,
  healthy,
  MTU,
  PEER,
  type Scene,
  type Traffic,
  verdictOn,
  WEB,
} from "../testdata/scene.ts";

describe("beyond this node", () => {
  const to = (address: string, from = CART): Traffic => ({ from, to: address, sent: 2000, again: { fast: 200 } });
  const fine = (address: string, from = CART): Traffic => ({ from, to: address, sent: 5000 });
  it.each([
    ["one destination from several pods", [to(PEER), to(PEER, WEB), fine("10.246.9.9")], "one-destination"],
    [
      "several destinations behind one next hop",
      [to(PEER), to("10.245.2.2", WEB), fine("10.246.9.9"), fine("10.246.9.9", WEB)],
      "one-way",
    ],
    ["one pod to several, others well", [to(PEER), to("10.246.2.2"), fine(PEER, WEB)], "one-pod"],
    ["everything", [to(PEER), to("10.246.2.2", WEB), to("10.247.1.1")], "everything"],
    [
      "several of one way, one of the same way well",
      [to(PEER), to("10.245.2.2", WEB), fine("10.245.3.3", WEB), fine("10.246.9.9")],
      "path",
    ],
  ] as [string, Traffic[], string][])("%s", (_what, traffic, kind) => {
    expect(causes({ traffic })).toEqual([MTU, `path likely ${kind}`]);
  });

  it("is never said to be proven, and names what would", () => {
    const path = verdictOn({ traffic: [bad, healthy] }, "path");
    expect(path).toMatchObject({
      verdict: "likely",
      missing: ["the same measurement at the other end: which of its places drops them"],
    });
    expect(path?.evidence.map(({ text }) => text)).toEqual([
      `affected: ${PEER}, from shop/cart`,
      "healthy: 10.246.9.9 (200000 segments, 0.00 % sent again)",
    ]);
  });

  it("is not said while this node is not ruled out", () => {
    expect(verdictOn({ traffic: [bad, healthy], drops_trace: null }, "path")?.verdict).toBe("cannot_tell");
    expect(verdictOn({ traffic: [bad, healthy], datapath: null }, "path")?.verdict).toBe("cannot_tell");
  });
});

describe("the remote end", () => {
  const ss = (line: string, info: string) => ({ [CART.netns]: `${line}\n\t ${info}` });
  const line = (state: string, timer: string) => `${state} 0 9000 ${CART.address}:40000 ${PEER}:443 timer:(${timer})`;

  it("does not answer: a dead host is no lossy line", () => {
    const dead: Traffic = { sent: 24, again: { syn: 20 }, unanswered: true };
    expect(causes({ traffic: [dead, healthy] })).toEqual([MTU, BEYOND, `remote:${PEER}:443 likely no-answer`]);
    // Its frames may be flooded to somebody else here, who has no use for them.
    const flooded = { of: dead, count: 20, location: "ip_rcv_core+0x200", reason: "" };
    expect(causes({ traffic: [dead, healthy], drops: [flooded], drops_variant: "places" })).toContain(
      `remote:${PEER}:443 likely no-answer`,
    );
    const late: Traffic = { sent: 250, again: { syn: 20 } };
    expect(causes({ traffic: [late, healthy] })).toContain(`remote:${PEER}:443 likely handshakes-only`);
  });

  it("does not read: its window is closed", () => {
    const shut = ss(line("ESTAB", "persist,4sec,0"), "cubic rto:204 rtt:2/1 mss:1448 retrans:0/12 bytes_retrans:900");
    expect(causes({ traffic: [bad, healthy], ss: shut })).toContain(`remote:${PEER}:443 likely zero-window`);
  });

  it("does not read, and is on this node: seen from both ends", () => {
    const inside: Traffic = { sent: 400, again: { probe: 20, timeout: 10 }, to: WEB.address };
    const sender = `ESTAB 0 9000 ${CART.address}:40000 ${WEB.address}:443 timer:(persist,4sec,0)\n\t cubic rto:204 rtt:2/1 mss:1448`;
    const receiver = `ESTAB 90600 0 ${WEB.address}:443 ${CART.address}:40000\n\t skmem:(r147456,rb142848,d7) cubic mss:1448`;
    const scene: Scene = { traffic: [inside, healthy], ss: { [CART.netns]: sender, [WEB.netns]: receiver } };
    expect(verdictOn(scene, "remote")).toMatchObject({ verdict: "confirmed", kind: "zero-window" });
    const others = [40001, 40002].map((port) => sender.replace("40000", `${port}`));
    const many = { ...scene, ss: { [CART.netns]: [sender, ...others].join("\n"), [WEB.netns]: receiver } };
    expect(verdictOn(many, "remote")).toMatchObject({ verdict: "likely", kind: "zero-window" });
    const lossy = { ...inside, again: { fast: 25, timeout: 5 } };
    expect(verdictOn({ ...scene, traffic: [lossy, healthy] }, "remote")).toMatchObject({ verdict: "likely" });
  });

  it("is gone: a connection that stood, and nothing comes back", () => {
    const info =
      "cubic rto:3200 backoff:4 rtt:2/1 mss:1448 cwnd:1 bytes_acked:70000 delivered:60 bytes_retrans:800 lastack:9000 unacked:1 retrans:1/5";
    expect(causes({ traffic: [bad, healthy], ss: ss(line("ESTAB", "on,3sec,4"), info) })).toContain(
      `remote:${PEER}:443 likely half-open`,
    );
    const lossy = info.replace("backoff:4", "backoff:1").replace("lastack:9000", "lastack:20");
    expect(causes({ traffic: [bad, healthy], ss: ss(line("ESTAB", "on,80ms,1"), lossy) }).join()).not.toContain(
      "half-open",
    );
  });

  it("had it already: what is sent again is needless", () => {
    const tcp = { [CART.netns]: { RetransSegs: 200, TCPDSACKRecv: 180 } };
    expect(causes({ traffic: [bad, healthy], tcp })).toContain(`needless:${CART.netns} likely needless`);
    const others = { [CART.netns]: { RetransSegs: 2000, TCPDSACKRecv: 180 } };
    expect(causes({ traffic: [bad, healthy], tcp: others }).join()).not.toContain("needless");
  });
});

describe("the size of segments", () => {
  const socket = (timer: string, info: string): Scene => ({
    traffic: [bad, healthy],
    ss: {
      [CART.netns]: `ESTAB 0 9000 ${CART.address}:40000 ${PEER}:443 timer:(${timer})\n\t cubic rto:3200 rtt:2/1 mss:1448 ${info}`,
    },
  });
  it("is likely when only full ones are sent again, and none ever arrived", () => {
    const stuck = socket(
      "on,3sec,4",
      "backoff:4 bytes_acked:600 delivered:4 bytes_retrans:7240 lastack:9000 unacked:9 retrans:1/5",
    );
    expect(causes(stuck)).toEqual(["mtu likely mtu", BEYOND]);
  });

  it("is ruled out when full ones arrive, or small ones are lost", () => {
    const through = socket("on,80ms,0", "bytes_acked:1448000 delivered:1000 bytes_retrans:7240 retrans:1/5");
    const small = socket("on,80ms,0", "bytes_acked:600 delivered:4 bytes_retrans:500 retrans:1/5");
    expect([through, small].map((scene) => verdictOn(scene, "mtu")?.verdict)).toEqual(["ruled_out", "ruled_out"]);
  });

  it("is not known without ss, and that is said", () => {
    const none: Scene = { traffic: [bad, healthy], no_ss: "The node does not have the tool for this section." };
    expect(verdictOn(none, "mtu")).toMatchObject({
      verdict: "cannot_tell",
      missing: [`ss of network namespace ${CART.netns}: The node does not have the tool for this section.`],
    });
  });
});
