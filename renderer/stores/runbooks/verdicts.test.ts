import { expect, it } from "vitest";
import { compareVerdicts } from "../../../electron/core/runbook/compare.ts";
import type { RunbookVerdict } from "../../../electron/core/runbook/types.ts";
import { comparisonText, countsText, fittingVerdicts, groupsOf, markOf, spokenText } from "./verdicts.ts";

const verdict = (id: string, word: RunbookVerdict["verdict"], more: Partial<RunbookVerdict> = {}): RunbookVerdict => ({
  id,
  subject: `lxc-${id}`,
  subject_key: null,
  verdict: word,
  kind: "active-conflict",
  evidence: [],
  meaning: "",
  missing: [],
  proposal: null,
  ...more,
});

it("puts what is surest first and keeps the book's order within a word", () => {
  const found = [verdict("a", "ruled_out"), verdict("b", "likely"), verdict("c", "confirmed"), verdict("d", "likely")];
  expect(groupsOf(found).map(({ word, verdicts }) => [word, verdicts.map(({ id }) => id)])).toEqual([
    ["confirmed", ["c"]],
    ["likely", ["b", "d"]],
    ["ruled_out", ["a"]],
  ]);
  expect(countsText(found)).toBe("1 confirmed, 2 likely, 1 ruled out");
  expect(countsText([])).toBe("no verdict");
});

it("says aloud what was confirmed, and not all of very many", () => {
  expect(spokenText([verdict("a", "confirmed"), verdict("b", "cannot_tell")])).toBe(
    "Verdicts: 1 confirmed, 1 cannot tell. active conflict: lxc-a",
  );
  const many = Array.from({ length: 9 }, (_, n) => verdict(String(n), "confirmed"));
  expect(spokenText(many)).toMatch(/lxc-2 and 6 more$/);
  expect(spokenText([])).toBe("");
});

it("finds a verdict by any words it says, in any order", () => {
  const one = verdict("a", "cannot_tell", {
    evidence: [{ text: "214 drops in 10.0 s", source: { kind: "answer", step: "x" } }],
    missing: ["fexit programs"],
  });
  const all = [one, verdict("b", "ruled_out")];
  for (const typed of ["drops 214", "FEXIT", "cannot tell", "conflict lxc-a"]) {
    expect({ typed, ids: fittingVerdicts(all, typed).map(({ id }) => id) }).toEqual({ typed, ids: ["a"] });
  }
  expect(fittingVerdicts(all, "  ")).toBe(all);
  expect(fittingVerdicts(all, "nothing of it")).toEqual([]);
});

it("marks what is new and what was judged otherwise before", () => {
  const before = [verdict("a", "confirmed"), verdict("b", "likely"), verdict("c", "likely"), verdict("gone", "likely")];
  const after = [
    verdict("a", "ruled_out"),
    verdict("b", "likely"),
    verdict("c", "likely", { kind: "shadowed-leftover" }),
    verdict("d", "likely"),
  ];
  const comparison = compareVerdicts(before, after);
  expect(after.map((one) => markOf(comparison, one))).toEqual([
    "was confirmed",
    null,
    "was likely, active conflict",
    "new",
  ]);
  expect(comparisonText(comparison)).toBe("2 changed, 1 new, 1 gone, 1 as before");
  expect(comparisonText(compareVerdicts([], []))).toBe("no verdict in either");
});
