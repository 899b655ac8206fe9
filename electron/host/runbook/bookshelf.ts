/** All runbooks there are: those that ship with the app, and the team's own. */
import { join } from "node:path";
import { BpfdeskError } from "../../core/errors.ts";
import { allRules } from "../../core/findings/run.ts";
import { shippedBooks } from "../../core/runbook/books.ts";
import type { Runbook } from "../../core/runbook/types.ts";
import type { RunbookInfo } from "../../shared/contract.ts";
import { loadSections } from "../collect/sections.ts";
import { readManifests } from "../trace/bundle.ts";
import { readTeamBooks } from "./team-books.ts";

interface ShelvedBook {
  info: Omit<RunbookInfo, "file" | "problems">;
  /** Null when it cannot be used. */
  book: Runbook | null;
  /** Of a team's own. */
  file: string | null;
  problems: readonly string[];
}

export type Bookshelf = readonly ShelvedBook[];

export interface ShelfOptions {
  resourcesDir: string;
  /** The team's folder, or null. */
  folder: string | null;
  /** In the place of those that ship with the app, for tests. */
  books?: readonly Runbook[] | undefined;
}

/** Those that ship first. Rejects only when the app's own files cannot be read. */
export async function bookshelf({ resourcesDir, folder, books = shippedBooks() }: ShelfOptions): Promise<Bookshelf> {
  const shipped = books.map((book) => ({ info: aboutBook(book), book, file: null, problems: [] }));
  if (folder === null) return shipped;
  const [tracers, sections] = await Promise.all([
    readManifests(join(resourcesDir, "tracers")),
    loadSections(resourcesDir),
  ]);
  const team = await readTeamBooks(folder, {
    tracers,
    sections: new Set(sections.map(({ id }) => id)),
    findings: new Set(allRules().map(({ id }) => id)),
    books: new Set(books.map(({ id }) => id)),
  });
  return [
    ...shipped,
    ...team.map(({ id, book, ...more }) => ({ info: book ? aboutBook(book) : unread(id), book, ...more })),
  ];
}

/** Throws `no-such-runbook` or `bad-runbook`. */
export function bookOf(shelf: Bookshelf, id: string): Runbook {
  const found = shelf.find((one) => one.info.id === id);
  if (found?.book) return found.book;
  if (found) {
    const [first = "it is not whole", ...others] = found.problems;
    throw new BpfdeskError({
      code: "bad-runbook",
      message: `The runbook ${JSON.stringify(id)} cannot be used: ${first}`,
      hint: `Correct ${found.file ?? "it"} first.`,
      ...(others.length > 0 ? { cause: others.join("; ") } : {}),
    });
  }
  throw new BpfdeskError({
    code: "no-such-runbook",
    message: `There is no runbook called ${JSON.stringify(id.slice(0, 64))}.`,
    hint: `There are: ${shelf.map(({ info }) => info.id).join(", ") || "none"}.`,
  });
}

/** A book as it is offered, without what it does. */
function aboutBook(book: Runbook): ShelvedBook["info"] {
  const { id, title, symptom, when_to_use, runs, inputs, suggested_by = [], steps } = book;
  return {
    ...{ id, title, symptom, when_to_use, runs, inputs, suggested_by },
    steps: steps.map((step) => ({ id: step.id, kind: step.kind, title: step.title, text: step.text })),
  };
}

/** A file that is no runbook (yet). */
function unread(id: string): ShelvedBook["info"] {
  return { id, title: id, symptom: "", when_to_use: "", runs: "", inputs: [], suggested_by: [], steps: [] };
}
