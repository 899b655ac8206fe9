/** One run: how it stands and what can be done, what it asks, what it found, and its steps with all that is behind them. */
import { useMemo, useState } from "react";
import { useStore } from "zustand";
import type { RunbookRunState } from "../../../electron/core/journal/runbooks.ts";
import { compareVerdicts, earlierRun } from "../../../electron/core/runbook/compare.ts";
import type { RunbookInfo } from "../../../electron/shared/contract.ts";
import { earlierRuns, goesOn } from "../../stores/runbooks/run-state.ts";
import { sessionStore } from "../../stores/session.ts";
import { ErrorBlock } from "../../ui/message.tsx";
import { Asked } from "./asked.tsx";
import { CompareBar } from "./compare-bar.tsx";
import { RunHeader } from "./run-header.tsx";
import { Steps } from "./steps.tsx";
import { Verdicts } from "./verdicts.tsx";

export function RunPanel({ run, book }: { run: RunbookRunState; book: RunbookInfo | undefined }) {
  const nodes = useStore(sessionStore, (state) => state.nodes);
  const runs = useStore(sessionStore, (state) => state.runbooks);
  const earlier = useMemo(() => earlierRuns(runs, run), [runs, run]);
  const [against, setAgainst] = useState(() => earlierRun(runs, run)?.run_id ?? null);
  const before = earlier.find(({ run_id }) => run_id === against);
  const comparison = useMemo(
    () => (before && run.state === "ended" ? compareVerdicts(before.verdicts, run.verdicts) : null),
    [before, run.verdicts, run.state],
  );
  const recorded = nodes[run.node]?.transport === "replay";
  const live = goesOn(run, nodes);
  const paused = run.paused?.error ?? null;
  return (
    <section className="book-run" aria-label="Run of a runbook">
      <RunHeader run={run} book={book} recorded={recorded} />
      {run.error ? <ErrorBlock error={run.error} /> : null}
      {paused ? <ErrorBlock error={paused} /> : null}
      {run.question && live ? <Asked key={run.question.step} run={run} question={run.question} book={book} /> : null}
      {earlier.length > 0 && run.state === "ended" ? (
        <CompareBar earlier={earlier} run={run} against={against} onChange={setAgainst} comparison={comparison} />
      ) : null}
      <Steps run={run} book={book} recorded={recorded} />
      <Verdicts run={run} live={live} comparison={comparison} />
    </section>
  );
}
