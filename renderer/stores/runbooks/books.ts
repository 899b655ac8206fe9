/** The runbooks there are, those that ship with the app and the team's own: asked for once per link, and again on demand. */
import { useEffect } from "react";
import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import type { ErrorData } from "../../../electron/core/errors.ts";
import type { RunbookInfo } from "../../../electron/shared/contract.ts";
import { errorData } from "../../host/error-data.ts";
import { host } from "../../host/link.ts";

export interface BooksState {
  state: "idle" | "loading" | "ready" | "failed";
  list: readonly RunbookInfo[];
  /** Of the team's own; null: none was chosen. */
  folder: string | null;
  error: ErrorData | null;
}

export const booksStore = createStore<BooksState>(() => ({ state: "idle", list: [], folder: null, error: null }));

/** All runbooks; loads them on first use. */
export function useBooks(): BooksState {
  useEffect(() => {
    if (booksStore.getState().state === "idle") void loadBooks();
  }, []);
  return useStore(booksStore);
}

/** Asks for them, also when they are here: a team may have changed its own. What is here stays until the answer. */
export async function loadBooks(): Promise<void> {
  if (booksStore.getState().state === "loading") return;
  booksStore.setState({ state: "loading", error: null });
  try {
    const { client } = host();
    const [list, { folder }] = await Promise.all([
      client.call("runbooks.list", {}),
      client.call("runbooks.folder", {}),
    ]);
    booksStore.setState({ state: "ready", list, folder });
  } catch (error) {
    booksStore.setState({ state: "failed", error: errorData(error) });
  }
}

/** Reads the team's own from another folder (null: none) from now on. Why not, or null. */
export async function setTeamFolder(folder: string | null): Promise<ErrorData | null> {
  try {
    await host().client.call("runbooks.set_folder", { folder });
  } catch (error) {
    return errorData(error);
  }
  await loadBooks();
  return null;
}

/** The book with that id; undefined for one this installation does not have. */
export function bookOf(list: readonly RunbookInfo[], id: string): RunbookInfo | undefined {
  return list.find((book) => book.id === id);
}

/** Title of a book; its id when this installation does not have it. */
export function bookTitle(list: readonly RunbookInfo[], id: string): string {
  return bookOf(list, id)?.title ?? id;
}

/** Books that can be opened: a team's own with problems cannot. */
export function usable(list: readonly RunbookInfo[]): RunbookInfo[] {
  return list.filter(({ problems }) => problems.length === 0);
}
