/** Interfaces without the program that their siblings carry: what the finding of that name says, weighed once more after a while. */
import type { Finding } from "../../../model/types.ts";
import type { RunbookVerdict, RunState } from "../../types.ts";
import { ofThing } from "./evidence.ts";
import type { Scope } from "./scope.ts";
import { MIN_APART_S } from "./weights.ts";

const RULE = "missing-enforcement";

export function missingEnforcement(
  { datapath, previous }: RunState,
  { interfaces }: Scope,
  gaps: readonly string[],
): RunbookVerdict[] {
  if (datapath === null) return [];
  const keys = new Set(interfaces.map(({ key }) => key));
  const earlier = previous?.findings.filter(({ id }) => id === RULE).map(({ subject }) => subject) ?? [];
  const apart = (datapath.node.collected_at ?? 0) - (previous?.node.collected_at ?? Number.POSITIVE_INFINITY);
  return datapath.findings
    .filter(({ id, subject }) => id === RULE && keys.has(subject))
    .map((finding) =>
      verdictOf(finding, earlier.includes(finding.subject) && apart >= MIN_APART_S ? apart : null, gaps),
    );
}

function verdictOf(finding: Finding, stays: number | null, gaps: readonly string[]): RunbookVerdict {
  const known = finding.severity === "critical";
  const verdict = !known ? "cannot_tell" : stays !== null && gaps.length === 0 ? "confirmed" : "likely";
  const again =
    stays === null
      ? []
      : [ofThing(finding.subject, `the same ${stays} s later: it is not a pod that is just being started`)];
  const missing = known
    ? [...gaps, ...(stays === null ? ["a second look some seconds later"] : [])]
    : ["who attaches the siblings' programs"];
  return {
    id: `${finding.subject} ${RULE}`,
    subject: finding.subject_name,
    subject_key: finding.subject,
    verdict,
    kind: RULE,
    evidence: [...finding.evidence.map((text) => ofThing(finding.subject, text)), ...again],
    meaning: finding.meaning,
    missing: verdict === "confirmed" ? [] : missing,
    proposal: null,
  };
}
