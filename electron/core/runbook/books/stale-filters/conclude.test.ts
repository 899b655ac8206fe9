import { describe, expect, it } from "vitest";
import { aNode, aProgram } from "../../../model/testdata/make.ts";
import type { Datapath } from "../../../model/types.ts";
import type { RunState } from "../../types.ts";
import { conclude } from "./conclude.ts";
import {
  AGENT,
  ALWAYS_NEXT,
  ALWAYS_PASS,
  type Attached,
  aFlow,
  aMap,
  aNodeOf,
  aState,
  aTrace,
  current,
  egressOf,
  measuredRun,
  NEXT_OR_DROP,
  owner,
  PASS_OR_DROP,
  STARTED,
  siblings,
  stale,
} from "./testdata.ts";

/** Verdicts in short: `confirmed active-conflict: pref 1 …`. */
const short = (state: RunState): string[] =>
  conclude(state).map(
    ({ verdict, kind, subject }) => `${verdict} ${kind}: ${subject.replace(/ (?:in|e)gress \([^)]*\)/, "")}`,
  );
const texts = (state: RunState, at = 0): string[] => conclude(state)[at]?.evidence.map(({ text }) => text) ?? [];
const said = (state: RunState, at = 0): string => {
  const one = conclude(state)[at];
  return [one?.meaning, ...(one?.missing ?? [])].join(" ");
};

/** A pod with these programs on its egress, beside two that are as they should be. */
const withEgress = (egress: Attached[], mechanism: "clsact" | "tcx" = "clsact"): Datapath =>
  aNodeOf([{ name: "lxc1", egress }, ...siblings(mechanism)]);

const OLD = { program: stale(1), pref: 1 };
const NOW = { program: current(2) };
const STALE_IN_FRONT = withEgress([OLD, NOW]);
const CONFLICT = "active-conflict: lxc1, pref 1 handle 0x1: cil_to_container (id 1)";

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

