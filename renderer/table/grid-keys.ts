/** Keyboard of a grid as a pure step: where the cursor goes and what is marked. Row -1 is the header. */

export interface Cursor {
  /** -1 is the row of titles. */
  row: number;
  column: number;
  /** Other end of the marked rows; equal to `row` when one row is marked. */
  anchor: number;
}

export interface GridSize {
  rows: number;
  columns: number;
  /** Rows that fit on the screen. */
  page: number;
}

/** The cursor after a key, or null when the key moves nothing. */
export function moveCursor(
  cursor: Cursor,
  key: { key: string; shift: boolean; mod: boolean },
  size: GridSize,
): Cursor | null {
  const last = size.rows - 1;
  const to = (row: number): Cursor => {
    const target = Math.max(-1, Math.min(last, row));
    return { ...cursor, row: target, anchor: key.shift && target >= 0 ? Math.max(0, cursor.anchor) : target };
  };
  const across = (column: number): Cursor => ({
    ...cursor,
    column: Math.max(0, Math.min(size.columns - 1, column)),
  });
  switch (key.key) {
    case "ArrowDown":
      return to(cursor.row + 1);
    case "ArrowUp":
      return to(cursor.row - 1);
    case "PageDown":
      return to(cursor.row + size.page);
    case "PageUp":
      return to(Math.max(Math.min(0, last), cursor.row - size.page));
    case "ArrowRight":
      return across(cursor.column + 1);
    case "ArrowLeft":
      return across(cursor.column - 1);
    case "Home":
      return key.mod ? across(0) : to(Math.min(0, last));
    case "End":
      return key.mod ? across(size.columns - 1) : to(last);
    case "a":
      return key.mod && last >= 0 ? { ...cursor, row: last, anchor: 0 } : null;
    default:
      return null;
  }
}

/** First and last marked row, or null when the cursor is on the titles. */
export function markedRange(cursor: Cursor): { first: number; last: number } | null {
  if (cursor.row < 0) return null;
  return { first: Math.min(cursor.row, cursor.anchor), last: Math.max(cursor.row, cursor.anchor) };
}
