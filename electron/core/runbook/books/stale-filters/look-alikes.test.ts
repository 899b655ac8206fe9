/** What looks like a stale filter and is none. */
import { describe, expect, it } from "vitest";
import { aProgram } from "../../../model/testdata/make.ts";
import type { Program } from "../../../model/types.ts";
import {
  AGENT,
  ALWAYS_NEXT,
  ALWAYS_PASS,
  aNodeOf,
  CONFLICT,
  current,
  NEXT_OR_DROP,
  NOW,
  OLD,
  owner,
  PASS_OR_DROP,
  STARTED,
  siblings,
  stale,
  withEgress,
} from "./testdata.ts";
import { aState, aTrace, egressOf, measuredRun, said, short } from "./testdata-runs.ts";

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

  it("the drops of a program whose owner nobody knows may be meant or not", () => {
    const named = (change: Partial<Program>) => {
      const tool = aProgram(3, { name: "drops_some", returns: PASS_OR_DROP, attached: ["x"], ...change });
      const trace = aTrace({ 3: { runs: 600, verdicts: { TC_ACT_SHOT: 12 } } });
      return aState(aNodeOf([{ name: "lxc1", egress: [{ program: tool, pref: 1 }] }]), {
        inputs: { interface: "lxc1" },
        traces: { measure: { [egressOf(0)]: trace } },
      });
    };
    const known = ["ruled_out own-drops: lxc1", "ruled_out nothing-found: interface lxc1"];
    expect(short(named({ owner: owner("datadog") }))).toEqual(known);
    const state = named({ owner: null });
    expect(short(state)).toEqual(["cannot_tell own-drops: lxc1"]);
    expect(said(state)).toContain("whose it is, is not known (no process holds it, and it is not pinned)");
    expect(said(named({ owner: null, pids: [{ pid: 7, comm: "mystery" }] }))).toContain("held by pid 7 (mystery)");
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

    it("is not blamed for what one of the same owner in front of the enforcing one keeps from it", () => {
      const later = { program: current(5, { name: "cil_other", pids: [] }), pref: 3 };
      for (const returns of [
        { values: [], complete: false },
        { values: [-1, 0], complete: true },
      ]) {
        const state = aState(withEgress([{ program: observer(returns), pref: 1 }, NOW, later]));
        expect(short(state)).toContain("ruled_out shadowed-leftover: lxc1, pref 3 handle 0x1: cil_other (id 5)");
        expect(short(state).join("\n")).not.toContain("missing-enforcement");
      }
    });

    it("on tc keeps nothing from the one on netkit, which runs after it", () => {
      const program = observer({ values: [-1, 0], complete: true });
      const tc = aNodeOf([{ name: "lxc1", egress: [{ program, pref: 1 }] }]);
      const netkit = aNodeOf([{ name: "lxc1", egress: [{ program: current(2), mechanism: "netkit" }] }]);
      const [iface, other] = [...tc.interfaces, ...netkit.interfaces];
      const hooks = [...(iface?.hooks ?? []), ...(other?.hooks ?? [])];
      const datapath = {
        ...tc,
        programs: [...tc.programs, ...netkit.programs],
        interfaces: tc.interfaces.map((one) => ({ ...one, hooks })),
      };
      const trace = aTrace({
        3: { runs: 600, verdicts: { TC_ACT_UNSPEC: 400, TC_ACT_OK: 200 } },
        2: { runs: 600, verdicts: { NETKIT_PASS: 600 } },
      });
      const state = measuredRun(datapath, trace);
      expect(short(state)).toEqual([`ruled_out legitimate-second-program: ${subject}`]);
      expect(said(state)).toContain("Nothing runs behind it");
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
