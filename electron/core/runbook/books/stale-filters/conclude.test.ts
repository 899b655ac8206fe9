import { describe, expect, it } from "vitest";
import { aNode, aProgram } from "../../../model/testdata/make.ts";
import type { Datapath } from "../../../model/types.ts";
import { conclude } from "./conclude.ts";
import {
  AGENT,
  ALWAYS_NEXT,
  aNodeOf,
  CONFLICT,
  current,
  NOW,
  OLD,
  owner,
  siblings,
  stale,
  withEgress,
} from "./testdata.ts";
import { aState, aTrace, measuredRun, said, short, texts } from "./testdata-runs.ts";

const STALE_IN_FRONT = withEgress([OLD, NOW]);

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

describe("chains that became others while they were looked at", () => {
  const calm = withEgress([NOW]);
  const later = (first: Datapath, second: Datapath) => {
    const verdicts = conclude(aState(first));
    return conclude(aState(second, { previous: first, verdicts })).map(({ verdict, kind }) => `${verdict} ${kind}`);
  };

  it("leave no word that there is nothing, nor one about what is gone", () => {
    expect(later(calm, STALE_IN_FRONT)).toEqual(["cannot_tell active-conflict", "cannot_tell nothing-found"]);
    expect(later(STALE_IN_FRONT, calm)).toEqual(["ruled_out nothing-found", "cannot_tell active-conflict"]);
    expect(later(calm, calm)).toEqual(["ruled_out nothing-found"]);
  });
});
