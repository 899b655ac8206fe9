/** How this book makes verdicts and says figures: one wording for all of them. */
import type { Evidence, EvidenceSource, RunbookVerdict, TraceEvidence } from "../../types.ts";
import type { Figures } from "./suspects.ts";

export type Draft = Pick<RunbookVerdict, "id" | "subject" | "verdict" | "kind" | "meaning"> & Partial<RunbookVerdict>;

export function verdict(draft: Draft): RunbookVerdict {
  return { subject_key: null, evidence: [], missing: [], proposal: null, ...draft };
}

/** Nothing when there was no trace: what cannot be looked at is no evidence. */
export function seen(text: string, trace: TraceEvidence | null, record: string, filter = ""): Evidence[] {
  return trace?.schema ? [{ text, source: { kind: "trace", trace_id: trace.trace_id, record, filter } }] : [];
}

export function read(text: string, command_id: string): Evidence {
  const source: EvidenceSource = { kind: "command", command_id };
  return { text, source };
}

export function percent(part: number, digits = 0): string {
  return `${(100 * part).toFixed(digits)} %`;
}

/** `12.4 %`, `0.03 %`. */
export function ratio(pct: number): string {
  return `${pct >= 1 ? pct.toFixed(1) : pct.toFixed(2)} %`;
}

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** `41 fast, 12 timeout`, most first. */
export function kindsOf({ kinds }: Figures): string {
  return Object.entries(kinds)
    .filter(([, count]) => count > 0)
    .toSorted((a, b) => b[1] - a[1])
    .map(([kind, count]) => `${count} ${kind}`)
    .join(", ");
}

/** Why drops under other addresses may be of the same connections, and what would tell. */
export const TRANSLATED = "a service's address becomes a backend's, and a pod's the node's, on their way through it.";
export const UNTRANSLATED = "what the connections' addresses are translated to, e.g. conntrack -L";
