/** Runs that were begun at once on several nodes, as one thing: which they are, and what each came to. Pure. */
import type { RunbookRunState } from "../journal/runbooks.ts";
import type { RunBatch, RunbookVerdict, VerdictWord } from "./types.ts";

export interface BatchRuns extends RunBatch {
  book: string;
  inputs: Readonly<Record<string, string>>;
  /** Epoch ms, of the first. */
  started_at: number;
  /** One a node, its last: one that was begun again takes the place of the earlier. In the order the nodes were begun. */
  runs: readonly RunbookRunState[];
}

/** In the order they were begun. */
export function batchesOf(runs: readonly RunbookRunState[]): BatchRuns[] {
  const batches = new Map<string, { first: RunbookRunState; batch: RunBatch; last: Map<string, RunbookRunState> }>();
  for (const run of runs) {
    if (run.batch === null) continue;
    const known = batches.get(run.batch.id) ?? { first: run, batch: run.batch, last: new Map() };
    batches.set(run.batch.id, known);
    known.last.set(run.node, run);
  }
  return [...batches.values()].map(({ first, batch, last }) => ({
    ...batch,
    book: first.book,
    inputs: first.inputs,
    started_at: first.started_at,
    runs: [...last.values()],
  }));
}

/** Worst first: what a person looks at first. */
export const WORST_FIRST: readonly VerdictWord[] = ["confirmed", "likely", "cannot_tell", "ruled_out"];

/** What one run's verdicts come to. */
export interface Tally {
  /** Null: there is none. */
  worst: VerdictWord | null;
  counts: Readonly<Record<VerdictWord, number>>;
  /** Of what was not ruled out, each once, worst first. */
  kinds: readonly string[];
}

export function tallyOf(verdicts: readonly Pick<RunbookVerdict, "verdict" | "kind">[]): Tally {
  const counts = { confirmed: 0, likely: 0, cannot_tell: 0, ruled_out: 0 };
  for (const { verdict } of verdicts) counts[verdict] += 1;
  const open = WORST_FIRST.filter((word) => word !== "ruled_out");
  const kinds = open.flatMap((word) => verdicts.filter(({ verdict }) => verdict === word).map(({ kind }) => kind));
  return { worst: WORST_FIRST.find((word) => counts[word] > 0) ?? null, counts, kinds: [...new Set(kinds)] };
}

/** How a node stands among the others of its batch; `refused`: the run did not begin there. */
export type Standing = RunbookRunState["state"] | "finished" | "stopped" | "failed" | "refused";

export function standingOf(run: RunbookRunState | null): Standing {
  if (run === null) return "refused";
  return run.state === "ended" ? (run.outcome ?? "finished") : run.state;
}

/**
 * What to look at first: 0 for what was confirmed, 1 likely, 2 where the book could not look, 3 where it could not tell,
 * 4 no verdict yet, 5 all ruled out, 6 finished with nothing to judge.
 */
export function rankOf(standing: Standing, { worst }: Tally): number {
  if (worst === "confirmed") return 0;
  if (worst === "likely") return 1;
  if (standing === "failed" || standing === "refused") return 2;
  if (worst === "cannot_tell") return 3;
  if (worst === "ruled_out") return standing === "finished" ? 5 : 4;
  return standing === "finished" ? 6 : 4;
}
