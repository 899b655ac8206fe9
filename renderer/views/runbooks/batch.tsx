/** A book that was begun on several nodes at once: what they have in common, and what came out on each, worst first. */
import { useDeferredValue, useEffect, useMemo, useRef, useState } from "react";
import { useStore } from "zustand";
import { nodesOf } from "../../../electron/core/runbook/alike.ts";
import type { BatchRuns } from "../../../electron/core/runbook/batch.ts";
import type { RunbookInfo } from "../../../electron/shared/contract.ts";
import { alikeRows } from "../../stores/runbooks/in-common.ts";
import { showRun } from "../../stores/runbooks/shown.ts";
import { sessionStore } from "../../stores/session.ts";
import { DataTable } from "../../table/data-table.tsx";
import { Button } from "../../ui/button.tsx";
import { countText, plural } from "../../ui/format.ts";
import { type Chosen, InCommon } from "./batch-alike.tsx";
import { batchColumns } from "./batch-columns.tsx";
import { BatchHeader } from "./batch-header.tsx";
import { useBatchRows } from "./use-batch.ts";

interface BatchPanelProps {
  batch: BatchRuns;
  book: RunbookInfo | undefined;
  /** Whose run the person comes back from. */
  from: string | null;
}

export function BatchPanel({ batch, book, from }: BatchPanelProps) {
  const rows = useBatchRows(batch, book);
  const nodes = useStore(sessionStore, (state) => state.nodes);
  const settled = useDeferredValue(rows);
  const alike = useMemo(() => alikeRows(settled, nodes), [settled, nodes]);
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [reveal] = useState(() => (from === null ? null : { key: from, nonce: 1 }));
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    // What was pressed to come here is gone; a list that still has the focus keeps it.
    const grid = panel.current?.querySelector<HTMLElement>("[role=grid]");
    if (document.activeElement === document.body) grid?.focus({ preventScroll: true });
  }, []);
  const kind = alike.find((one) => one.kind === chosen?.kind);
  const some = chosen?.subject == null ? kind : kind?.subjects.find(({ text }) => text === chosen.subject);
  const wanted = some ? new Set(nodesOf(some.nodes)) : null;
  const missing = batch.nodes - rows.length;
  return (
    <section ref={panel} className="batch" aria-label="Runbook on several nodes">
      <BatchHeader batch={batch} book={book} rows={rows} />
      {missing > 0 ? (
        <p className="muted batch-missing">
          It was asked for on {plural(batch.nodes, "node")}; of {countText(missing)} there is no run in this session.
        </p>
      ) : null}
      <InCommon alike={alike} rows={rows} chosen={some ? chosen : null} onChoose={setChosen} />
      <div className="batch-table">
        <DataTable
          id="runbook-batch"
          label="Nodes of this run"
          rows={wanted ? rows.filter(({ node }) => wanted.has(node)) : rows}
          columns={batchColumns}
          keyOf={({ node }) => node}
          selected={from}
          onSelect={({ run }) => {
            if (run) showRun(run.run_id);
          }}
          reveal={reveal}
          steady
          tools={wanted ? <Button onPress={() => setChosen(null)}>Show all nodes</Button> : null}
          empty={<p className="muted">It began on no node.</p>}
        />
      </div>
    </section>
  );
}
