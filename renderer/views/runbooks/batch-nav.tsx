/** From a run back to all nodes it was begun on, and to the one before and behind it there. */
import { ArrowLeft, ChevronDown, ChevronUp } from "lucide-react";
import { useEffect, useRef } from "react";
import type { RunbookRunState } from "../../../electron/core/journal/runbooks.ts";
import type { BatchRuns } from "../../../electron/core/runbook/batch.ts";
import type { RunbookInfo } from "../../../electron/shared/contract.ts";
import { showBatch, showRun } from "../../stores/runbooks/shown.ts";
import { Button, IconButton } from "../../ui/button.tsx";
import { countText, plural } from "../../ui/format.ts";
import { useBatchRows } from "./use-batch.ts";

interface BatchNavProps {
  batch: BatchRuns;
  run: RunbookRunState;
  book: RunbookInfo | undefined;
}

export function BatchNav({ batch, run, book }: BatchNavProps) {
  const rows = useBatchRows(batch, book).filter((row) => row.run !== null);
  const at = rows.findIndex(({ node }) => node === run.node);
  const back = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    // The row that was pressed is gone: the way back has the focus.
    if (document.activeElement === document.body) back.current?.focus();
  }, []);
  const go = (to: number) => {
    const next = rows[to]?.run;
    if (next) showRun(next.run_id);
  };
  return (
    <nav className="batch-nav" aria-label="Nodes of this run">
      <Button ref={back} variant="quiet" icon={ArrowLeft} onPress={() => showBatch(batch.id, run.node)}>
        All {plural(rows.length, "node")}
      </Button>
      <span className="grow" />
      <span className="muted">
        {countText(at + 1)} of {countText(rows.length)}
      </span>
      <IconButton icon={ChevronUp} label="Node before" isDisabled={at <= 0} onPress={() => go(at - 1)} />
      <IconButton
        icon={ChevronDown}
        label="Next node"
        isDisabled={at < 0 || at >= rows.length - 1}
        onPress={() => go(at + 1)}
      />
    </nav>
  );
}
