/** A program that cannot run because another one in front of it always ends the chain. */
import { enforces } from "../model/build/families.ts";
import { programLabel } from "../model/label.ts";
import type { Severity } from "../model/types.ts";
import { defineFinding } from "./define.ts";
import { stackEvidence } from "./lib/evidence.ts";
import { neverRun, type Stack, type StackedEntry, stacksOf } from "./lib/stacks.ts";

export default defineFinding({
  id: "filter-never-runs",
  title: "A filter that can never run",
  examine: (datapath) =>
    stacksOf(datapath)
      .filter((stack) => stack.verdict === "never-runs")
      .flatMap((stack) =>
        neverRun(stack.entries).map((dead) => ({
          id: "filter-never-runs",
          severity: severityOf(stack, dead),
          subject: dead.entry.key,
          subject_name: stack.label,
          evidence: stackEvidence(stack.entries, datapath),
          meaning: `${programLabel(dead.entry.prog_id, dead.program)} is attached but no packet gets to it: ${dead.entry.reachable.reason}. It neither drops nor counts anything as long as that one stays in front.`,
          related: [
            stack.iface.key,
            ...stack.entries.flatMap(({ entry, program }) => [entry.key, ...(program ? [program.key] : [])]),
          ],
        })),
      ),
});

/** Worse when the program that is bypassed enforces the pods' policy and a stranger stands in front. */
function severityOf(stack: Stack, dead: StackedEntry): Severity {
  const family = dead.program?.owner?.family ?? null;
  if (family === null || !enforces(family) || !stack.iface.pod_host_end) return "warning";
  const at = stack.entries.indexOf(dead);
  const stranger = stack.entries.slice(0, at).some((one) => one.program?.owner?.family !== family);
  return stranger ? "critical" : "warning";
}
