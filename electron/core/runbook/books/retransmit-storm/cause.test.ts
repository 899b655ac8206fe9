/** Where it is lost: every cause, and beside it what only looks like it. */
import { describe, expect, it } from "vitest";
import { caseOf } from "./case.ts";
import { candidatesOf, hookId } from "./hooks-plan.ts";
import {
  aState,
  brief,
  CART,
  concluded,
  type Dropped,
  HOST,
  LXC_WEB,
  NODE,
  PEER,
  type Scene,
  type Traffic,
  UPLINK,
  WEB,
} from "./testdata/scene.ts";

const healthy: Traffic = { to: "10.246.9.9", sent: 200_000 };
const bad: Traffic = { sent: 2000, again: { fast: 150, timeout: 50 }, connections: 4 };
/** All four connections of `bad`. */
const drops = (count: number, change: Partial<Dropped> = {}): Dropped[] =>
  [0, 1, 2, 3].map((nth) => ({ of: bad, nth, count: count / 4, ...change }));
const causes = (scene: Scene) => brief(concluded(scene)).filter((one) => !one.startsWith("storm"));
const one = (scene: Scene, id: string) =>
  concluded(scene).find((verdict) => verdict.id === id || verdict.id.startsWith(`${id}:`));
const BEYOND = "path likely one-destination";
const MTU = "mtu cannot_tell mtu";
const TC = `tc:${HOST}:10:ingress`;
const HOOK = `${HOST}:10:ingress`;

