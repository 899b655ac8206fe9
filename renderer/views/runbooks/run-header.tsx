/** Which book ran where, with which inputs, how it stands; pause it, go on, stop it, run it again. */
import { FileDown, Pause, Play, RotateCw, Square } from "lucide-react";
import { useStore } from "zustand";
import type { RunbookRunState } from "../../../electron/core/journal/runbooks.ts";
import type { RunbookInfo } from "../../../electron/shared/contract.ts";
import { nodeLabel } from "../../stores/node-name.ts";
import { openBook } from "../../stores/runbooks/form-store.ts";
import { goesOn, runText, runWord, runWordText, whyNoRun } from "../../stores/runbooks/run-state.ts";
import { pauseRun, resumeRun, runAgain, stopRun } from "../../stores/runbooks/runs.ts";
import { sessionStore } from "../../stores/session.ts";
import { Button, IconButton } from "../../ui/button.tsx";
import { timeText } from "../../ui/format.ts";
import { NodeText } from "../../ui/node-text.tsx";
import { useNow } from "../traces/use-now.ts";
import { saveReport } from "./save-report.ts";
import { RunIcon } from "./signs.tsx";

interface RunHeaderProps {
  run: RunbookRunState;
  book: RunbookInfo | undefined;
  recorded: boolean;
}

export function RunHeader({ run, book, recorded }: RunHeaderProps) {
  const nodes = useStore(sessionStore, (state) => state.nodes);
  const live = goesOn(run, nodes);
  const now = useNow(live && run.state !== "paused");
  const reason = whyNoRun(nodes[run.node]) ?? (book ? null : "This installation does not have the book.");
  const word = runWord(run, recorded);
  return (
    <header className="run-header">
      <div className="run-title">
        <h2>
          <NodeText text={book?.title ?? run.book} />{" "}
          <span className="run-where">
            on <NodeText text={nodeLabel(nodes, run.node)} />
          </span>
        </h2>
        <span className={`run-state run-state-${word}`}>
          <RunIcon word={word} /> {runText(run, recorded, now)}
        </span>
        {/* Said when it changes, not every second. */}
        <span role="status" className="visually-hidden">
          {runWordText(word)}
        </span>
        <span className="grow" />
        <div className="actions">
          {live ? <WhileItGoesOn run={run} reason={reason} /> : null}
          {live ? null : (
            <Button icon={RotateCw} isDisabled={reason !== null} onPress={() => void runAgain(run)}>
              Run again
            </Button>
          )}
          {book && book.problems.length === 0 ? (
            <Button variant="quiet" onPress={() => openBook(book.id, run.inputs)}>
              Change inputs…
            </Button>
          ) : null}
        </div>
      </div>
      <div className="run-under">
        <p className="run-params muted">
          {timeText(run.started_at)}
          {Object.entries(run.inputs).map(([name, value]) => (
            <span key={name}>
              {" · "}
              <NodeText text={book?.inputs.find((input) => input.name === name)?.title ?? name} />{" "}
              <NodeText text={value} mono />
            </span>
          ))}
          {(!live || run.state === "paused") && reason !== null ? <span> · {reason}</span> : null}
        </p>
        <IconButton
          icon={FileDown}
          label="Save a report"
          onPress={() => saveReport([{ node: run.node, label: nodeLabel(nodes, run.node), run, why: null }], book)}
        />
      </div>
    </header>
  );
}

function WhileItGoesOn({ run, reason }: { run: RunbookRunState; reason: string | null }) {
  return (
    <>
      {run.state === "paused" ? (
        <Button variant="primary" icon={Play} isDisabled={reason !== null} onPress={() => void resumeRun(run)}>
          Go on
        </Button>
      ) : (
        <Button icon={Pause} onPress={() => void pauseRun(run)}>
          Pause
        </Button>
      )}
      <Button variant="danger" icon={Square} onPress={() => void stopRun(run)}>
        Stop
      </Button>
    </>
  );
}
