/** Places of this node that are no programs, and kernels that tell less of them. */
import { describe, expect, it } from "vitest";
import {
  BEYOND,
  bad,
  causes,
  type Dropped,
  drops,
  HOOK,
  HOST,
  healthy,
  MTU,
  type Scene,
  type Traffic,
  UPLINK,
  verdictOn,
  WEB,
} from "../testdata/scene.ts";

describe("kernels that give no reasons for drops", () => {
  const scene: Scene = { traffic: [bad, healthy], drops_variant: "places" };
  it("rule out what was seen dropping nothing of these, but not TCP's own drops at a receiver on this node", () => {
    expect(causes(scene)).toEqual([MTU, BEYOND]);
    const inside: Traffic = { ...bad, to: WEB.address };
    const counters = { [WEB.netns]: { PruneCalled: 0 } };
    const local = (tcp: Scene["tcp"]): Scene => ({ ...scene, traffic: [inside, healthy], ...(tcp ? { tcp } : {}) });
    expect(verdictOn(local(counters), "memory")?.verdict).toBe("ruled_out");
    expect(verdictOn(local({ [WEB.netns]: { RcvPruned: 150 } }), "memory")?.verdict).toBe("likely");
  });

  it("need a program's own verdicts to prove that it drops", () => {
    const places: Scene = { ...scene, drops: drops(196, { location: "__netif_receive_skb_core.constprop.0" }) };
    expect(verdictOn(places, "tc")).toMatchObject({ verdict: "likely" });
    const hooks = { [HOOK]: { drops: [{ of: bad, count: 48 }] } };
    expect(verdictOn({ ...places, hooks }, "tc")).toMatchObject({ verdict: "confirmed" });
  });

  it("do not tell a filter from the queue of the device behind it", () => {
    const at = { location: "__dev_queue_xmit", at: UPLINK };
    expect(causes({ ...scene, drops: drops(196, at) })).toContain(`tc:${HOST}:2:egress likely transmit-drop`);
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
    expect(verdictOn(scene, name)?.proposal?.kind ?? "none").toBe(
      name === "cgroup" || name === "other" ? "none" : "advice",
    );
  });

  it("account for a storm, so that a hook that cannot be seen into need not", () => {
    const scene: Scene = {
      traffic: [bad, healthy],
      drops: drops(190, { reason: "QDISC_DROP", at: UPLINK }),
      xdp: true,
    };
    expect(causes(scene)).toEqual([MTU, `qdisc:${HOST}:2 confirmed qdisc-drop`]);
    expect(verdictOn(scene, "xdp")?.meaning).toContain("another place of this node accounts for most of it");
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
    expect(verdictOn(scene, "qdisc")?.evidence[0]?.text).toBe("qdisc fq_codel of eth0: 900 dropped");
  });

  it("queue: are what is left to go by where drops were not seen", () => {
    const scene: Scene = { traffic: [bad, healthy], queue: 900, drops_trace: null };
    expect(causes(scene)).toContain("qdisc likely qdisc-drop");
    expect(verdictOn(scene, "softnet")?.verdict).toBe("ruled_out");
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
    expect(verdictOn(full, "netfilter")).toMatchObject({ verdict: "confirmed", kind: "conntrack-full" });
    expect(verdictOn({ traffic: [syns], drops: dropped }, "netfilter")).toMatchObject({
      verdict: "confirmed",
      kind: "netfilter-drop",
    });
    // Without the table nobody knows which of the two it was.
    expect(verdictOn({ traffic: [syns], drops: dropped, conntrack: null }, "netfilter")).toMatchObject({
      verdict: "likely",
      kind: "netfilter-drop",
      missing: [expect.stringContaining("the table of tracked connections of netns:")],
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
    expect(verdictOn(scene, "memory")?.evidence[0]?.text).toBe(
      `TCP of network namespace ${WEB.netns}: PruneCalled grew by 30, RcvPruned grew by 150, TCPMemoryPressures grew by 1`,
    );
  });
});
