/** All runbooks there are: those that ship with the app, and the team's own. */
import { BpfdeskError } from "../../core/errors.ts";
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

/** Throws `no-such-runbook` or `bad-runbook`. */
export function bookOf(shelf: Bookshelf, id: string): Runbook {
  const found = shelf.find((one) => one.info.id === id);
  if (found?.book) return found.book;
  if (found) {
    throw new BpfdeskError({
      code: "bad-runbook",
      message: `The runbook ${JSON.stringify(id)} cannot be used: ${found.problems[0] ?? "it is not whole"}`,
      hint: `Correct ${found.file ?? "it"} first.`,
      ...(found.problems.length > 1 ? { cause: found.problems.slice(1).join(" ") } : {}),
    });
  }
  throw new BpfdeskError({
    code: "no-such-runbook",
    message: `There is no runbook called ${JSON.stringify(id.slice(0, 64))}.`,
    hint: `There are: ${shelf.map(({ info }) => info.id).join(", ") || "none"}.`,
  });
}
