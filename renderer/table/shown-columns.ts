/** Which columns of a table are shown: the person's choice, kept in this browser. */
import { useMemo, useState } from "react";
import type { Column } from "./columns.ts";

/** Columns to show, in their given order, and a way to show or hide one. One always stays. */
export function useShownColumns<Row>(table: string, columns: readonly Column<Row>[]) {
  const [choice, setChoice] = useState(() => stored(table));
  const shown = useMemo(
    () =>
      columns.filter((column) => column === stayingColumn(columns) || (choice[column.id] ?? column.hidden !== true)),
    [columns, choice],
  );
  const toggle = (id: string) => {
    const next = { ...choice, [id]: !shown.some((column) => column.id === id) };
    localStorage.setItem(storageKey(table), JSON.stringify(next));
    setChoice(next);
  };
  return { shown, toggle };
}

/** The one that cannot be hidden: the first that is shown without being asked for. */
export function stayingColumn<C extends { hidden?: boolean }>(columns: readonly C[]): C | undefined {
  return columns.find((column) => column.hidden !== true) ?? columns[0];
}

const storageKey = (table: string) => `bpfdesk.columns.${table}`;

/** Anything unreadable counts as no choice. */
function stored(table: string): Record<string, boolean> {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(storageKey(table)) ?? "{}");
    const entries = typeof value === "object" && value !== null ? Object.entries(value) : [];
    return Object.fromEntries(entries.filter((entry): entry is [string, boolean] => typeof entry[1] === "boolean"));
  } catch {
    return {};
  }
}
