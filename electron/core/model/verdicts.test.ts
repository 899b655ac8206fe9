import { describe, expect, it } from "vitest";
import { type Continues, type VerdictTable, verdictOf, verdictRules } from "./verdicts.ts";

/** Value → what runs next, as measured on 6.18 (tc, tcx) and read from netkit.c and the XDP paths. */
const CONTINUES: Record<VerdictTable, [value: number, continues: Continues, effect: string][]> = {
  xdp: [
    [0, "end", "abort"],
    [1, "end", "drop"],
    [2, "next", "next"],
    [3, "end", "transmit"],
    [4, "end", "redirect"],
    [5, "end", "abort"],
    [-1, "end", "abort"],
  ],
  tcx: [
    [-1, "next", "next"],
    [0, "end", "pass"],
    [1, "clsact", "next"],
    [2, "end", "drop"],
    [3, "clsact", "next"],
    [4, "clsact", "next"],
    [7, "end", "redirect"],
    [8, "clsact", "next"],
    [77, "clsact", "next"],
  ],
  netkit: [
    [-1, "next", "next"],
    [0, "end", "pass"],
    [1, "end", "drop"],
    [2, "end", "drop"],
    [7, "end", "redirect"],
  ],
  clsact_da: [
    [-1, "next", "next"],
    [0, "end", "pass"],
    [1, "next", "next"],
    [2, "end", "drop"],
    [3, "next", "next"],
    [4, "end", "stolen"],
    [5, "next", "next"],
    [6, "next", "next"],
    [7, "end", "redirect"],
    [8, "end", "stolen"],
    [77, "next", "next"],
  ],
  clsact_classid: [
    [0, "next", "next"],
    [-1, "end", "pass"],
    [0x10001, "end", "pass"],
  ],
};

describe.each(Object.entries(CONTINUES))("verdicts of %s", (table, rows) => {
  it("go on, or end the chain, exactly as the kernel does", () => {
    const got = rows.map(([value]) => {
      const { continues, effect } = verdictOf(table as VerdictTable, value);
      return [value, continues, effect];
    });
    expect(got).toEqual(rows);
  });

  it("have a name and a sentence each, and no number twice", () => {
    const rules = verdictRules(table as VerdictTable);
    expect(new Set(rules.map((one) => one.value)).size).toBe(rules.length);
    expect(rules.filter((one) => one.verdict === "" || one.text === "")).toEqual([]);
  });
});

it("reads a value as the signed 32 bits the kernel sees", () => {
  expect(verdictOf("tcx", 0xffffffff).verdict).toBe("TCX_NEXT");
});
