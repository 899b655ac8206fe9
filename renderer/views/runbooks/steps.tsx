/** The steps of a run: how each stands, and behind it what it ran and what came out. */
import { useEffect, useRef, useState } from "react";
import { useStore } from "zustand";
import type { RunbookRunState } from "../../../electron/core/journal/runbooks.ts";
import type { RunbookInfo } from "../../../electron/shared/contract.ts";
import { type StepView, stepsOf, stepText } from "../../stores/runbooks/run-state.ts";
import { shownStore } from "../../stores/runbooks/shown.ts";
import { NodeText } from "../../ui/node-text.tsx";
import { useNow } from "../traces/use-now.ts";
import { StepIcon } from "./signs.tsx";
import { StepDetails } from "./step-details.tsx";

export function Steps(props: { run: RunbookRunState; book: RunbookInfo | undefined; recorded: boolean }) {
  const { run, book, recorded } = props;
  const going = run.state === "running" && !recorded;
  const now = useNow(going);
  const steps = stepsOf(run, book, recorded, now);
  const request = useStore(shownStore, ({ step }) => (step?.run_id === run.run_id ? step : null));
  const done = steps.filter(({ word }) => word === "done" || word === "skipped").length;
  // As soon as there are verdicts to act on, they are what a run is read for.
  const folded = run.state === "ended" || recorded || (run.state !== "running" && run.verdicts.length > 0);
  const [open, setOpen] = useState(!folded);
  useEffect(() => setOpen(!folded), [folded]);
  useEffect(() => {
    if (request) setOpen(true);
  }, [request]);
  return (
    <details className="part run-steps" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <h3>Steps</h3>{" "}
        <span className="muted">
          {done} of {steps.length} done
        </span>
      </summary>
      <ol className="step-list" aria-label="Steps">
        {steps.map((step) => (
          <Step key={step.id} step={step} run={run} asked={request?.step === step.id ? request.nonce : 0} />
        ))}
      </ol>
    </details>
  );
}

function Step({ step, run, asked }: { step: StepView; run: RunbookRunState; asked: number }) {
  const [open, setOpen] = useState(false);
  const summary = useRef<HTMLElement>(null);
  useEffect(() => {
    if (asked === 0) return;
    setOpen(true);
    summary.current?.focus();
    summary.current?.scrollIntoView({ block: "nearest" });
  }, [asked]);
  return (
    <li className={`run-step run-step-${step.word}`} aria-current={step.word === "running" ? "step" : undefined}>
      <details open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary ref={summary}>
          <StepIcon word={step.word} />
          <span className="run-step-title">
            <NodeText text={step.title} />
          </span>
          <span className="run-step-note">
            {stepText(step.word)}
            {step.note === "" ? null : (
              <>
                {" · "}
                <NodeText text={step.note} />
              </>
            )}
          </span>
          {step.progress === null ? null : (
            <span className="progress-track" aria-hidden>
              <span className="progress-fill" style={{ width: `${Math.round(step.progress * 100)}%` }} />
            </span>
          )}
        </summary>
        {open ? <StepDetails step={step} run={run} /> : null}
      </details>
    </li>
  );
}
