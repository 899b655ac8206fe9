/** Verdicts in the order a person reads them, counted, found and compared. Pure; texts may hold text of the node. */
import { WORST_FIRST } from "../../../electron/core/runbook/batch.ts";
import type { RunComparison } from "../../../electron/core/runbook/compare.ts";
import type { RunbookVerdict, VerdictWord } from "../../../electron/core/runbook/types.ts";
import { countText } from "../../ui/format.ts";

export const VERDICT_WORDS: Record<VerdictWord, string> = {
  confirmed: "confirmed",
  likely: "likely",
  cannot_tell: "cannot tell",
  ruled_out: "ruled out",
};

/** By word, those that matter most first, in the book's own order within a word. Words that nothing has are left out. */
export function groupsOf(verdicts: readonly RunbookVerdict[]): { word: VerdictWord; verdicts: RunbookVerdict[] }[] {
  const byWord = Map.groupBy(verdicts, ({ verdict }) => verdict);
  return WORST_FIRST.flatMap((word) => {
    const group = byWord.get(word);
    return group ? [{ word, verdicts: group }] : [];
  });
}

/** `1 confirmed, 3 cannot tell`. */
export function countsText(verdicts: readonly RunbookVerdict[]): string {
  if (verdicts.length === 0) return "no verdict";
  return groupsOf(verdicts)
    .map((group) => `${countText(group.verdicts.length)} ${VERDICT_WORDS[group.word]}`)
    .join(", ");
}

/** What is said aloud when verdicts come: how many, and what was confirmed. */
export function spokenText(verdicts: readonly RunbookVerdict[]): string {
  if (verdicts.length === 0) return "";
  const confirmed = verdicts.filter(({ verdict }) => verdict === "confirmed");
  const named = confirmed.slice(0, 3).map(({ kind, subject }) => `${kindText(kind)}: ${subject}`);
  const more = confirmed.length > named.length ? [`and ${confirmed.length - named.length} more`] : [];
  return [`Verdicts: ${countsText(verdicts)}.`, ...named, ...more].join(" ");
}

/** The words of a conclusion: `active-conflict` → `active conflict`. */
export function kindText(kind: string): string {
  return kind.replaceAll(/[-_]+/g, " ");
}

/** Those that hold every typed word, anywhere in what they say. */
export function fittingVerdicts(verdicts: readonly RunbookVerdict[], typed: string): readonly RunbookVerdict[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return verdicts;
  return verdicts.filter((one) => {
    const text = [
      one.subject,
      kindText(one.kind),
      VERDICT_WORDS[one.verdict],
      one.meaning,
      ...one.evidence.map((fact) => fact.text),
      ...one.missing,
    ]
      .join(" ")
      .toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** How one verdict differs from the earlier run's: words for its mark. Null: it is as it was. */
export function markOf({ appeared, changed }: RunComparison, { id, kind }: RunbookVerdict): string | null {
  if (appeared.some((one) => one.id === id)) return "new";
  const before = changed.find((one) => one.id === id)?.before;
  if (!before) return null;
  return `was ${VERDICT_WORDS[before.verdict]}${before.kind === kind ? "" : `, ${kindText(before.kind)}`}`;
}

/** `1 changed, 2 new, 190 as before`. */
export function comparisonText({ appeared, gone, changed, same }: RunComparison): string {
  const counts = [
    [changed.length, "changed"],
    [appeared.length, "new"],
    [gone.length, "gone"],
    [same, "as before"],
  ] as const;
  const parts = counts.filter(([count]) => count > 0).map(([count, what]) => `${countText(count)} ${what}`);
  return parts.length === 0 ? "no verdict in either" : parts.join(", ");
}
