/** Which book ran on how many nodes and how they stand; what can be done with all of them. */
import { CircleSlash, FileDown, Pause, Play, RotateCw, Square } from "lucide-react";
import { useStore } from "zustand";
import type { BatchRuns } from "../../../electron/core/runbook/batch.ts";
import type { RunbookInfo } from "../../../electron/shared/contract.ts";
import { type BatchRow, choicesOf, isRecorded, standingText } from "../../stores/runbooks/batch-rows.ts";
import { whyNoRun } from "../../stores/runbooks/run-state.ts";
import { againOn, leaveRuns, pauseRuns, resumeRuns, startOn, stopRuns } from "../../stores/runbooks/runs.ts";
import { sessionStore } from "../../stores/session.ts";
import { Button } from "../../ui/button.tsx";
import { countText, plural, timeText } from "../../ui/format.ts";
import { NodeText } from "../../ui/node-text.tsx";
import { saveReport } from "./save-report.ts";

interface BatchHeaderProps {
  batch: BatchRuns;
  book: RunbookInfo | undefined;
  rows: readonly BatchRow[];
}

export function BatchHeader({ batch, book, rows }: BatchHeaderProps) {
  const nodes = useStore(sessionStore, (state) => state.nodes);
  const recorded = isRecorded(batch, nodes);
  const { going, paused, undecided, again } = choicesOf(rows, nodes);
  const standing = standingText(batch, recorded, rows.filter(({ run }) => run === null).length);
  const over = going.length === 0 && paused.length === 0;
  const able = rows.flatMap(({ node }) => (whyNoRun(nodes[node]) === null ? [node] : []));
  return (
    <header className="run-header">
      <div className="run-title">
        <h2>
          <NodeText text={book?.title ?? batch.book} />{" "}
          <span className="run-where">on {plural(rows.length, "node")}</span>
        </h2>
        <span className="run-state">{standing}</span>
        {/* Said once at the end, not at each step of each node. */}
        <span role="status" className="visually-hidden">
          {over ? `Nothing runs any more: ${standing}.` : ""}
        </span>
        <span className="grow" />
        <div className="actions">
          {undecided.length > 0 ? (
            <Button icon={CircleSlash} onPress={() => void leaveRuns(undecided)}>
              Leave {undecided.length === 1 ? "1 as it is" : `${countText(undecided.length)} as they are`}
            </Button>
          ) : null}
          {paused.length > 0 ? (
            <Button variant="primary" icon={Play} isDisabled={!book} onPress={() => void resumeRuns(paused)}>
              Go on with {countText(paused.length)}
            </Button>
          ) : null}
          {going.length > 0 ? (
            <>
              <Button icon={Pause} onPress={() => void pauseRuns(going)}>
                Pause all
              </Button>
              <Button variant="danger" icon={Square} onPress={() => void stopRuns([...going, ...paused])}>
                Stop all
              </Button>
            </>
          ) : null}
          {again.length > 0 ? (
            <Button
              icon={RotateCw}
              isDisabled={!book}
              onPress={() => void againOn({ ...batch, batch: { id: batch.id, nodes: batch.nodes } }, again)}
            >
              Try {countText(again.length)} again
            </Button>
          ) : null}
          {over ? (
            <Button
              icon={RotateCw}
              isDisabled={!book || able.length === 0}
              onPress={() => void startOn(able, batch.book, { ...batch.inputs })}
            >
              Run again
            </Button>
          ) : null}
          <Button variant="quiet" icon={FileDown} onPress={() => saveReport(rows, book)}>
            Save report
          </Button>
        </div>
      </div>
      <p className="run-params muted">
        {timeText(batch.started_at)}
        {Object.entries(batch.inputs).map(([name, value]) => (
          <span key={name}>
            {" · "}
            <NodeText text={book?.inputs.find((input) => input.name === name)?.title ?? name} />{" "}
            <NodeText text={value} mono />
          </span>
        ))}
      </p>
    </header>
  );
}
