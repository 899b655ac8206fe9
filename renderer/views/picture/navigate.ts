/**
 * The keyboard's way through the picture, and which rows are in sight. Pure: places in, places out.
 *
 * A place is a row's head (box null) or one of its boxes. Left and right follow packet order, up and
 * down go to the nearest thing in the next row.
 */

import type { PictureBox, PictureLayout, PictureRow, Place } from "../../../electron/core/layout/types.ts";
import type { Key } from "../../../electron/core/model/types.ts";

export type Move =
  | "left"
  | "right"
  | "up"
  | "down"
  | "first"
  | "last"
  | "page_up"
  | "page_down"
  | "row_start"
  | "row_end";

/** Keys of the keyboard → moves. */
export const MOVES: Readonly<Record<string, Move>> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
  Home: "row_start",
  End: "row_end",
  PageUp: "page_up",
  PageDown: "page_down",
};

const PAGE = 8;

/** Where a move leads; the same place at an edge. */
export function moveFrom(layout: PictureLayout, from: Place, move: Move): Place {
  const row = layout.rows[from.row];
  if (!row) return { row: 0, box: null };
  switch (move) {
    case "first":
      return { row: 0, box: null };
    case "last":
      return { row: layout.rows.length - 1, box: null };
    case "left":
    case "right":
    case "row_start":
    case "row_end": {
      const order = readingOrder(row);
      if (move === "row_start") return { ...from, box: null };
      if (move === "row_end") return { ...from, box: order.at(-1) ?? null };
      const at = from.box === null ? -1 : order.indexOf(from.box);
      const next = at + (move === "right" ? 1 : -1);
      return { ...from, box: next < 0 ? null : (order[next] ?? from.box) };
    }
    case "up":
    case "down": {
      const inside = withinRow(row, from, move === "down" ? 1 : -1);
      return inside ?? step(layout, from, move === "down" ? 1 : -1);
    }
    case "page_up":
      return step(layout, from, -PAGE);
    case "page_down":
      return step(layout, from, PAGE);
  }
}

/** The key that names a place in the page (`data-place`). */
export function keyOf(layout: PictureLayout, place: Place): Key | null {
  const row = layout.rows[place.row];
  if (!row) return null;
  return place.box === null ? row.key : (row.boxes[place.box]?.key ?? row.key);
}

/** Rows that touch the band from `top` to `bottom` (px at 100 %), as a half-open range. */
export function rowsBetween(rows: readonly PictureRow[], top: number, bottom: number): { from: number; to: number } {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = rows[middle];
    if (row && row.y + row.height <= top) low = middle + 1;
    else high = middle;
  }
  let to = low;
  while (to < rows.length && (rows[to]?.y ?? 0) < bottom) to++;
  return { from: low, to };
}

/** Boxes of a row as they are read: chains first from left to right, what hangs below after its box. */
function readingOrder(row: PictureRow): number[] {
  return row.boxes
    .map((box, index) => ({ box, index }))
    .sort((a, b) => group(a.box) - group(b.box) || a.box.y - b.box.y || a.box.x - b.box.x)
    .map(({ index }) => index);
}

function group(box: PictureBox): number {
  return box.kind === "entry" || box.kind === "attachment" || box.kind === "loose" ? 0 : 1;
}

/** Up and down inside a row that has several lines (maps, pipelines, wrapped lanes). */
function withinRow(row: PictureRow, from: Place, direction: 1 | -1): Place | null {
  const box = from.box === null ? undefined : row.boxes[from.box];
  if (!box) return null;
  const candidates = row.boxes
    .map((other, index) => ({ other, index }))
    .filter(({ other }) => (direction > 0 ? other.y >= box.y + box.h : other.y + other.h <= box.y));
  const best = nearest(candidates, box, (other) => Math.abs(other.y - box.y));
  return best === null ? null : { ...from, box: best };
}

function step(layout: PictureLayout, from: Place, by: number): Place {
  const target = Math.min(layout.rows.length - 1, Math.max(0, from.row + by));
  const row = layout.rows[target];
  const box = from.box === null ? undefined : layout.rows[from.row]?.boxes[from.box];
  if (!row || !box || target === from.row) return { row: target, box: target === from.row ? from.box : null };
  const candidates = row.boxes.map((other, index) => ({ other, index }));
  const edge = by > 0 ? 0 : row.height;
  return { row: target, box: nearest(candidates, box, (other) => Math.abs(other.y - edge)) };
}

/** The candidate nearest in y first, then in x. */
function nearest(
  candidates: readonly { other: PictureBox; index: number }[],
  box: PictureBox,
  distance: (other: PictureBox) => number,
): number | null {
  let best: number | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (const { other, index } of candidates) {
    const away = distance(other) * 4 + Math.abs(other.x - box.x);
    if (away < least) {
      least = away;
      best = index;
    }
  }
  return best;
}