describe("a program of tc on this node", () => {
  const hooks = {
    [HOOK]: {
      drops: [
        { of: bad, count: 48 },
        { of: bad, nth: 1, count: 49 },
      ],
    },
  };

  it("is confirmed when it drops these very connections, and leads on to it", () => {
    const scene: Scene = { traffic: [bad, healthy], drops: drops(196), hooks };
    expect(causes(scene)).toEqual([MTU, `${TC} confirmed tc-drop`]);
    const verdict = one(scene, "tc");
    expect(verdict?.subject).toBe("lxc_cart ingress (pod → out)");
    expect(verdict?.subject_key).toBe(`if:${HOST}:10`);
    expect(verdict?.evidence.map(({ text }) => text)).toEqual([
      "cil_from_container (id 11) returned TC_ACT_SHOT for 97 packets of these connections",
      "dropped of these connections: 196 towards the peer; TC_INGRESS, tc_run at lxc_cart",
      "sent again to the same destinations: 200 segments on 4 connections",
    ]);
    expect(verdict?.meaning).toBe(
      "cil_from_container (id 11) drops packets of these very connections. The cause is on this node. These drops account for 98 % of what was sent again.",
    );
    expect(verdict?.proposal).toMatchObject({ kind: "open", book: "stale-filters", inputs: { interface: "lxc_cart" } });
    expect(one(scene, "path")?.verdict).toBe("ruled_out");
  });

  it("is looked at in the second measurement, on that hook", () => {
    const { chosen } = candidatesOf(caseOf(aState({ traffic: [bad], drops: drops(196) })));
    expect(chosen.map(({ place }) => hookId(place))).toEqual([HOOK]);
  });

  it("is named by elimination where programs cannot be traced, and not named beside another", () => {
    const scene: Scene = {
      traffic: [bad],
      drops: drops(196),
      hooks: { [HOOK]: { variant: "hook", drops: [{ of: bad, count: 97 }] } },
    };
    expect(one(scene, "tc")).toMatchObject({ verdict: "confirmed", missing: [] });
    expect(one(scene, "tc")?.meaning).toContain("cil_from_container (id 11) is all there is on it");
    const two = one({ ...scene, second_program: true }, "tc");
    expect(two).toMatchObject({ verdict: "confirmed" });
    expect(two?.missing).toEqual([
      "which of its 2 programs dropped them: this kernel cannot trace programs (no fexit)",
    ]);
  });

  it("is no cause when it drops others, also to the same destination", () => {
    const neighbour: Traffic = { from: WEB, sent: 60, sport: 50_000 };
    const scene: Scene = {
      traffic: [bad, healthy, neighbour],
      drops: [{ of: neighbour, count: 5000, at: LXC_WEB }],
    };
    expect(causes(scene)).toEqual([MTU, BEYOND]);
    expect(one(scene, "tc")).toMatchObject({ verdict: "ruled_out" });
    expect(one(scene, "tc")?.evidence[0]?.text).toBe(
      "5000 packets of other connections were dropped by programs, of these none",
    );
  });

  it("is no cause when it drops another connection of the same process to the same destination", () => {
    const refused: Traffic = { ...bad, sport: 50_000, again: {}, connections: 1 };
    expect(causes({ traffic: [bad, healthy], drops: [{ of: refused, count: 300 }] })).toEqual([MTU, BEYOND]);
  });

  it("is no cause when it dropped one of two hundred, and a part of it when it dropped a third", () => {
    expect(one({ traffic: [bad, healthy], drops: [{ of: bad, count: 1 }] }, "tc")).toMatchObject({
      verdict: "ruled_out",
    });
    const third: Scene = { traffic: [bad, healthy], drops: drops(64), hooks };
    expect(causes(third)).toEqual([MTU, "path cannot_tell one-destination", `${TC} likely tc-drop`]);
  });

  it("is not proven by few retransmissions that were told of many", () => {
    const scene: Scene = { traffic: [{ ...bad, told: 8 }, healthy], drops: drops(16), hooks };
    expect(one(scene, "tc")?.verdict).toBe("ruled_out");
  });

  it("is proven by dropped answers for handshakes, and for data only a guess", () => {
    const syns: Traffic = { sent: 40, again: { syn: 20 }, unanswered: true };
    const at = { reason: "TC_EGRESS", back: true };
    expect(causes({ traffic: [syns], drops: [{ of: syns, count: 20, ...at }] })).toEqual([
      MTU,
      `tc:${HOST}:10:egress confirmed tc-drop`,
    ]);
    const probes: Traffic = { sent: 400, again: { probe: 20, timeout: 10 } };
    expect(causes({ traffic: [probes], drops: [{ of: probes, count: 30, ...at }] })).toContain(
      `tc:${HOST}:10:egress likely tc-drop`,
    );
    const fast: Traffic = { sent: 400, again: { fast: 30 } };
    expect(one({ traffic: [fast], drops: [{ of: fast, count: 30, ...at }] }, "tc")?.verdict).toBe("ruled_out");
  });

  it("is the cause of one storm, while another is lost beyond the node", () => {
    const other: Traffic = { from: WEB, to: "10.246.3.3", sent: 9000, again: { fast: 900 } };
    const scene: Scene = { traffic: [bad, other, { ...healthy, from: WEB }], drops: drops(196), hooks };
    expect(causes(scene)).toEqual([MTU, "path likely one-destination", `${TC} confirmed tc-drop`]);
    expect(one(scene, "path")?.meaning).toMatch(
      /^10.246.3.3:443 from shop\/web: nothing on this node drops these packets/,
    );
  });

  it("in a namespace the picture does not have is nothing of the node's", () => {
    const at = { netns: "4026539999", ifindex: 2, device: "node0" };
    const scene: Scene = { traffic: [bad, healthy], drops: drops(196, { at }) };
    expect(causes(scene)).toEqual([MTU, BEYOND, "unseen:tc:4026539999:2 likely dropped-out-of-sight"]);
    expect(one(scene, "tc")?.verdict).toBe("ruled_out");
    const dead: Traffic = { sent: 24, again: { syn: 20 }, unanswered: true };
    const there = { of: dead, count: 20, reason: "IP_INADDRERRORS", at };
    expect(causes({ traffic: [dead, healthy], drops: [there] })).toContain(`remote:${PEER}:443 likely no-answer`);
  });

  it("is not ruled out when drops may have been missed, or addresses were translated", () => {
    const lost = {
      summary: {
        record: "summary",
        time_us: 0,
        duration_ms: 1,
        ended: "time",
        events: 0,
        lost: 7,
        evicted: 0,
        thinned: 0,
        cost: null,
      },
    } as const;
    expect(one({ traffic: [bad], drops_trace: lost }, "tc")).toMatchObject({ verdict: "cannot_tell" });
    const backend: Traffic = { ...bad, to: "10.246.4.4" };
    const masqueraded: Traffic = { ...bad, from: NODE, sport: 61_000 };
    const few: Traffic = { ...masqueraded, to: "10.246.9.9" };
    const words = [backend, masqueraded, few].map((of) =>
      ["TC_EGRESS", "QDISC_DROP"].map((reason) => {
        const verdicts = concluded({ traffic: [bad], drops: [{ of, count: 190, reason, at: UPLINK }] });
        return verdicts.find(({ id }) => id === (reason === "TC_EGRESS" ? "tc" : "qdisc"))?.verdict;
      }),
    );
    expect(words).toEqual([
      ["cannot_tell", "likely"],
      ["cannot_tell", "likely"],
      ["ruled_out", "ruled_out"],
    ]);
  });
});

