import { describe, expect, it } from "vitest";
import type { Datapath } from "../../../model/types.ts";
import { placeAt } from "./lanes.ts";
import { stalenessOf } from "./signals.ts";
import { AGENT, type Attached, aMap, aNodeOf, current, type Pod, STARTED, siblings, stale } from "./testdata.ts";
import { WEIGHTS } from "./weights.ts";

/** A program that differs in nothing from its siblings, but is nobody's current one. */
const plain = (change: Parameters<typeof current>[1] = {}): Attached => ({
  program: current(1, { pids: [], loaded_at: STARTED - 1, ...change }),
});
const at = (datapath: Datapath) => {
  const found = placeAt(
    datapath,
    datapath.interfaces[0]?.hooks[0]?.entries.find(({ prog_id }) => prog_id === 1)?.key ?? "",
  );
  if (found === null) throw new Error("program 1 is on the first pod's egress");
  return stalenessOf(found.place, found.lane, datapath);
};
const signs = (egress: Attached[], more: Pod[] = siblings(), change: Parameters<typeof aNodeOf>[1] = {}) =>
  at(aNodeOf([{ name: "lxc1", egress }, ...more], change));
const ids = (...of: Parameters<typeof signs>) => signs(...of).signals.map(({ id }) => id);
const heldByNobody = (pods: Pod[]): Pod[] =>
  pods.map((pod) => ({
    ...pod,
    egress: (pod.egress ?? []).map((one) => ({ ...one, program: { ...one.program, pids: [] } })),
  }));

