/** What a signal is: something about one asker's queries that is worth a look, with the figure it is judged by. */
import type { Evidence, RunbookVerdict, VerdictWord } from "../../../types.ts";
import type { Asker } from "../askers.ts";
import { filterOf, type Ground } from "../ground.ts";

export interface Signal {
  /** Also the kind of its verdicts. */
  id: string;
  judge(asker: Asker, ground: Ground): Judged;
}

export interface Judged {
  /** Null where there is nothing to say. */
  verdict: RunbookVerdict | null;
  /** How near this asker came to the threshold; null for a signal without a figure. */
  figure: number | null;
}

export const nothing = (figure: number | null): Judged => ({ verdict: null, figure });

interface Said {
  signal: string;
  verdict: VerdictWord;
  /** Facts with their numbers; what the threshold is goes first. */
  facts: string[];
  meaning: string;
  missing?: string[];
  advice: string | null;
  /** Other places than the trace. */
  evidence?: Evidence[];
}

/** A verdict about an asker, its facts linked to its queries. */
export function signalVerdict(asker: Asker, { watch }: Ground, said: Said): RunbookVerdict {
  const source: Evidence["source"] = {
    kind: "trace",
    trace_id: watch.trace_id,
    record: "query",
    filter: filterOf(asker),
  };
  return {
    id: `${said.signal}:${asker.id}`,
    subject: asker.subject,
    subject_key: asker.container?.pod_key ?? null,
    verdict: said.verdict,
    kind: said.signal,
    evidence: [...said.facts.map((text) => ({ text, source })), ...(said.evidence ?? [])],
    meaning: said.meaning,
    missing: said.missing ?? [],
    proposal: said.advice === null ? null : { kind: "advice", text: said.advice },
  };
}

/** The most of them within any span of that length. `times_us`: ascending. */
export function mostWithin(times_us: readonly number[], span_us: number): number {
  let most = 0;
  let from = 0;
  times_us.forEach((time, at) => {
    while (time - (times_us[from] ?? time) >= span_us) from += 1;
    most = Math.max(most, at - from + 1);
  });
  return most;
}
