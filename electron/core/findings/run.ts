/** All rules over one model. A rule is a file in this folder; there is no list to edit. */
import type { Datapath, Finding, Severity } from "../model/types.ts";
import type { FindingRule } from "./define.ts";

const rules: readonly FindingRule[] = Object.values(
  import.meta.glob<FindingRule>(["./*.ts", "!./*.test.ts", "!./define.ts", "!./run.ts"], {
    eager: true,
    import: "default",
  }),
);

const SEVERITIES: readonly Severity[] = ["critical", "warning", "info"];

/** Every rule, by id: for "what does it look for". */
export function allRules(): readonly FindingRule[] {
  return rules;
}

/**
 * The findings of a model, worst first, then by subject. Pure and deterministic. `datapath.findings` is
 * not looked at.
 */
export function examine(datapath: Datapath): Finding[] {
  return rules
    .flatMap((rule) => rule.examine(datapath))
    .sort(
      (a, b) =>
        SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
        compareText(a.subject_name, b.subject_name) ||
        compareText(a.id, b.id) ||
        compareText(a.subject, b.subject),
    );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
