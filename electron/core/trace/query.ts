/** A part of a record's rows: filtered, grouped, ordered, cut out. */
import { type Cells, cellsOf, type NumberCells } from "./cells.ts";
import { compileFilter } from "./filter.ts";
import { groupRows } from "./groups.ts";
import type { TraceNames } from "./names.ts";
import { compareBy, firstInOrder } from "./order.ts";
import type { RecordTable } from "./table.ts";

export interface RowQuery {
  from: number;
  count: number;
  until?: number | undefined;
  sort: readonly { column: string; descending: boolean }[];
  filter: string;
  group_by: readonly string[];
}

export interface RowPage {
  columns: string[];
  rows: unknown[][];
  total: number;
  matching: number;
  dropped: number;
}

/** Columns that do not exist are passed over. Without an order rows come as they came, groups the largest first. */
export function queryRows(table: RecordTable, query: RowQuery, names: TraceNames): RowPage {
  const view = table.view(query.until);
  const own = cellsOf(view, names);
  const matches = rowsThat(compileFilter(query.filter, own), view.length);
  const groupBy = query.group_by.flatMap((name) => own.find((cells) => cells.name === name) ?? []);
  const groups = groupBy.length === 0 ? null : groupRows(matches, groupBy, timeOf(own));
  const cells = groups?.cells ?? own;
  const rows = groups ? rowsThat(null, groups.length) : matches;
  const sort = query.sort.flatMap(({ column, descending }) => {
    const found = cells.find(({ name }) => name === column);
    return found ? [{ cells: found, descending }] : [];
  });
  const largest = cells.find(({ name }) => name === "count");
  if (groups && sort.length === 0 && largest) sort.push({ cells: largest, descending: true });
  const { from, count } = query;
  const ordered = sort.length === 0 ? rows : firstInOrder(rows, from + count, compareBy(sort));
  return {
    columns: cells.map(({ name }) => name),
    rows: Array.from(ordered.subarray(from, from + count), (row) => cells.map((one) => one.value(row))),
    total: view.length,
    matching: rows.length,
    dropped: table.dropped,
  };
}

function rowsThat(test: ((row: number) => boolean) | null, length: number): Uint32Array {
  const rows = new Uint32Array(length);
  let found = 0;
  for (let row = 0; row < length; row++) if (test === null || test(row)) rows[found++] = row;
  return rows.subarray(0, found);
}

const timeOf = (cells: readonly Cells[]): NumberCells | null =>
  cells.filter((one) => one.kind === "number").find(({ type }) => type === "time") ?? null;