describe("kernels that give no reasons for drops", () => {
  const scene: Scene = { traffic: [bad, healthy], drops_variant: "places" };
  it("need the verdicts of the hooks to rule programs out", () => {
    const { chosen } = candidatesOf(caseOf(aState(scene)));
    expect(chosen.map(({ place }) => hookId(place))).toEqual([HOOK, `${HOST}:10:egress`]);
    expect(one(scene, "tc")?.verdict).toBe("cannot_tell");
    const hooks = { [HOOK]: { drops: [] }, [`${HOST}:10:egress`]: { drops: [] } };
    expect(one({ ...scene, hooks }, "tc")?.verdict).toBe("ruled_out");
    expect(one(scene, "memory")?.verdict).toBe("cannot_tell");
  });

  it("need a program's own verdicts to prove that it drops", () => {
    const places: Scene = { ...scene, drops: drops(196, { location: "__netif_receive_skb_core.constprop.0" }) };
    expect(one(places, "tc")).toMatchObject({ verdict: "likely" });
    const hooks = { [HOOK]: { drops: [{ of: bad, count: 48 }] } };
    expect(one({ ...places, hooks }, "tc")).toMatchObject({ verdict: "confirmed" });
  });

  it("do not tell a filter from the queue of the device behind it", () => {
    const at = { location: "__dev_queue_xmit", at: UPLINK };
    expect(causes({ ...scene, drops: drops(196, at) })).toContain(`tc:${HOST}:2:egress likely transmit-drop`);
  });
});

describe("XDP", () => {
  const XDP = `${HOST}:2:xdp`;
  const scene: Scene = { traffic: [bad, healthy], xdp: true };
  const syns: Traffic = { sent: 40, again: { syn: 20 }, unanswered: true };

  it("is asked itself, as it drops before there is a packet", () => {
    const { chosen } = candidatesOf(caseOf(aState(scene)));
    expect(chosen.map(({ place }) => hookId(place))).toEqual([XDP]);
    expect(one(scene, "xdp")?.verdict).toBe("cannot_tell");
    expect(one({ ...scene, hooks: { [XDP]: { drops: [] } } }, "xdp")?.verdict).toBe("ruled_out");
  });

  it("is asked for the storm that crosses it, also when another storm has its cause", () => {
    const hooks = { [HOOK]: { drops: [{ of: bad, count: 48 }] } };
    const other: Traffic = { from: WEB, to: "10.246.3.3", sent: 9000, again: { fast: 900 } };
    const both: Scene = { traffic: [bad, other], drops: drops(196), hooks, xdp: true };
    expect(causes(both)).toEqual([
      MTU,
      "path cannot_tell everything",
      `${TC} confirmed tc-drop`,
      "xdp cannot_tell xdp-drop",
    ]);
    expect(one(both, "xdp")?.subject).toBe("XDP programs (10.246.3.3:443 from shop/web)");
  });

  it("is not asked for what leaves a pod by an interface that does not lead through this node", () => {
    const away: Traffic = { to: "10.9.7.2", sent: 2000, again: { fast: 200 } };
    const aside: Scene = { traffic: [away, healthy], xdp: true, wire: true };
    expect(candidatesOf(caseOf(aState(aside))).chosen).toEqual([]);
    expect(causes(aside)).toEqual([MTU, BEYOND]);
  });

  it("is confirmed by its own verdicts on answers that handshakes wait for", () => {
    const dropped = { of: syns, back: true, count: 20, prog_id: 30, name: "xdp_entry", verdict: "XDP_DROP" };
    const its: Scene = { traffic: [syns], xdp: true, hooks: { [XDP]: { drops: [dropped] } } };
    expect(causes(its)).toEqual([MTU, `xdp:${HOST}:2:xdp confirmed xdp-drop`]);
    expect(one(its, "xdp")?.proposal).toMatchObject({ kind: "open", inputs: { interface: "eth0" } });
  });

  it("is not ruled out where its drops are not all seen", () => {
    const hooks = { [XDP]: { variant: "hook" as const, complete: false, drops: [] } };
    expect(one({ ...scene, hooks }, "xdp")?.verdict).toBe("cannot_tell");
  });
});

