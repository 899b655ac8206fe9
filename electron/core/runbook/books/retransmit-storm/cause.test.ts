/** What holds for all causes. */
import { expect, it } from "vitest";
import {
  BEYOND,
  bad,
  CART,
  causes,
  concluded,
  drops,
  healthy,
  MTU,
  NODE,
  type Scene,
  type Traffic,
  verdictOn,
  WEB,
} from "./testdata/scene.ts";

it("keeps connections over loopback of different namespaces apart", () => {
  const inside = { netns: CART.netns, address: "127.0.0.1", pod: CART.pod };
  const local: Traffic = { from: inside, to: "127.0.0.1", sent: 400, again: { fast: 30 } };
  const lo = (netns: string) => ({ netns, ifindex: 1, device: "lo" });
  const scene = (netns: string): Scene => ({
    traffic: [local],
    drops: [{ of: local, count: 30, reason: "QDISC_DROP", at: lo(netns) }],
  });
  expect(verdictOn(scene(CART.netns), "qdisc")?.verdict).toBe("confirmed");
  expect(verdictOn(scene(WEB.netns), "qdisc")?.verdict).toBe("ruled_out");
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