describe("what looks alike and is none", () => {
  it("a dead second filter is ruled out by the chain, measured or not", () => {
    const tool = aProgram(3, { name: "classifier", owner: owner("datadog"), returns: NEXT_OR_DROP, attached: ["x"] });
    const datapath = withEgress([NOW, { program: tool, pref: 50 }]);
    expect(short(aState(datapath))).toEqual([
      "ruled_out shadowed-leftover: lxc1, pref 50 handle 0x1: classifier (id 3)",
    ]);
    const trace = aTrace({
      2: { runs: 600, verdicts: { TC_ACT_OK: 588, TC_ACT_SHOT: 12 } },
      3: { runs: 0, verdicts: {} },
    });
    expect(short(measuredRun(datapath, trace))).toEqual([
      "ruled_out own-drops: lxc1, pref 2 handle 0x1: cil_to_container (id 2)",
      "ruled_out shadowed-leftover: lxc1, pref 50 handle 0x1: classifier (id 3)",
    ]);
  });

  it("a second filter said to be dead that ran all the same is not ruled out", () => {
    const datapath = withEgress([NOW, { program: stale(3, { name: "other" }), pref: 50 }]);
    const trace = aTrace({
      2: { runs: 600, verdicts: { TC_ACT_OK: 600 } },
      3: { runs: 4, verdicts: { TC_ACT_SHOT: 4 } },
    });
    expect(short(measuredRun(datapath, trace))).toEqual([
      "cannot_tell shadowed-leftover: lxc1, pref 50 handle 0x1: other (id 3)",
    ]);
  });

  it("a leftover that did not run while those in front did is ruled out, although its code does not prove it", () => {
    const datapath = withEgress([
      { program: current(2, { returns: { values: [], complete: false } }) },
      { ...OLD, pref: 9 },
    ]);
    const trace = aTrace({ 2: { runs: 600 }, 1: { runs: 0 } }, { drops: 12 });
    expect(short(measuredRun(datapath, trace))).toEqual([
      "ruled_out shadowed-leftover: lxc1, pref 9 handle 0x1: cil_to_container (id 1)",
    ]);
  });

  it("policy drops of the agent's own program are not a stale filter", () => {
    const twin = { program: stale(1, { returns: ALWAYS_NEXT }), pref: 1 };
    const trace = aTrace({
      1: { runs: 600, verdicts: { TC_ACT_UNSPEC: 600 } },
      2: { runs: 600, verdicts: { TC_ACT_OK: 500, TC_ACT_SHOT: 100 } },
    });
    expect(short(measuredRun(withEgress([twin, NOW]), trace))).toEqual([
      `ruled_out ${CONFLICT}`,
      "ruled_out own-drops: lxc1, pref 2 handle 0x1: cil_to_container (id 2)",
    ]);
  });

  it("the one program of an interface that drops on purpose is not even suspected", () => {
    const datapath = aNodeOf(siblings());
    expect(short(aState(datapath))).toEqual(["ruled_out nothing-found: node-1"]);
    const named = aState(datapath, {
      inputs: { interface: "lxcsib0" },
      traces: { measure: { [egressOf(0)]: aTrace({ 801: { runs: 600, verdicts: { TC_ACT_SHOT: 60 } } }) } },
    });
    expect(short(named)).toEqual(["ruled_out own-drops: lxcsib0", "ruled_out nothing-found: interface lxcsib0"]);
  });

  describe("another owner's program", () => {
    const observer = (returns = ALWAYS_NEXT) =>
      aProgram(3, { name: "observe", owner: owner("retina"), returns, attached: ["x"], loaded_at: STARTED - 9000 });
    const subject = "lxc1, pref 1 handle 0x1: observe (id 3)";
    const shared = (returns?: typeof ALWAYS_NEXT) => withEgress([{ program: observer(returns), pref: 1 }, NOW]);

    it("that only goes on is ruled out by its code", () => {
      const state = aState(shared());
      expect(short(state)).toEqual([`ruled_out legitimate-second-program: ${subject}`]);
      expect(said(state)).toContain("always goes on to cil_to_container (id 2)");
    });

    it("that drops nothing is ruled out by its verdicts", () => {
      const trace = aTrace({
        3: { runs: 600, verdicts: { TC_ACT_UNSPEC: 600 } },
        2: { runs: 600, verdicts: { TC_ACT_OK: 600 } },
      });
      expect(short(measuredRun(shared(NEXT_OR_DROP), trace))).toEqual([
        `ruled_out legitimate-second-program: ${subject}`,
      ]);
    });

    it("that drops is named with its count, and never called stale", () => {
      const trace = aTrace({
        3: { runs: 600, verdicts: { TC_ACT_SHOT: 12 } },
        2: { runs: 588, verdicts: { TC_ACT_OK: 588 } },
      });
      const state = measuredRun(shared(NEXT_OR_DROP), trace);
      expect(short(state)).toEqual([`cannot_tell legitimate-second-program: ${subject}`]);
      expect(said(state)).toContain("It dropped 12 of 600 packets");
    });

    it("that lets packets pass unseen by the one that enforces policy is missing enforcement", () => {
      const trace = aTrace({
        3: { runs: 600, verdicts: { TC_ACT_UNSPEC: 400, TC_ACT_OK: 200 } },
        2: { runs: 400, verdicts: { TC_ACT_OK: 400 } },
      });
      const state = measuredRun(shared({ values: [-1, 0], complete: true }), trace);
      // Its code cannot drop, but that is not what is wrong with it.
      expect(short(state)).toEqual([`confirmed missing-enforcement: ${subject}`]);
      expect(said(state)).toContain("TC_ACT_OK for 200 packets");
    });

    it("that always ends the chain in front of the one that enforces policy is missing enforcement", () => {
      expect(short(aState(shared(ALWAYS_PASS)))).toEqual([
        `ruled_out legitimate-second-program: ${subject}`,
        "confirmed missing-enforcement: lxc1, pref 2 handle 0x1: cil_to_container (id 2)",
      ]);
    });

    it("of nobody knows whom stays unknown", () => {
      const nobody = aProgram(3, { name: "drops_some", returns: PASS_OR_DROP, attached: ["x"] });
      const first = aProgram(4, { name: "goes_on", returns: NEXT_OR_DROP, attached: ["y"] });
      const datapath = aNodeOf([{ name: "lxc1", egress: [{ program: first, pref: 1 }, { program: nobody }] }]);
      const trace = aTrace({ 4: { runs: 600, verdicts: {} }, 3: { runs: 600, verdicts: { TC_ACT_SHOT: 12 } } });
      expect(short(measuredRun(datapath, trace))).toEqual([
        "ruled_out legitimate-second-program: lxc1, pref 1 handle 0x1: goes_on (id 4)",
        "cannot_tell legitimate-second-program: lxc1, pref 2 handle 0x1: drops_some (id 3)",
      ]);
    });
  });

  it("what its agent holds is in use, whatever is odd about it", () => {
    const odd = { program: current(1, { tag: "bbbbbbbbbbbbbbbb", returns: NEXT_OR_DROP }), pref: 1 };
    const trace = aTrace({ 1: { runs: 600, verdicts: { TC_ACT_SHOT: 12 } }, 2: { runs: 588, verdicts: {} } });
    const state = measuredRun(withEgress([odd, NOW]), trace);
    expect(short(state)).toEqual(["ruled_out own-drops: lxc1, pref 1 handle 0x1: cil_to_container (id 1)"]);
    expect(said(state)).toContain(`held by cilium-agent (pid ${AGENT.pid})`);
  });
});

