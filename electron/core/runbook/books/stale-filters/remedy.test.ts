/** What is proposed about a verdict, and what is said after a change. */
import { describe, expect, it } from "vitest";
import type { Datapath } from "../../../model/types.ts";
import type { Proposal, RunChange, RunState } from "../../types.ts";
import { conclude } from "./conclude.ts";
import book from "./index.ts";
import { proposals } from "./propose.ts";
import { AGENT, ALWAYS_NEXT, type Attached, aNodeOf, current, owner, siblings, stale } from "./testdata.ts";
import { aState, aTrace, egressOf, measuredRun } from "./testdata-runs.ts";
import { verify } from "./verify.ts";

const OLD = { program: stale(1), pref: 1 };
const NOW = { program: current(2) };
const DROPPED = aTrace({
  1: { runs: 600, verdicts: { TC_ACT_SHOT: 12 } },
  2: { runs: 588, verdicts: { TC_ACT_OK: 588 } },
});
const KEY = "if:4026531840:7:tc_egress:clsact:0:1:0x1";
const withEgress = (egress: Attached[]): Datapath => aNodeOf([{ name: "lxc1", egress }, ...siblings()]);

/** What is proposed once the verdicts of this state are known. */
function proposed(state: RunState): (Proposal | null)[] {
  return proposals({ ...state, verdicts: conclude(state) }).map(({ proposal }) => proposal);
}
const advised = (state: RunState): string[] =>
  proposed(state).map((one) => (one?.kind === "advice" ? one.text : (one?.kind ?? "")));

describe("a program left behind that drops", () => {
  it("is to be taken off, exactly it and nothing else", () => {
    expect(proposed(measuredRun(withEgress([OLD, NOW]), DROPPED))).toMatchObject([
      {
        kind: "detach",
        attachment: {
          entry: KEY,
          mechanism: "clsact",
          direction: "egress",
          ifname: "lxc1",
          ifindex: 7,
          netns: "4026531840",
          prog_id: 1,
          prog_name: "cil_to_container",
          pref: 1,
          handle: 1,
          chain: 0,
          protocol: 3,
        },
      },
    ]);
  });

  it("is left alone when nobody knows whose it is", () => {
    const nobody = { ...OLD, program: stale(1, { owner: null }) };
    expect(advised(measuredRun(withEgress([nobody, NOW]), DROPPED))).toEqual([expect.stringContaining("Hands off")]);
  });

  it("is left to its agent when nothing else there does its work, or it is not certain", () => {
    const [alone] = advised(
      measuredRun(withEgress([OLD]), aTrace({ 1: { runs: 600, verdicts: { TC_ACT_SHOT: 12 } } })),
    );
    expect(alone).toContain("no policy would be enforced");
    expect(alone).toContain(`Restart ${AGENT.comm} (pid ${AGENT.pid} of pod kube-system/cilium-x)`);
    // Held by nobody and at a place of its own, but as young and of the same tag as its siblings.
    const doubtful = { program: current(1, { pids: [], returns: OLD.program.returns, map_ids: [5] }), pref: 1 };
    expect(advised(measuredRun(withEgress([doubtful, NOW]), DROPPED))).toEqual([
      expect.stringContaining("not certain"),
    ]);
  });

  it("is left to its owner when it could not be put back as it was", () => {
    const sameProgram = { program: OLD.program, mechanism: "tcx" as const };
    const twice = withEgress([sameProgram, sameProgram, { ...NOW, mechanism: "tcx", link_id: 5 }]);
    const trace = aTrace({ 1: { runs: 1200, verdicts: { TCX_DROP: 12 } }, 2: { runs: 588, verdicts: {} } });
    expect(advised(measuredRun(twice, trace)).join()).not.toContain("detach");
  });
});

it("nothing is to be done about what is ruled out or cannot be told", () => {
  expect(proposed(aState(withEgress([OLD, NOW])))).toEqual([]);
  const quiet = aTrace({ 1: { runs: 600, verdicts: {} }, 2: { runs: 600, verdicts: {} } });
  expect(proposed(measuredRun(withEgress([OLD, NOW]), quiet))).toEqual([]);
  expect(proposed(aState(aNodeOf(siblings())))).toEqual([]);
  const dead = { program: current(3, { name: "tool", owner: owner("datadog") }), pref: 50 };
  expect(advised(aState(withEgress([NOW, dead])))).toEqual([expect.stringContaining("Nothing needs to be done now")]);
});

it("a duplicate of what the running agent holds is for the agent to clear up", () => {
  const twice = withEgress([{ program: current(1, { returns: ALWAYS_NEXT }), pref: 1 }, NOW]);
  const trace = aTrace({ 1: { runs: 600 }, 2: { runs: 600 } }, { drops: 0 });
  expect(advised(measuredRun(twice, trace))).toEqual([expect.stringContaining(`Restart ${AGENT.comm}`)]);
});

