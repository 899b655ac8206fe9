import { describe, expect, it } from "vitest";
import type { RunState } from "../../types.ts";
import {
  aMap,
  aNodeOf,
  CONFLICT,
  current,
  NEXT_OR_DROP,
  NOW,
  OLD,
  PASS_OR_DROP,
  siblings,
  stale,
  withEgress,
} from "./testdata.ts";
import { aFlow, aState, aTrace, measuredRun, said, short, texts } from "./testdata-runs.ts";

const STALE_IN_FRONT = withEgress([OLD, NOW]);

describe("a program left behind in front of the agent's own", () => {
  it("is confirmed when its own drops were seen, with exact counts and whose packets they were", () => {
    const trace = aTrace(
      {
        1: { runs: 600, verdicts: { TC_ACT_UNSPEC: 588, TC_ACT_SHOT: 12 } },
        2: { runs: 588, verdicts: { TC_ACT_OK: 588 } },
      },
      {},
      [aFlow(1, 7), aFlow(1, 5, 40_001)],
    );
    const state = measuredRun(STALE_IN_FRONT, trace);
    expect(short(state)).toEqual([`confirmed ${CONFLICT}`]);
    expect(texts(state)).toEqual(
      expect.arrayContaining([
        "pref 1 handle 0x1: cil_to_container (id 1): ran 600 times, dropped 12 (TC_ACT_UNSPEC 588, TC_ACT_SHOT 12) in 10 s",
        "pref 2 handle 0x1: cil_to_container (id 2): ran 588 times, dropped 0 (TC_ACT_OK 588) in 10 s",
        "dropped: tcp 10.0.0.9:40000 → 10.0.1.7:8080, 7 packets",
        "dropped: tcp 10.0.0.9:40001 → 10.0.1.7:8080, 5 packets",
      ]),
    );
  });

  it("is likely, and no more, where its verdicts cannot be seen and the counts leave nobody else", () => {
    const state = measuredRun(
      STALE_IN_FRONT,
      aTrace({ 1: { runs: 600 }, 2: { runs: 588 } }, { drops: 12 }, [aFlow(null, 12)]),
    );
    expect(short(state)).toEqual([`likely ${CONFLICT}`]);
    expect(said(state)).toContain("all 12 drops of this hook are those of cil_to_container (id 1)");
    expect(said(state)).toContain("fexit");
    expect(texts(state)).toContain("dropped: tcp 10.0.0.9:40000 → 10.0.1.7:8080, 12 packets");
    expect(texts(state).join("\n")).toContain("so it dropped 12 at least and no more");
  });

  it("is not blamed for drops that the one behind it may have made", () => {
    // It let all packets on; what is dropped is dropped behind it.
    const behind = measuredRun(STALE_IN_FRONT, aTrace({ 1: { runs: 600 }, 2: { runs: 600 } }, { drops: 12 }));
    expect(short(behind)).toEqual([`cannot_tell ${CONFLICT}`]);
    // Its code is not known, so that packets it passed without a drop are behind it no more either.
    const unread = withEgress([{ ...OLD, program: stale(1, { returns: null }) }, NOW]);
    const state = measuredRun(unread, aTrace({ 1: { runs: 600 }, 2: { runs: 580 } }, { drops: 12 }));
    expect(short(state)).toEqual([`cannot_tell ${CONFLICT}`]);
    expect(said(state)).toContain("cil_to_container (id 1) or cil_to_container (id 2)");
  });

  it("is ruled out when it ran often enough and dropped nothing", () => {
    const exact = {
      1: { runs: 600, verdicts: { TC_ACT_UNSPEC: 600 } },
      2: { runs: 600, verdicts: { TC_ACT_OK: 600 } },
    };
    expect(short(measuredRun(STALE_IN_FRONT, aTrace(exact)))).toEqual([`ruled_out ${CONFLICT}`]);
    const hook = aTrace({ 1: { runs: 600 }, 2: { runs: 600 } }, { drops: 0 });
    expect(short(measuredRun(STALE_IN_FRONT, hook))).toEqual([`ruled_out ${CONFLICT}`]);
  });

  it("is not ruled out by a few packets, and it is said how to make more", () => {
    const trace = aTrace({
      1: { runs: 20, verdicts: { TC_ACT_UNSPEC: 20 } },
      2: { runs: 20, verdicts: { TC_ACT_OK: 20 } },
    });
    const state = measuredRun(STALE_IN_FRONT, trace);
    expect(short(state)).toEqual([`cannot_tell ${CONFLICT}`]);
    expect(said(state)).toContain("Send the pod 250 packets or more");
  });

  it("is not ruled out by the packets of an interface on which there are none", () => {
    const idle = aTrace({ 1: { runs: 0, verdicts: {} }, 2: { runs: 0, verdicts: {} } });
    const state = measuredRun(STALE_IN_FRONT, idle);
    expect(short(state)).toEqual([`cannot_tell ${CONFLICT}`]);
    expect(said(state)).toContain("no packet met it");
  });

  it("is not ruled out by a lower bound of the hook's drops", () => {
    const native = aTrace({ 1: { runs: 600 }, 2: { runs: 600 } }, { drops: 0, complete: false });
    expect(short(measuredRun(STALE_IN_FRONT, native))).toEqual([`cannot_tell ${CONFLICT}`]);
  });

  it.each<[string, RunState, string]>([
    ["before it was measured", aState(STALE_IN_FRONT), "It has not been measured yet."],
    [
      "without root",
      aState(STALE_IN_FRONT, { left_out: { measure: "Only root can trace programs." } }),
      "Only root can trace programs.",
    ],
    [
      "when the tracer was refused",
      measuredRun(STALE_IN_FRONT, {
        ...aTrace({}),
        summary: null,
        error: { code: "no-btf", message: "This kernel has no BTF.", hint: "Another kernel." },
      }),
      "This kernel has no BTF. Another kernel.",
    ],
    [
      "when the chain became another one meanwhile",
      measuredRun(STALE_IN_FRONT, aTrace({ 1: { runs: 600, verdicts: { TC_ACT_SHOT: 600 } } }), {
        previous: withEgress([OLD]),
      }),
      "The chain became another one while it was measured.",
    ],
  ])("cannot be told %s", (_, state, why) => {
    expect(short(state)).toEqual([`cannot_tell ${CONFLICT}`]);
    expect(said(state)).toContain(why);
  });

  it("is likely only when not all of the node was seen", () => {
    const trace = aTrace({ 1: { runs: 600, verdicts: { TC_ACT_SHOT: 12 } }, 2: { runs: 588, verdicts: {} } });
    const sections = [
      { section: "bpf.net", scope: "node", ok: false, exit: 1, ms: 1, bytes: 0, truncated: false, warnings: [] },
    ];
    const state = measuredRun({ ...STALE_IN_FRONT, sections }, trace);
    expect(short(state)).toEqual([`likely ${CONFLICT}`]);
    expect(said(state)).toContain("bpf.net");
  });

  it("is confirmed although tools too old to list all attachments may hide some: those change nothing about its drops", () => {
    const old = {
      id: "old-bpftool",
      severity: "info",
      subject: "node",
      subject_name: "n",
      evidence: [],
      meaning: "No tcx.",
      related: [],
    };
    const datapath = { ...STALE_IN_FRONT, findings: [{ ...old, severity: "info" as const }] };
    const trace = aTrace({ 1: { runs: 600, verdicts: { TC_ACT_SHOT: 12 } }, 2: { runs: 588, verdicts: {} } });
    expect(short(measuredRun(datapath, trace))).toEqual([`confirmed ${CONFLICT}`]);
    expect(short(aState({ ...aNodeOf(siblings()), findings: datapath.findings }))).toEqual([
      "cannot_tell nothing-found: node-1",
    ]);
  });

  it("is likely only when it looks up the policy that the agent's own does: its drops may be meant", () => {
    const policy = { key: "map:70", id: 70, type: "hash", name: "cilium_policy_7", used_by: [1, 2] };
    const [old, now] = [stale(1, { map_ids: [70] }), current(2, { map_ids: [70] })];
    const datapath = {
      ...withEgress([
        { ...OLD, program: old },
        { ...NOW, program: now },
      ]),
      maps: [{ ...aMap, ...policy }],
    };
    const trace = aTrace({ 1: { runs: 600, verdicts: { TC_ACT_SHOT: 12 } }, 2: { runs: 588, verdicts: {} } });
    expect(short(measuredRun(datapath, trace))).toEqual([`likely ${CONFLICT}`]);
  });

  it("is likely only when nothing else does its work: its drops may be policy", () => {
    const alone = aNodeOf([{ name: "lxc1", egress: [OLD] }, ...siblings()]);
    const state = measuredRun(alone, aTrace({ 1: { runs: 600, verdicts: { TC_ACT_SHOT: 12 } } }));
    expect(short(state)).toEqual(["likely active-conflict: lxc1"]);
  });

  it("decides alone when it always ends the chain, drops or not", () => {
    const ends = withEgress([{ ...OLD, program: stale(1, { returns: PASS_OR_DROP }) }, NOW]);
    expect(short(aState(ends))).toEqual([`likely ${CONFLICT}`]);
    const dropping = measuredRun(
      ends,
      aTrace({ 1: { runs: 600, verdicts: { TC_ACT_OK: 588, TC_ACT_SHOT: 12 } }, 2: { runs: 0, verdicts: {} } }),
    );
    expect(short(dropping)).toEqual([`confirmed ${CONFLICT}`]);
  });

  it("is found under tcx and netkit, too", () => {
    for (const [mechanism, drop] of [
      ["tcx", "TCX_DROP"],
      ["netkit", "NETKIT_DROP"],
    ] as const) {
      const datapath = withEgress(
        [
          { ...OLD, mechanism, link_id: 5 },
          { ...NOW, mechanism, link_id: 6 },
        ],
        "tcx",
      );
      const trace = aTrace({ 1: { runs: 600, verdicts: { [drop]: 12 } }, 2: { runs: 588, verdicts: {} } });
      expect(short(measuredRun(datapath, trace))).toEqual([
        `confirmed active-conflict: lxc1, ${mechanism} link 5: cil_to_container (id 1)`,
      ]);
    }
  });

  it("is found at clsact behind a tcx program that goes on", () => {
    const datapath = withEgress(
      [
        { program: current(2, { returns: NEXT_OR_DROP }), mechanism: "tcx", link_id: 6 },
        { ...OLD, program: stale(1, { returns: PASS_OR_DROP }) },
      ],
      "tcx",
    );
    const trace = aTrace({
      2: { runs: 600, verdicts: { TCX_NEXT: 600 } },
      1: { runs: 600, verdicts: { TC_ACT_OK: 588, TC_ACT_SHOT: 12 } },
    });
    expect(short(measuredRun(datapath, trace))).toEqual([`confirmed ${CONFLICT}`]);
  });
});