describe("one version twice", () => {
  const first = { program: current(1, { returns: ALWAYS_NEXT }), pref: 1 };
  // The one at another place than its siblings is spoken of.
  const subject = "duplicate-same-version: lxc1, pref 1 handle 0x1: cil_to_container (id 1)";

  it("is confirmed when both were seen to run", () => {
    const trace = aTrace({ 1: { runs: 600 }, 2: { runs: 600 } }, { drops: 0 });
    expect(short(measuredRun(withEgress([first, NOW]), trace))).toEqual([`confirmed ${subject}`]);
  });
  it("is not confirmed without traffic or measurement", () => {
    const idle = aTrace({ 1: { runs: 0 }, 2: { runs: 0 } }, { drops: 0 });
    expect(short(measuredRun(withEgress([first, NOW]), idle))).toEqual([`cannot_tell ${subject}`]);
    expect(short(aState(withEgress([first, NOW])))).toEqual([`likely ${subject}`]);
  });
  it("with a policy map of its own it is another policy, not a duplicate", () => {
    const own = { program: stale(1, { tag: "aaaaaaaaaaaaaaaa", map_ids: [50] }), pref: 1 };
    const trace = aTrace({ 1: { runs: 600, verdicts: { TC_ACT_SHOT: 12 } }, 2: { runs: 588, verdicts: {} } });
    expect(short(measuredRun(withEgress([own, NOW]), trace))).toEqual([`confirmed ${CONFLICT}`]);
  });
});

describe("a run", () => {
  it("says that there is nothing to do, and where to look else", () => {
    const state = aState(aNodeOf(siblings()));
    expect(short(state)).toEqual(["ruled_out nothing-found: node-1"]);
    expect(texts(state)).toEqual([
      "4 programs on 4 hooks of 2 interfaces: none shares packets with another, none was left behind",
    ]);
  });

  it("does not say so when the node could not be seen", () => {
    const state = aState(aNodeOf(siblings(), { node: { root: false, user: "ops" } }));
    expect(short(state)).toEqual(["cannot_tell nothing-found: node-1"]);
    expect(short(aState(null, { left_out: { collect: "The connection was lost." } }))).toEqual([
      "cannot_tell nothing-found: node-1",
    ]);
  });

  it("is about one interface or pod when asked, and says when there is none", () => {
    const inputs = (given: Record<string, string>) => aState(STALE_IN_FRONT, { inputs: given });
    expect(short(inputs({ interface: "lxc1" }))).toEqual([`cannot_tell ${CONFLICT}`]);
    expect(short(inputs({ pod: "default/lxc1" }))).toEqual([`cannot_tell ${CONFLICT}`]);
    expect(short(inputs({ interface: "lxcsib0" }))).toEqual(["ruled_out nothing-found: interface lxcsib0"]);
    expect(said(inputs({ interface: "eth7" }))).toContain("No interface eth7");
    expect(said(inputs({ pod: "shop/web" }))).toContain("No pod on this node is called shop/web");
  });

  it("judges each direction by itself, and XDP apart from tc", () => {
    const xdp = aProgram(5, { name: "cil_xdp_entry", type: "xdp", owner: owner("cilium") });
    const datapath = aNodeOf([
      {
        name: "lxc1",
        xdp: [{ program: xdp, mechanism: "xdp" }],
        ingress: [OLD, NOW].map((one) => ({ ...one, program: { ...one.program, name: "cil_from_container" } })),
      },
      ...siblings(),
    ]);
    const state = aState(datapath);
    expect(short(state)).toEqual(["cannot_tell active-conflict: lxc1, pref 1 handle 0x1: cil_from_container (id 1)"]);
    expect(texts(state)[0]).toBe("before it: XDP native: cil_xdp_entry (id 5)");
  });

  it("believes nothing of a record that is not what it should be", () => {
    const trace = aTrace({ 1: { runs: 600, verdicts: { TC_ACT_SHOT: 12 } } });
    const broken = {
      ...trace,
      records: {
        program: [{ prog_id: "x" }, { prog_id: 1, evidence: "program", runs: -5, drops: "many" }],
        flow: [{ count: {} }],
      },
    };
    expect(short(measuredRun(STALE_IN_FRONT, broken))).toEqual([`cannot_tell ${CONFLICT}`]);
  });
});

describe("an interface without the program of its siblings", () => {
  const finding = {
    id: "missing-enforcement",
    severity: "critical",
    subject: "if:4026531840:7",
    subject_name: "lxc1 egress (out → pod)",
    evidence: ["lxc1 has no clsact qdisc"],
    meaning: "Nothing is enforced.",
    related: [],
  } as const;
  const at = (collected_at: number): Datapath => ({
    ...aNodeOf([{ name: "lxc1" }, ...siblings()], { node: aNode({ agents: [AGENT], collected_at }) }),
    findings: [{ ...finding, evidence: [...finding.evidence], related: [] }],
  });

  it("is likely at first and confirmed when it still is so later", () => {
    expect(short(aState(at(100)))).toEqual(["likely missing-enforcement: lxc1"]);
    expect(short(aState(at(120), { previous: at(100) }))).toEqual(["confirmed missing-enforcement: lxc1"]);
    expect(short(aState(at(101), { previous: at(100) }))).toEqual(["likely missing-enforcement: lxc1"]);
  });
});
