/** What a report of several nodes begins with: how each came out, and what they have in common. */
import { commonSubjects } from "../fleet/common-subject.ts";
import type { Datapath } from "../model/types.ts";
import { markdownText as text } from "../text/markdown.ts";
import { type Alike, alikeOn, nodesOf } from "./alike.ts";
import { tallyOf, WORST_FIRST } from "./batch.ts";
import type { Reported } from "./report.ts";
import type { VerdictWord } from "./types.ts";

/** In a report that is read from the top, more is noise: each node's own part has all. */
const MOST_SUBJECTS = 5;

/** Pictures by target; without one, names that are the node's own are told apart. */
export function reportSummary(
  runs: readonly Reported[],
  words: Readonly<Record<VerdictWord, string>>,
  pictures: ReadonlyMap<string, Datapath | null>,
): string[] {
  const judged = runs.flatMap((run) => ("error" in run || run.verdicts.length === 0 ? [] : [run]));
  const alike = alikeOn(
    judged.map(({ target, verdicts }) => ({
      ...{ node: target, verdicts },
      inCommon: commonSubjects(pictures.get(target) ?? null),
    })),
  );
  return [
    "## Summary",
    // One alone has nothing in common with others.
    ...(judged.length > 1 && alike.length > 0
      ? [alike.flatMap((one) => lines(one, words, judged.length)).join("\n")]
      : []),
    runs.map((run) => `- ${text(run.target)}: ${text(cameTo(run, words))}`).join("\n"),
  ];
}

function lines({ kind, worst, nodes, subjects }: Alike, words: Readonly<Record<VerdictWord, string>>, of: number) {
  const more = subjects.length - MOST_SUBJECTS;
  return [
    `- ${words[worst]}: ${text(kind)} on ${nodesOf(nodes).length} of ${of} nodes`,
    ...subjects.slice(0, MOST_SUBJECTS).map(
      (one) =>
        `  - ${text(one.text)}: ${nodesOf(one.nodes)
          .map((node) => text(node))
          .join(", ")}`,
    ),
    ...(more > 0 ? [`  - and ${more} more`] : []),
  ];
}

function cameTo(run: Reported, words: Readonly<Record<VerdictWord, string>>): string {
  if ("error" in run) return `it could not be looked at: ${run.error}`;
  const { counts, kinds } = tallyOf(run.verdicts);
  const parts = WORST_FIRST.filter((word) => counts[word] > 0).map(
    (word) => `${counts[word]} ${words[word].toLowerCase()}`,
  );
  return [
    parts.join(", ") || "nothing was concluded",
    ...(kinds.length > 0 ? [` (${kinds.join(", ")})`] : []),
    ...(run.outcome === "finished" ? [] : [`; the run did not come to its end (${run.outcome})`]),
  ].join("");
}
