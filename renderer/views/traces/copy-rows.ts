/** Copies rows of a record: they are read from the host, for most of them were never on screen. */

import { errorData } from "../../host/error-data.ts";
import { copyText, notify } from "../../stores/notice.ts";
import type { RowsWindow } from "../../stores/traces/rows.ts";
import { type Column, toTsv } from "../../table/columns.ts";
import { countText, plural } from "../../ui/format.ts";
import type { Row } from "./cells.tsx";

/** More is for the session's file, not for a clipboard. */
const MOST = 50_000;
const AT_ONCE = 5000;

/** Rows `first` to `last` of the query as it is, as a table with titles, or as JSON with the fields' names. */
export async function copyRows(
  rows: RowsWindow,
  range: { first: number; last: number },
  columns: readonly Column<Row>[],
  as: "tsv" | "json",
): Promise<void> {
  const wanted = range.last - range.first + 1;
  try {
    const { found, names } = await readRows(rows, range.first, Math.min(wanted, MOST));
    const places = columns.map(({ id }) => names.indexOf(id));
    const text =
      as === "tsv"
        ? toTsv(found, columns)
        : JSON.stringify(
            found.map((row) => Object.fromEntries(columns.map(({ id }, at) => [id, row[places[at] ?? -1] ?? null]))),
            null,
            2,
          );
    const cut =
      wanted > MOST ? `the first ${countText(MOST)} of ${plural(wanted, "row")}` : plural(found.length, "row");
    await copyText(text, cut);
  } catch (error) {
    const { message, hint } = errorData(error);
    notify({ kind: "error", text: message, hint });
  }
}

async function readRows(rows: RowsWindow, from: number, count: number) {
  const found: unknown[][] = [];
  let names: readonly string[] = [];
  while (found.length < count) {
    const answer = await rows.read(from + found.length, Math.min(AT_ONCE, count - found.length));
    names = answer.columns;
    found.push(...answer.rows);
    if (answer.rows.length === 0) break;
  }
  return { found, names };
}
