/** All runbooks there are: those that ship with the app, and the team's own. */
import { shippedBooks } from "../../core/runbook/books.ts";
import type { Runbook } from "../../core/runbook/types.ts";
import type { RunbookInfo } from "../../shared/contract.ts";

interface ShelvedBook {
  info: Omit<RunbookInfo, "file" | "problems">;
  /** Null when it cannot be used. */
  book: Runbook | null;
  /** Of a team's own. */
  file: string | null;
  problems: readonly string[];
}

export type Bookshelf = readonly ShelvedBook[];

export function bookshelf(books: readonly Runbook[] = shippedBooks()): Bookshelf {
  return books.map((book) => ({ info: aboutBook(book), book, file: null, problems: [] }));
}

/** A book as it is offered, without what it does. */
export function aboutBook(book: Runbook): ShelvedBook["info"] {
  const { id, title, symptom, when_to_use, runs, inputs, suggested_by = [], steps } = book;
  return {
    ...{ id, title, symptom, when_to_use, runs, inputs, suggested_by },
    steps: steps.map((step) => ({ id: step.id, kind: step.kind, title: step.title, text: step.text })),
  };
}
