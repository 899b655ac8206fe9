/** What is compared with an earlier run, and what is not. */
import { expect, it } from "vitest";
import { earlierVerdicts } from "./compare.ts";

it("takes what was printed of the same runbook only: another's verdicts would all be gone", () => {
  const printed = { runbook: "stale-filters", target: "node-1", verdicts: [] };
  expect([...earlierVerdicts(printed, "stale-filters").keys()]).toEqual(["node-1"]);
  expect(() => earlierVerdicts(printed, "retransmit-storm")).toThrow("stale-filters");
  const several = { nodes: { a: { error: { code: "e" } }, b: printed } };
  expect(() => earlierVerdicts(several, "retransmit-storm")).toThrow("stale-filters");
});
