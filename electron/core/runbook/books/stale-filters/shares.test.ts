import { describe, expect, it } from "vitest";
import type { Datapath } from "../../../model/types.ts";
import { measured } from "./figures.ts";
import { lanesOf } from "./lanes.ts";
import { sharesOf } from "./shares.ts";
import { ALWAYS_NEXT, ALWAYS_PASS, aNodeOf, current, NEXT_OR_DROP, PASS_OR_DROP } from "./testdata.ts";
import { aTrace, type Counts, measuredRun } from "./testdata-runs.ts";

type Returns = { values: number[]; complete: boolean } | null;

/** Bounds of each program of a chain, from its code, run counts and what the hook dropped. */
function bounds(
  returns: readonly Returns[],
  counts: Record<number, Counts>,
  drops?: number,
  change: (datapath: Datapath) => Datapath = (one) => one,
) {
  const egress = returns.map((one, index) => ({ program: current(index + 1, { returns: one }), pref: index + 1 }));
  const datapath = change(aNodeOf([{ name: "lxc1", egress }]));
  const [lane] = lanesOf(datapath);
  if (lane === undefined) throw new Error("a lane is there");
  const found = measured(measuredRun(datapath, aTrace(counts, drops === undefined ? {} : { drops })), "measure", lane);
  if (!("figures" in found)) throw new Error(found.why);
  return [...sharesOf(lane, found.figures, datapath)].map(([id, { at_least, at_most }]) => [id, at_least, at_most]);
}

describe("what each program can have dropped", () => {
  it("is exactly what ended at it, when its code ends the chain by dropping only", () => {
    expect(bounds([NEXT_OR_DROP, PASS_OR_DROP], { 1: { runs: 600 }, 2: { runs: 580 } }, 20)).toEqual([
      [1, 20, 20],
      [2, 0, 0],
    ]);
  });

  it("is nothing when its code does not drop, or it did not run", () => {
    expect(bounds([ALWAYS_NEXT, PASS_OR_DROP], { 1: { runs: 600 }, 2: { runs: 600 } }, 20)).toEqual([
      [1, 0, 0],
      [2, 20, 20],
    ]);
    expect(bounds([PASS_OR_DROP, PASS_OR_DROP], { 1: { runs: 600 }, 2: { runs: 0 } }, 20)).toEqual([
      [1, 20, 20],
      [2, 0, 0],
    ]);
  });

  it("is no more than what ended at it, when it may also have let packets pass", () => {
    const mixed = { values: [-1, 0, 2], complete: true };
    expect(bounds([mixed, PASS_OR_DROP], { 1: { runs: 600 }, 2: { runs: 590 } }, 20)).toEqual([
      [1, 0, 12],
      [2, 8, 20],
    ]);
    expect(bounds([null, PASS_OR_DROP], { 1: { runs: 600 }, 2: { runs: 300 } }, 20)).toEqual([
      [1, 0, 20],
      [2, 0, 20],
    ]);
  });

  it("is not limited when the kernel counts no runs and its code says nothing", () => {
    const unread = { 1: { runs: Number.NaN }, 2: { runs: Number.NaN } };
    expect(bounds([null, null], unread)).toEqual([
      [1, 0, null],
      [2, 0, null],
    ]);
  });

  it("does not follow from runs that may have been elsewhere", () => {
    const twice = (datapath: Datapath): Datapath => ({
      ...datapath,
      programs: datapath.programs.map((one) => ({ ...one, attached: ["here", "there"] })),
    });
    expect(bounds([NEXT_OR_DROP, PASS_OR_DROP], { 1: { runs: 600 }, 2: { runs: 580 } }, 20, twice)).toEqual([
      [1, 0, 20],
      [2, 0, 20],
    ]);
    const jumped = (datapath: Datapath): Datapath => ({
      ...datapath,
      tail_calls: [{ from: 9, map_id: 1, index: 0, to: 1 }],
    });
    expect(bounds([NEXT_OR_DROP, PASS_OR_DROP], { 1: { runs: 600 }, 2: { runs: 580 } }, 20, jumped)[0]).toEqual([
      1, 0, 20,
    ]);
  });

  it("leaves room for packets between the reading of two counts", () => {
    // One more packet before the second count than before the first is no drop of the first.
    expect(bounds([NEXT_OR_DROP, PASS_OR_DROP], { 1: { runs: 600 }, 2: { runs: 599 } }, 20)).toEqual([
      [1, 0, 3],
      [2, 17, 20],
    ]);
  });

  it("does not follow from counts that began at different times", () => {
    const mixed = { 1: { runs: 600 }, 2: { runs: 560, verdicts: { TC_ACT_OK: 560 } } };
    expect(bounds([NEXT_OR_DROP, PASS_OR_DROP], mixed)).toEqual([
      [1, 0, 600],
      [2, 0, 0],
    ]);
  });

  it("does not follow from the hook's drops when a filter without a program may have made them", () => {
    const flower = (datapath: Datapath): Datapath => {
      for (const { entries } of datapath.interfaces.flatMap(({ hooks }) => hooks)) {
        const [first] = entries;
        if (first) entries.push({ ...first, key: "flower", kind: "flower", prog_id: null, order: 9 });
      }
      return datapath;
    };
    expect(bounds([ALWAYS_PASS, PASS_OR_DROP], { 1: { runs: 600 }, 2: { runs: 600 } }, 20, flower)[1]).toEqual([
      2, 0, 20,
    ]);
  });
});
