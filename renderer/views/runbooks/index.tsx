/** Runbooks: which there are and their runs on all nodes, the form to start one, and the run or the batch in view. */
import { BookOpenCheck } from "lucide-react";
import { useStore } from "zustand";
import type { RunbookRunState } from "../../../electron/core/journal/runbooks.ts";
import type { BatchRuns } from "../../../electron/core/runbook/batch.ts";
import type { RunbookInfo } from "../../../electron/shared/contract.ts";
import { bookOf, loadBooks, useBooks } from "../../stores/runbooks/books.ts";
import { runOf } from "../../stores/runbooks/run-state.ts";
import { type Shown, shownStore } from "../../stores/runbooks/shown.ts";
import { sessionStore } from "../../stores/session.ts";
import { useNode } from "../../stores/use-node.ts";
import { Button } from "../../ui/button.tsx";
import { EmptyState, ErrorBlock, Loading } from "../../ui/message.tsx";
import { defineView } from "../define.ts";
import { BatchPanel } from "./batch.tsx";
import { BatchNav } from "./batch-nav.tsx";
import { BookForm } from "./book-form.tsx";
import { RunbookList } from "./list.tsx";
import { RunPanel } from "./run-panel.tsx";
import { useBatches } from "./use-batch.ts";

function Runbooks() {
  const books = useBooks();
  const runs = useStore(sessionStore, (state) => state.runbooks);
  const batches = useBatches();
  const chosen = useStore(shownStore, (state) => state.shown);
  const node = useNode();
  if (!node) return null;
  // Runs are read without the books: a recording may hold runs of books that are not here.
  if (books.list.length === 0 && runs.length === 0) {
    if (books.error) {
      return <ErrorBlock error={books.error} actions={<Button onPress={() => void loadBooks()}>Try again</Button>} />;
    }
    if (books.state !== "ready") return <Loading what="Asking which runbooks there are…" />;
    return (
      <EmptyState icon={BookOpenCheck} title="This installation holds no runbooks">
        Install it again: they are part of it.
      </EmptyState>
    );
  }
  const { batch, run, book } = shownOf(chosen, runs, batches, books.list);
  const isLast = run && batch?.runs.includes(run);
  const key = batch && (isLast || !run) ? `batch:${batch.id}` : run ? `run:${run.run_id}` : `book:${book?.id ?? ""}`;
  return (
    <div className="runbooks">
      <RunbookList books={books} runs={runs} batches={batches} shown={key} />
      {run ? (
        <div className="run-place">
          {batch ? <BatchNav key={batch.id} batch={batch} run={run} book={bookOf(books.list, run.book)} /> : null}
          <RunPanel key={run.run_id} run={run} book={bookOf(books.list, run.book)} />
        </div>
      ) : batch ? (
        <BatchPanel
          key={batch.id}
          batch={batch}
          book={bookOf(books.list, batch.book)}
          from={chosen?.kind === "batch" ? chosen.node : null}
        />
      ) : null}
      {book ? <BookForm key={book.id} book={book} node={node} /> : null}
    </div>
  );
}

/** What was asked for, as far as it is there; else the newest run, with all it was begun with; else the first book. */
function shownOf(
  chosen: Shown,
  runs: readonly RunbookRunState[],
  batches: readonly BatchRuns[],
  books: readonly RunbookInfo[],
): { batch?: BatchRuns | undefined; run?: RunbookRunState | undefined; book?: RunbookInfo | undefined } {
  const batchOf = (id: string | undefined) => batches.find((one) => one.id === id);
  const newest = runs.at(-1);
  if (chosen?.kind === "book" || !newest) {
    return { book: bookOf(books, chosen?.kind === "book" ? chosen.book : "") ?? books[0] };
  }
  const run = chosen?.kind === "run" ? runOf({ runbooks: runs }, chosen.run_id) : undefined;
  if (run) return { run, batch: batchOf(run.batch?.id) };
  const batch = batchOf(chosen?.kind === "batch" ? chosen.batch : undefined) ?? batchOf(newest.batch?.id);
  return batch ? { batch } : { run: newest };
}

export default defineView({
  id: "runbooks",
  title: "Runbooks",
  icon: BookOpenCheck,
  order: 12,
  scope: "node",
  place: "main",
  Component: Runbooks,
});