describe("after the change", () => {
  const before = withEgress([OLD, NOW]);
  const change = (phase: RunChange["phase"]): RunChange[] => [{ plan_id: "p", entry: KEY, phase }];
  const verified = (
    datapath: Datapath,
    trace = aTrace({ 2: { runs: 600, verdicts: { TC_ACT_OK: 600 } } }),
    phase: RunChange["phase"] = "confirmed",
  ) =>
    verify({
      ...measuredRun(before, DROPPED),
      datapath,
      previous: before,
      traces: { measure: { [egressOf(0)]: DROPPED }, verify: { [egressOf(0)]: trace } },
      changes: change(phase),
    });
  const gone = withEgress([NOW]);

  it("the drops stopped, with what had to be expected", () => {
    const [verdict] = verified(gone);
    expect(verdict).toMatchObject({ id: KEY, verdict: "ruled_out", kind: "active-conflict", proposal: null });
    expect(verdict?.meaning).toContain(
      "none of 600 packets in 10 s, where 12 had to be expected at the rate of before (12 of 600)",
    );
    expect(verdict?.evidence.map(({ text }) => text)).toEqual(
      expect.arrayContaining([
        "the chain now: pref 2 handle 0x1: cil_to_container (id 2), which is what was there without it",
        "before: 12 drops of 600 packets in 10 s",
        "after: 0 drops of 600 packets in 10 s",
      ]),
    );
  });

  it.each<[string, ReturnType<typeof verified>, string]>([
    [
      "too few packets came",
      verified(gone, aTrace({ 2: { runs: 40, verdicts: { TC_ACT_OK: 40 } } })),
      "too few to tell",
    ],
    [
      "it still drops",
      verified(gone, aTrace({ 2: { runs: 600, verdicts: { TC_ACT_SHOT: 9 } } })),
      "still drops: 9 of 600",
    ],
    ["it is attached again", verified(before, DROPPED), "is attached"],
    ["the tracer failed", verified(gone, { ...DROPPED, summary: null }), "was not measured"],
  ])("it is not claimed to have helped when %s", (_, verdicts, words) => {
    expect(verdicts).toMatchObject([{ verdict: "cannot_tell" }]);
    expect(verdicts[0]?.meaning).toContain(words);
  });

  it("says when the rest of the chain is not what it was", () => {
    const [verdict] = verified(withEgress([NOW, { program: current(3, { name: "new" }), pref: 9 }]));
    expect(verdict?.meaning).toContain("not what it was");
  });

  it.each<RunChange["phase"]>(["left", "unsure"])("looks whether it helped also where the change is %s", (phase) => {
    expect(verified(gone, undefined, phase)).toMatchObject([{ verdict: "ruled_out" }]);
    expect(verified(before, DROPPED, phase)).toMatchObject([{ verdict: "cannot_tell" }]);
    const when = (phases: RunChange["phase"][]) =>
      book.steps.find(({ id }) => id === "verify")?.when?.(aState(gone, { changes: phases.flatMap(change) }));
    expect(when([phase])).toBe(true);
    expect(when([])).toEqual({ skip: "Nothing was changed." });
    expect(when(["failed", "restored"])).toEqual({ skip: "What was changed failed, or was put back." });
  });

  it("says nothing of what was put back", () => {
    expect(verified(before, DROPPED, "restored")).toEqual([]);
  });
});

describe("the measurement", () => {
  const step = (id: string) => book.steps.find((one) => one.id === id);
  const planned = (state: RunState) => {
    const measure = step("measure");
    return measure?.kind === "measure" ? measure.plan(state).traces : [];
  };

  it("traces the suspicious hook, and in its own namespace", () => {
    expect(planned(aState(withEgress([OLD, NOW])))).toMatchObject([
      { id: egressOf(0), tracer: "verdict", params: { ifname: "lxc1", direction: "egress" } },
    ]);
    const inside = aNodeOf([{ name: "eth0", egress: [OLD, NOW], change: { host_netns: false, netns: "4026539999" } }]);
    expect(planned(aState(inside))[0]?.params).toMatchObject({ ifname: "eth0", netns: "4026539999" });
  });

  it("traces the most suspicious ones apart, and the programs of all others together", () => {
    const pods = Array.from({ length: 6 }, (_, index) => ({
      name: `lxc${index}`,
      egress: [{ program: stale(10 + index), pref: 1 }, { program: current(20 + index) }],
    }));
    const traces = planned(aState(aNodeOf(pods)));
    expect(traces.map(({ id }) => id)).toEqual([egressOf(0), egressOf(1), egressOf(2), "programs"]);
    expect(traces[3]?.params.prog_ids).toBe("13,23,14,24,15,25");
  });

  it("reads of such a trace what belongs to each hook", () => {
    const pods = Array.from({ length: 4 }, (_, index) => ({
      name: `lxc${index}`,
      egress: [{ program: stale(10 + index), pref: 1 }, { program: current(20 + index) }],
    }));
    const trace = aTrace({ 13: { runs: 600, verdicts: { TC_ACT_SHOT: 12 } }, 23: { runs: 588, verdicts: {} } });
    const verdicts = conclude(aState(aNodeOf(pods), { traces: { measure: { programs: trace } } }));
    expect(verdicts.map(({ verdict, subject_key }) => [verdict, subject_key?.split(":")[2]])).toEqual([
      ["cannot_tell", "7"],
      ["cannot_tell", "8"],
      ["cannot_tell", "9"],
      ["confirmed", "10"],
    ]);
  });

  it("is left out without root or without anything to measure, and says so", () => {
    const measure = step("measure");
    expect(measure?.when?.(aState(aNodeOf(siblings())))).toEqual({ skip: "No hook is worth measuring." });
    const user = { name: "n1", label: "node-1", root: false };
    expect(measure?.when?.(aState(withEgress([OLD, NOW]), { node: user }))).toMatchObject({
      skip: expect.stringContaining("root"),
    });
    expect(measure?.when?.(aState(withEgress([OLD, NOW])))).toBe(true);
  });
});