describe("places of this node that are no programs", () => {
  it.each([
    ["qdisc", "QDISC_DROP", "qdisc-drop"],
    ["qdisc", "QDISC_OVERLIMIT", "qdisc-drop"],
    ["softnet", "CPU_BACKLOG", "softnet-drop"],
    ["netfilter", "NETFILTER_DROP", "netfilter-drop"],
    ["device", "FULL_RING", "device-drop"],
    ["memory", "SOCKET_RCVBUFF", "receive-memory"],
    ["memory", "PROTO_MEM", "receive-memory"],
    ["neighbour", "NEIGH_FAILED", "no-neighbour"],
    ["no-route", "IP_OUTNOROUTES", "no-route"],
    ["cgroup", "BPF_CGROUP_EGRESS", "cgroup-drop"],
    ["mtu", "PKT_TOO_BIG", "mtu"],
  ])("%s: %s of these connections is confirmed", (name, reason, kind) => {
    const scene: Scene = { traffic: [bad, healthy], drops: drops(190, { reason, at: UPLINK }) };
    expect(causes(scene).filter((cause) => cause !== MTU)).toEqual([`${name}:${HOST}:2 confirmed ${kind}`]);
    expect(one(scene, name)?.proposal?.kind ?? "none").toBe(name === "cgroup" || name === "other" ? "none" : "advice");
  });

  it("other: places this book cannot read are a hint", () => {
    const scene: Scene = { traffic: [bad, healthy], drops: drops(190, { reason: "IP_CSUM", at: UPLINK }) };
    expect(causes(scene)).toContain(`other:${HOST}:2 likely other-drop`);
  });

  it("queue: counters that grew by others' packets are no cause", () => {
    const scene: Scene = {
      traffic: [bad, healthy],
      queue: 900,
      softnet: 900,
      conntrack: { count: 65_536, max: 65_536, drop: 900 },
    };
    expect(causes(scene)).toEqual([MTU, BEYOND]);
    expect(one(scene, "qdisc")?.evidence[0]?.text).toBe("qdisc fq_codel of eth0: 900 dropped");
  });

  it("queue: are what is left to go by where drops were not seen", () => {
    const scene: Scene = { traffic: [bad, healthy], queue: 900, drops_trace: null };
    expect(causes(scene)).toContain("qdisc likely qdisc-drop");
    expect(one(scene, "softnet")?.verdict).toBe("ruled_out");
  });

  it("card: its own errors are seen by no tracer, so they are likely when there are enough, and else not", () => {
    expect(causes({ traffic: [bad, healthy], cards: { "eth0 rx_missed_errors": 400 } })).toContain(
      "device likely device-drop",
    );
    expect(causes({ traffic: [bad, healthy], cards: { "eth0 rx_missed_errors": 3 } })).toEqual([MTU, BEYOND]);
    // Spanning-tree frames and the like, of which nobody knows the protocol.
    expect(causes({ traffic: [bad, healthy], cards: { "eth0 rx_dropped": 400 } })).toEqual([MTU, BEYOND]);
    expect(causes({ traffic: [bad, healthy], cards: { "eth1 rx_missed_errors": 400 } })).toEqual([MTU, BEYOND]);
  });

  it("connection tracking: a full table is told apart from a rule", () => {
    const syns: Traffic = { sent: 40, again: { syn: 20 }, unanswered: true };
    const dropped: Dropped[] = [{ of: syns, count: 20, reason: "NETFILTER_DROP", at: null }];
    const full: Scene = { traffic: [syns], drops: dropped, conntrack: { count: 65_536, max: 65_536, drop: 20 } };
    expect(one(full, "netfilter")).toMatchObject({ verdict: "confirmed", kind: "conntrack-full" });
    expect(one({ traffic: [syns], drops: dropped }, "netfilter")).toMatchObject({
      verdict: "confirmed",
      kind: "netfilter-drop",
    });
  });

  it("memory: says which counters of the receiver grew with it", () => {
    const inside: Traffic = { ...bad, to: WEB.address };
    const scene: Scene = {
      traffic: [inside, healthy],
      drops: [
        { of: inside, count: 150, reason: "SOCKET_RCVBUFF", at: { netns: WEB.netns, ifindex: 2, device: "eth0" } },
      ],
      tcp: { [WEB.netns]: { PruneCalled: 30, RcvPruned: 150, TCPMemoryPressures: 1 } },
    };
    expect(one(scene, "memory")?.evidence[0]?.text).toBe(
      `TCP of network namespace ${WEB.netns}: PruneCalled grew by 30, RcvPruned grew by 150, TCPMemoryPressures grew by 1`,
    );
  });
});

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
    const path = one({ traffic: [bad, healthy] }, "path");
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
    expect(one({ traffic: [bad, healthy], drops_trace: null }, "path")?.verdict).toBe("cannot_tell");
    expect(one({ traffic: [bad, healthy], datapath: null }, "path")?.verdict).toBe("cannot_tell");
  });
});

