/** Runbooks: which there are and their runs on all nodes, the form to start one, and the run in view. */
import { BookOpenCheck } from "lucide-react";
import { useStore } from "zustand";
import { bookOf, loadBooks, useBooks } from "../../stores/runbooks/books.ts";
import { runOf } from "../../stores/runbooks/run-state.ts";
import { shownStore } from "../../stores/runbooks/shown.ts";
import { sessionStore } from "../../stores/session.ts";
import { useNode } from "../../stores/use-node.ts";
import { Button } from "../../ui/button.tsx";
import { EmptyState, ErrorBlock, Loading } from "../../ui/message.tsx";
import { defineView } from "../define.ts";
import { BookForm } from "./book-form.tsx";
import { RunbookList } from "./list.tsx";
import { RunPanel } from "./run-panel.tsx";

function Runbooks() {
  const books = useBooks();
  const runs = useStore(sessionStore, (state) => state.runbooks);
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
  const newest = runs.at(-1);
  const shown = chosen ?? (newest ? { kind: "run" as const, run_id: newest.run_id } : null);
  const run = shown?.kind === "run" ? (runOf({ runbooks: runs }, shown.run_id) ?? newest) : undefined;
  const book = run ? undefined : (bookOf(books.list, shown?.kind === "book" ? shown.book : "") ?? books.list[0]);
  return (
    <div className="runbooks">
      <RunbookList books={books} runs={runs} shown={run ? `run:${run.run_id}` : `book:${book?.id ?? ""}`} />
      {run ? <RunPanel key={run.run_id} run={run} book={bookOf(books.list, run.book)} /> : null}
      {book ? <BookForm key={book.id} book={book} node={node} /> : null}
    </div>
  );
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
