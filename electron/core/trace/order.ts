/** Puts rows in an order, and only as many of them as are looked at. */
import type { Cells } from "./cells.ts";

export type Compare = (a: number, b: number) => number;

/** Up to so many rows from the start a part is enough. */
const WORTH_SELECTING = 4096;

/** By these columns, what is null last, and equal rows as they came. */
export function compareBy(sort: readonly { cells: Cells; descending: boolean }[]): Compare {
  const all = sort.map(({ cells, descending }) => compareCells(cells, descending ? -1 : 1));
  const [first, ...others] = all;
  if (first && others.length === 0) return (a, b) => first(a, b) || a - b;
  return (a, b) => {
    for (const compare of all) {
      const order = compare(a, b);
      if (order !== 0) return order;
    }
    return a - b;
  };
}

function compareCells(cells: Cells, sign: 1 | -1): Compare {
  if (cells.kind === "number") {
    return (a, b) => {
      const [left, right] = [cells.at(a), cells.at(b)];
      if (left === right) return 0;
      if (Number.isNaN(left) || Number.isNaN(right)) return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
      return left < right ? -sign : sign;
    };
  }
  const ordered: (string | null | undefined)[] = [];
  const text = (row: number) => {
    const code = cells.code(row);
    const known = ordered[code];
    if (known !== undefined) return known;
    const made = cells.text(code);
    const key = made === null || cells.type !== "ip" ? made : addressKey(made);
    ordered[code] = key;
    return key;
  };
  return (a, b) => {
    const [left, right] = [text(a), text(b)];
    if (left === right) return 0;
    if (left === null || right === null) return left === null ? 1 : -1;
    return left < right ? -sign : sign;
  };
}

/** 10.0.0.9 comes before 10.0.0.10. */
function addressKey(text: string): string {
  return text.includes(":") ? `:${text}` : text.replace(/\d+/g, (part) => part.padStart(3, "0"));
}

/** The first `count` of the rows in that order; all of them when there are no more. */
export function firstInOrder(rows: Uint32Array, count: number, compare: Compare): Uint32Array {
  if (count >= rows.length || count > WORTH_SELECTING) return rows.slice().sort(compare).subarray(0, count);
  if (count === 0) return new Uint32Array(0);
  // A heap of the best so far, the worst of them on top: most rows are compared once and passed over.
  const heap = rows.slice(0, count);
  for (let at = (count >> 1) - 1; at >= 0; at--) sink(heap, at, compare);
  for (let next = count; next < rows.length; next++) {
    const row = rows[next] ?? 0;
    if (compare(row, heap[0] ?? 0) >= 0) continue;
    heap[0] = row;
    sink(heap, 0, compare);
  }
  return heap.sort(compare);
}

function sink(heap: Uint32Array, from: number, compare: Compare): void {
  const row = heap[from] ?? 0;
  let at = from;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && compare(heap[child + 1] ?? 0, heap[child] ?? 0) > 0) child += 1;
    const below = heap[child] ?? 0;
    if (compare(below, row) <= 0) break;
    heap[at] = below;
    at = child;
  }
  heap[at] = row;
}
