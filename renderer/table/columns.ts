/** What a table shows, as data: columns, and pure functions to find, sort and copy rows. No React state. */
import type { ReactNode } from "react";
import { visibleText } from "../../electron/core/text/visible.ts";

export type CellValue = string | number | boolean | null;

export interface Column<Row> {
  id: string;
  title: string;
  /** What it means, for the title's tooltip. */
  description?: string;
  /** Smallest width in px. */
  width: number;
  /** Takes a share of the width that is left. */
  grow?: boolean;
  align?: "end";
  mono?: boolean;
  /** Not shown until chosen. */
  hidden?: boolean;
  /** The fact itself: what is copied, searched and, without `sortValue`, sorted by. */
  value: (row: Row) => CellValue;
  /** For decimal text that may exceed 2^53 (bigint), or an order of its own. Nulls go last. */
  sortValue?: (row: Row) => string | number | bigint | null;
  /** As shown when the fact itself is not; node text in it must go through NodeText. */
  render?: (row: Row) => ReactNode;
}

export interface Sort {
  column: string;
  direction: "ascending" | "descending";
}

/** Rows in which some column's text holds `text`, case aside. */
export function findRows<Row>(rows: readonly Row[], columns: readonly Column<Row>[], text: string): readonly Row[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return rows;
  return rows.filter((row) => columns.some((column) => cellText(column.value(row)).toLowerCase().includes(wanted)));
}

/** Rows sorted by one column; stable, nulls last in both directions. */
export function sortRows<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  sort: Sort | null,
): readonly Row[] {
  const column = columns.find((candidate) => candidate.id === sort?.column);
  if (!sort || !column) return rows;
  const sign = sort.direction === "ascending" ? 1 : -1;
  const sortValueOf = column.sortValue ?? column.value;
  return rows
    .map((row) => ({ row, value: sortValueOf(row) }))
    .sort((a, b) => {
      if (a.value === null || b.value === null) return Number(a.value === null) - Number(b.value === null);
      return sign * compareValues(a.value, b.value);
    })
    .map(({ row }) => row);
}

/** The order a column gets when its title is pressed: up, down, as it came. */
export function nextSort(sort: Sort | null, column: string): Sort | null {
  if (sort?.column !== column) return { column, direction: "ascending" };
  return sort.direction === "ascending" ? { column, direction: "descending" } : null;
}

/** Tab-separated with a line of titles. Control characters are made visible, so a cell stays one cell. */
export function toTsv<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const line = (cells: string[]) => cells.map((cell) => visibleText(cell)).join("\t");
  return [
    line(columns.map((column) => column.title)),
    ...rows.map((row) => line(columns.map((column) => cellText(column.value(row))))),
  ].join("\n");
}

/** An array of objects keyed by column id. */
export function toJson<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const objects = rows.map((row) => Object.fromEntries(columns.map((column) => [column.id, column.value(row)])));
  return JSON.stringify(objects, null, 2);
}

/** A value as the text a cell shows; nothing is an empty text. */
export function cellText(value: CellValue): string {
  if (value === null) return "";
  return typeof value === "boolean" ? (value ? "yes" : "no") : String(value);
}

/** Decimal text as a bigint for sorting; null for anything else. */
export function bigintOf(text: string | null): bigint | null {
  return text !== null && /^\d+$/.test(text) ? BigInt(text) : null;
}

const byName = new Intl.Collator("en", { numeric: true });

function compareValues(a: string | number | bigint | boolean, b: string | number | bigint | boolean): number {
  if (typeof a === "string" && typeof b === "string") return byName.compare(a, b);
  return a < b ? -1 : a > b ? 1 : 0;
}
