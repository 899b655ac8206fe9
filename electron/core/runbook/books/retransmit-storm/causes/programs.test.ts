/** Programs of tc and XDP: proven by what they drop of these connections, and by nothing else. */
import { describe, expect, it } from "vitest";
import { caseOf } from "../case.ts";
import { candidatesOf, hookId } from "../hooks-plan.ts";
import {
  aState,
  BEYOND,
  bad,
  causes,
  concluded,
  drops,
  HOOK,
  HOST,
  healthy,
  LXC_WEB,
  MTU,
  NODE,
  PEER,
  type Scene,
  TC,
  type Traffic,
  UPLINK,
  verdictOn,
  WEB,
} from "../testdata/scene.ts";

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
    const verdict = verdictOn(scene, "tc");
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
    expect(verdictOn(scene, "path")?.verdict).toBe("ruled_out");
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
    expect(verdictOn(scene, "tc")).toMatchObject({ verdict: "confirmed", missing: [] });
    expect(verdictOn(scene, "tc")?.meaning).toContain("cil_from_container (id 11) is all there is on it");
    const two = verdictOn({ ...scene, second_program: true }, "tc");
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
    expect(verdictOn(scene, "tc")).toMatchObject({ verdict: "ruled_out" });
    expect(verdictOn(scene, "tc")?.evidence[0]?.text).toBe(
      "5000 packets of other connections were dropped by programs, of these none",
    );
  });

  it("is no cause when it drops another connection of the same process to the same destination", () => {
    const refused: Traffic = { ...bad, sport: 50_000, again: {}, connections: 1 };
    expect(causes({ traffic: [bad, healthy], drops: [{ of: refused, count: 300 }] })).toEqual([MTU, BEYOND]);
  });

  it("is no cause when it dropped one of two hundred, and a part of it when it dropped a third", () => {
    expect(verdictOn({ traffic: [bad, healthy], drops: [{ of: bad, count: 1 }] }, "tc")).toMatchObject({
      verdict: "ruled_out",
    });
    const third: Scene = { traffic: [bad, healthy], drops: drops(64), hooks };
    expect(causes(third)).toEqual([MTU, "path cannot_tell one-destination", `${TC} likely tc-drop`]);
  });

  it("is not proven by few retransmissions that were told of many", () => {
    const scene: Scene = { traffic: [{ ...bad, told: 8 }, healthy], drops: drops(16), hooks };
    expect(verdictOn(scene, "tc")?.verdict).toBe("ruled_out");
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
    expect(verdictOn({ traffic: [fast], drops: [{ of: fast, count: 30, ...at }] }, "tc")?.verdict).toBe("ruled_out");
  });

  it("is the cause of one storm, while another is lost beyond the node", () => {
    const other: Traffic = { from: WEB, to: "10.246.3.3", sent: 9000, again: { fast: 900 } };
    const scene: Scene = { traffic: [bad, other, { ...healthy, from: WEB }], drops: drops(196), hooks };
    expect(causes(scene)).toEqual([MTU, "path likely one-destination", `${TC} confirmed tc-drop`]);
    expect(verdictOn(scene, "path")?.meaning).toMatch(
      /^10.246.3.3:443 from shop\/web: nothing on this node drops these packets/,
    );
  });

  it("in a namespace the picture does not have is nothing of the node's", () => {
    const at = { netns: "4026539999", ifindex: 2, device: "node0" };
    const scene: Scene = { traffic: [bad, healthy], drops: drops(196, { at }) };
    expect(causes(scene)).toEqual([MTU, BEYOND, "unseen:tc:4026539999:2 likely dropped-out-of-sight"]);
    expect(verdictOn(scene, "tc")?.verdict).toBe("ruled_out");
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
    expect(verdictOn({ traffic: [bad], drops_trace: lost }, "tc")).toMatchObject({ verdict: "cannot_tell" });
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

describe("XDP", () => {
  const XDP = `${HOST}:2:xdp`;
  const scene: Scene = { traffic: [bad, healthy], xdp: true };
  const syns: Traffic = { sent: 40, again: { syn: 20 }, unanswered: true };

  it("is asked itself, as it drops before there is a packet", () => {
    const { chosen } = candidatesOf(caseOf(aState(scene)));
    expect(chosen.map(({ place }) => hookId(place))).toEqual([XDP]);
    expect(verdictOn(scene, "xdp")?.verdict).toBe("cannot_tell");
    expect(verdictOn({ ...scene, hooks: { [XDP]: { drops: [] } } }, "xdp")?.verdict).toBe("ruled_out");
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
    expect(verdictOn(both, "xdp")?.subject).toBe("XDP programs (10.246.3.3:443 from shop/web)");
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
    expect(verdictOn(its, "xdp")?.proposal).toMatchObject({ kind: "open", inputs: { interface: "eth0" } });
  });

  it("is not ruled out where its drops are not all seen", () => {
    const hooks = { [XDP]: { variant: "hook" as const, complete: false, drops: [] } };
    expect(verdictOn({ ...scene, hooks }, "xdp")?.verdict).toBe("cannot_tell");
  });
});
