/** A batch's rows as the session is now. */
import { useMemo } from "react";
import { useStore } from "zustand";
import { type BatchRuns, batchesOf } from "../../../electron/core/runbook/batch.ts";
import type { RunbookInfo } from "../../../electron/shared/contract.ts";
import { type BatchRow, isRecorded, rowsOf } from "../../stores/runbooks/batch-rows.ts";
import { refusedStore, type StartFailure } from "../../stores/runbooks/refused.ts";
import { sessionStore } from "../../stores/session.ts";

const NONE: readonly StartFailure[] = [];

/** Those that have more than one node to show: of a record, one node alone may be open. */
export function useBatches(): BatchRuns[] {
  const runs = useStore(sessionStore, (state) => state.runbooks);
  const nodes = useStore(sessionStore, (state) => state.nodes);
  return useMemo(
    () => batchesOf(runs).filter((batch) => batch.runs.length > 1 || !isRecorded(batch, nodes)),
    [runs, nodes],
  );
}

export function useBatchRows(batch: BatchRuns, book: RunbookInfo | undefined): BatchRow[] {
  const nodes = useStore(sessionStore, (state) => state.nodes);
  const refused = useStore(refusedStore, (state) => state.refused[batch.id] ?? NONE);
  return useMemo(() => rowsOf(batch, nodes, refused, book), [batch, nodes, refused, book]);
}
