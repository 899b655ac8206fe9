/** Two runs of the same book: what is new, what is gone, what is judged differently now. */
import { z } from "zod";
import type { RunbookRunState } from "../journal/runbooks.ts";
import type { RunbookVerdict } from "./types.ts";

/** What of a verdict is compared: its evidence has other numbers each time. */
export type Judged = Pick<RunbookVerdict, "id" | "subject" | "verdict" | "kind">;

export interface RunComparison {
  appeared: Judged[];
  gone: Judged[];
  changed: { id: string; subject: string; before: Conclusion; after: Conclusion }[];
  /** Verdicts that are as they were. */
  same: number;
}

type Conclusion = Pick<Judged, "verdict" | "kind">;

/** By the verdicts' ids, which are stable over runs on the same things; in the order of the later run. */
export function compareVerdicts(before: readonly Judged[], after: readonly Judged[]): RunComparison {
  const earlier = new Map(before.map((one) => [one.id, one]));
  const later = new Set(after.map(({ id }) => id));
  const both = after.flatMap((now) => {
    const then = earlier.get(now.id);
    return then ? [{ then, now }] : [];
  });
  const changed = both.filter(({ then, now }) => then.verdict !== now.verdict || then.kind !== now.kind);
  return {
    appeared: after.filter(({ id }) => !earlier.has(id)).map(judged),
    gone: before.filter(({ id }) => !later.has(id)).map(judged),
    changed: changed.map(({ then, now }) => ({
      id: now.id,
      subject: now.subject,
      before: conclusion(then),
      after: conclusion(now),
    })),
    same: both.length - changed.length,
  };
}

/** The run before this one that can be compared with it: same node, book and inputs, and it came to its end. */
export function earlierRun(runs: readonly RunbookRunState[], run: RunbookRunState): RunbookRunState | null {
  const at = runs.findIndex(({ run_id }) => run_id === run.run_id);
  return runs.slice(0, Math.max(0, at)).findLast((other) => comparable(other, run)) ?? null;
}

function comparable(other: RunbookRunState, run: RunbookRunState): boolean {
  if (other.node !== run.node || other.book !== run.book || other.outcome !== "finished") return false;
  const names = new Set([...Object.keys(other.inputs), ...Object.keys(run.inputs)]);
  return [...names].every((name) => other.inputs[name] === run.inputs[name]);
}

const conclusion = ({ verdict, kind }: Judged): Conclusion => ({ verdict, kind });
const judged = ({ id, subject, verdict, kind }: Judged): Judged => ({ id, subject, verdict, kind });

const exportedRun = z.object({
  runbook: z.string().optional(),
  target: z.string(),
  verdicts: z.array(
    z.object({
      id: z.string(),
      subject: z.string(),
      verdict: z.enum(["confirmed", "likely", "ruled_out", "cannot_tell"]),
      kind: z.string(),
    }),
  ),
});
const failedRun = z.object({ error: z.unknown() });
const exportedRuns = z.object({ nodes: z.record(z.string(), z.union([exportedRun, failedRun])) });

/**
 * Verdicts by target out of what was exported once, of one target or of several. Throws when it is none of these, or of another
 * runbook than `book`.
 */
export function earlierVerdicts(data: unknown, book?: string): ReadonlyMap<string, readonly Judged[]> {
  const several = exportedRuns.safeParse(data);
  const runs = several.success ? Object.entries(several.data.nodes) : [["", exportedRun.parse(data)] as const];
  for (const [, run] of runs) {
    const of = "verdicts" in run ? run.runbook : undefined;
    if (book !== undefined && of !== undefined && of !== book) throw new Error(`It is of the runbook ${of}.`);
  }
  return new Map(
    runs.flatMap(([name, run]) => ("verdicts" in run ? [[name || run.target, run.verdicts] as const] : [])),
  );
}
