/** Findings for a person's terminal, worst first as the model has them. Node text is made visible. */
import type { Finding } from "../core/model/types.ts";
import { visibleText } from "../core/text/visible.ts";
import type { Paint } from "./paint.ts";

/** One block a finding: severity, subject, meaning, evidence. `whole` is false when not all could be seen. */
export function printFindings(findings: readonly Finding[], whole: boolean, p: Paint): string {
  if (findings.length === 0) return whole ? "Nothing found.\n" : "Nothing found in the part that could be seen.\n";
  return findings
    .map((finding) =>
      [
        `${p.severity(finding.severity, finding.severity.toUpperCase())} ${p.bold(visibleText(finding.subject_name))}  ${p.dim(finding.id)}`,
        `  ${visibleText(finding.meaning)}`,
        ...finding.evidence.map((line) => `  - ${visibleText(line)}`),
      ].join("\n"),
    )
    .join("\n\n")
    .concat("\n");
}
