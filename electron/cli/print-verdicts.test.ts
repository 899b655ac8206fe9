import { expect, it } from "vitest";
import type { ExportedRun } from "../core/runbook/export.ts";
import { paint } from "./paint.ts";
import { printRun } from "./print-verdicts.ts";

const run = (more: Partial<ExportedRun>): ExportedRun => ({
  ...{
    runbook: "b",
    target: "node-1",
    outcome: "finished",
    inputs: {},
    verdicts: [],
    left_out: [],
    collected_by: [],
    commands: {},
  },
  ...more,
});
const verdict = (id: string, more: Partial<ExportedRun["verdicts"][number]> = {}): ExportedRun["verdicts"][number] => ({
  ...{ id, subject: `subject ${id}`, verdict: "likely", kind: "kind", evidence: [], meaning: "Meaning." },
  ...{ missing: [], proposal: null },
  ...more,
});

it("prints the worst first, with what it rests on, what is missing and what could be done", () => {
  const printed = printRun(
    run({
      verdicts: [
        verdict("a", { verdict: "cannot_tell", missing: ["BTF would tell."] }),
        verdict("b", {
          verdict: "confirmed",
          evidence: [{ text: "3 drops", source: { kind: "thing", key: "k" } }],
          proposal: { kind: "open", book: "stale-filters", inputs: { interface: "lxc1" }, text: "Look there." },
        }),
      ],
      left_out: [{ step: "watch", why: "It needs root." }],
      compared: { appeared: [verdict("b")], gone: [], changed: [], same: 1 },
    }),
    paint(false),
  );
  expect(printed).toBe(`CONFIRMED subject b  kind
  Meaning.
  - 3 drops
  > Look there.
    bpfdesk runbook stale-filters <target> --input interface=lxc1

CANNOT TELL subject a  kind
  Meaning.
  ? BTF would tell.

Compared with the earlier run
  + subject b: likely (kind)
  as before: 1

Left out
  watch: It needs root.
`);
});

it("says when it did not come to its end, and when nothing was concluded", () => {
  expect(printRun(run({ outcome: "stopped" }), paint(false))).toBe(
    "The run did not come to its end (stopped): there may be more.\n\nNothing was concluded.\n",
  );
});

it("shows what a node says instead of obeying it", () => {
  const bad = "\x1b[2J\nCONFIRMED\u202e";
  const printed = printRun(
    run({
      verdicts: [
        verdict("a", {
          ...{ subject: bad, kind: bad, meaning: bad, missing: [bad] },
          evidence: [{ text: bad, source: { kind: "thing", key: bad } }],
          proposal: { kind: "open", book: bad, inputs: { [bad]: bad }, text: bad },
        }),
      ],
      left_out: [{ step: bad, why: bad }],
      compared: { appeared: [verdict("a", { subject: bad, kind: bad })], gone: [], changed: [], same: 0 },
    }),
    paint(true),
  );
  // The escape sequences that are left are the paint's own.
  const own = printed.replace(/\x1b\[\d+m/g, "");
  expect(own).not.toMatch(/[\x1b\u202e]/);
  expect(own.split("\n").filter((line) => line.startsWith("CONFIRMED"))).toEqual([]);
});