describe("the remote end", () => {
  const ss = (line: string, info: string) => ({ [CART.netns]: `${line}\n\t ${info}` });
  const line = (state: string, timer: string) => `${state} 0 9000 ${CART.address}:40000 ${PEER}:443 timer:(${timer})`;

  it("does not answer: a dead host is no lossy line", () => {
    const dead: Traffic = { sent: 24, again: { syn: 20 }, unanswered: true };
    expect(causes({ traffic: [dead, healthy] })).toEqual([MTU, BEYOND, `remote:${PEER}:443 likely no-answer`]);
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
    expect(one(scene, "remote")).toMatchObject({ verdict: "confirmed", kind: "zero-window" });
    const lossy = { ...inside, again: { fast: 25, timeout: 5 } };
    expect(one({ ...scene, traffic: [lossy, healthy] }, "remote")).toMatchObject({ verdict: "likely" });
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
    expect([through, small].map((scene) => one(scene, "mtu")?.verdict)).toEqual(["ruled_out", "ruled_out"]);
  });

  it("is not known without ss, and that is said", () => {
    const none: Scene = { traffic: [bad, healthy], no_ss: "The node does not have the tool for this section." };
    expect(one(none, "mtu")).toMatchObject({
      verdict: "cannot_tell",
      missing: [`ss of network namespace ${CART.netns}: The node does not have the tool for this section.`],
    });
  });
});

it("keeps connections over loopback of different namespaces apart", () => {
  const inside = { netns: CART.netns, address: "127.0.0.1", pod: CART.pod };
  const local: Traffic = { from: inside, to: "127.0.0.1", sent: 400, again: { fast: 30 } };
  const lo = (netns: string) => ({ netns, ifindex: 1, device: "lo" });
  const scene = (netns: string): Scene => ({
    traffic: [local],
    drops: [{ of: local, count: 30, reason: "QDISC_DROP", at: lo(netns) }],
  });
  expect(one(scene(CART.netns), "qdisc")?.verdict).toBe("confirmed");
  expect(one(scene(WEB.netns), "qdisc")?.verdict).toBe("ruled_out");
});

it("judges the node's own connections like a pod's", () => {
  const own: Traffic = { from: NODE, sent: 2000, again: { fast: 200 } };
  expect(causes({ traffic: [own, { ...healthy, from: NODE }] })).toEqual([MTU, BEYOND]);
});

it("says nothing is proven that has no evidence of its own", () => {
  for (const scene of [
    { traffic: [bad, healthy], drops: drops(196) },
    { traffic: [bad, healthy] },
    { traffic: [bad], drops_trace: null },
  ]) {
    for (const verdict of concluded(scene as Scene)) {
      if (verdict.verdict === "confirmed") expect(verdict.evidence.length, verdict.id).toBeGreaterThan(0);
      if (verdict.verdict === "cannot_tell") expect(verdict.missing.length, verdict.id).toBeGreaterThan(0);
    }
  }
});