describe("a sign that a program was left behind", () => {
  it("is none when it is like its siblings", () => {
    expect(ids([{ program: current(1) }])).toEqual([]);
    expect(ids([{ program: current(1) }], [])).toEqual([]);
  });

  it("is that it was loaded before its agent started, when others were loaded after", () => {
    expect(ids([plain({ loaded_at: STARTED - 5000 })], heldByNobody(siblings()))).toEqual(["older-than-agent"]);
    // The agent was only restarted and loaded nothing: then all are as old.
    const old = heldByNobody(siblings()).map((pod) => ({
      egress: pod.egress ?? [],
      name: pod.name,
    }));
    for (const pod of old)
      pod.egress = pod.egress.map((one) => ({ ...one, program: { ...one.program, loaded_at: STARTED - 5000 } }));
    expect(ids([plain({ loaded_at: STARTED - 5000 })], old)).toEqual([]);
  });

  it("is that another of its name beside it is younger", () => {
    expect(ids([plain(), { program: current(2), pref: 3 }], [])).toContain("same-name");
    expect(ids([plain({ loaded_at: STARTED + 100 }), { program: current(2), pref: 3 }], [])).not.toContain("same-name");
    expect(ids([plain(), { program: current(2, { name: "another" }), pref: 3 }], [])).not.toContain("same-name");
  });

  it("is a pref or handle of its own, where its siblings agree", () => {
    expect(ids([{ ...plain(), pref: 1 }], heldByNobody(siblings()))).toEqual(["other-place"]);
    expect(ids([{ ...plain(), handle: "0x2" }], heldByNobody(siblings()))).toEqual(["other-place"]);
    const [one, two] = heldByNobody(siblings());
    const apart = [
      { name: "a", egress: [{ ...one?.egress?.[0], pref: 5 }] },
      { name: "b", egress: two?.egress },
    ] as Pod[];
    expect(ids([{ ...plain(), pref: 1 }], apart)).toEqual([]);
    expect(ids([{ ...plain(), pref: 1 }], heldByNobody(siblings()).slice(1))).toEqual([]);
  });

  it("is a mechanism that its siblings, or the younger one beside it, do not use", () => {
    expect(ids([plain()], heldByNobody(siblings("tcx")))).toEqual(["old-mechanism"]);
    expect(ids([plain(), { program: current(2, { pids: [] }), mechanism: "tcx", link_id: 5 }], [])).toEqual([
      "old-mechanism",
      "same-name",
    ]);
    // Half and half is how some nodes are.
    expect(ids([plain()], [...heldByNobody(siblings("tcx")).slice(1), ...heldByNobody(siblings()).slice(1)])).toEqual(
      [],
    );
  });

  it("is a tag that its siblings, which agree, do not have", () => {
    expect(ids([plain({ tag: "bbbbbbbbbbbbbbbb" })], heldByNobody(siblings()))).toEqual(["tag-differs"]);
    const each = heldByNobody(siblings()).map((pod, index) => ({
      ...pod,
      egress: (pod.egress ?? []).map((one) => ({ ...one, program: { ...one.program, tag: `${index}` } })),
    }));
    expect(ids([plain({ tag: "bbbbbbbbbbbbbbbb" })], each)).toEqual([]);
  });

  it("is that nobody holds it, while its siblings are held", () => {
    expect(ids([plain()])).toEqual(["loader-gone"]);
    expect(ids([plain()], heldByNobody(siblings()))).toEqual([]);
  });

  it("is that it is not pinned, while its siblings are; not when pins may be out of sight", () => {
    const pinned = heldByNobody(siblings()).map((pod) => ({
      ...pod,
      egress: (pod.egress ?? []).map((one) => ({ ...one, program: { ...one.program, pinned: ["/sys/fs/bpf/x"] } })),
    }));
    expect(ids([plain()], pinned)).toEqual(["pin-gone"]);
    expect(ids([plain({ pinned: ["/sys/fs/bpf/y"] })], pinned)).toEqual([]);
    const mounts = [30, 31].map((mount_id) => ({
      mount_point: "/sys/fs/bpf",
      mount_id,
      parent_id: 24,
      shadowed: mount_id === 30,
    }));
    expect(ids([plain()], pinned, { node: { bpf_mounts: mounts } })).toEqual([]);
  });

  it("is a policy map that no other program uses, beside one with another", () => {
    const map = (id: number, used_by: number[]) => ({
      ...aMap,
      key: `map:${id}`,
      id,
      name: "cilium_policy_7",
      used_by,
    });
    const twin = { program: current(2, { map_ids: [71], pids: [] }), pref: 3 };
    const maps = [map(70, [1]), map(71, [2, 9])];
    expect(ids([plain({ map_ids: [70] }), twin], [], { datapath: { maps } })).toContain("own-policy-map");
    const shared = [map(70, [1, 2]), map(71, [2])];
    expect(ids([plain({ map_ids: [70] }), twin], [], { datapath: { maps: shared } })).not.toContain("own-policy-map");
    expect(ids([plain({ map_ids: [70] })], [], { datapath: { maps } })).not.toContain("own-policy-map");
  });

  it("is a second bpf filesystem, for programs of which there are two", () => {
    const mounts = ["0:30", "0:31"].map((device, index) => ({
      mount_point: `/run/${index}`,
      mount_id: index,
      parent_id: 1,
      shadowed: false,
      device,
    }));
    const change = { node: { bpf_mounts: mounts } };
    expect(ids([plain(), { program: current(2), pref: 3 }], [], change)).toContain("second-bpf-mount");
    expect(ids([plain()], [], change)).toEqual([]);
  });
});

describe("the sum of the signs", () => {
  it("needs two signs, and none of the usual ones is enough alone", () => {
    expect(signs([plain()])).toMatchObject({ score: WEIGHTS["loader-gone"], word: "none" });
    expect(signs([{ ...plain(), pref: 1 }])).toMatchObject({ word: "suspected" });
    expect(signs([{ ...plain({ tag: "b" }), pref: 1 }])).toMatchObject({ word: "established" });
    expect(signs([plain({ loaded_at: STARTED - 5000 })], heldByNobody(siblings()))).toMatchObject({
      word: "suspected",
    });
  });

  it("does not count against what the running agent holds", () => {
    const held = { program: stale(1, { pids: [{ pid: AGENT.pid, comm: AGENT.comm }] }), pref: 1 };
    expect(signs([held])).toMatchObject({
      word: "current",
      current: `held by ${AGENT.comm} (pid ${AGENT.pid}), which runs`,
    });
  });

  it("does not count against what was loaded last by a running agent that holds nothing", () => {
    const odd = { program: current(1, { pids: [], tag: "c" }), pref: 1 };
    expect(signs([odd], heldByNobody(siblings())).word).toBe("current");
    expect(
      signs([odd, { program: current(2, { pids: [], loaded_at: STARTED + 90 }) }], heldByNobody(siblings())).word,
    ).not.toBe("current");
  });
});
