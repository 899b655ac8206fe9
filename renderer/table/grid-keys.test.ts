import { expect, it } from "vitest";
import { type Cursor, markedRange, moveCursor } from "./grid-keys.ts";

const size = { rows: 100, columns: 4, page: 10 };
const at = (row: number, column = 0, anchor = row): Cursor => ({ row, column, anchor });
const press = (cursor: Cursor, key: string, more: { shift?: boolean; mod?: boolean } = {}, within = size) =>
  moveCursor(cursor, { key, shift: more.shift ?? false, mod: more.mod ?? false }, within);

it("moves by row, page and to the ends, never outside", () => {
  expect(press(at(0), "ArrowDown")).toEqual(at(1));
  expect(press(at(99), "ArrowDown")).toEqual(at(99));
  expect(press(at(5), "PageDown")).toEqual(at(15));
  expect(press(at(5), "PageUp")).toEqual(at(0));
  expect(press(at(5), "Home")).toEqual(at(0));
  expect(press(at(5), "End")).toEqual(at(99));
});

it("reaches the titles above the first row", () => {
  expect(press(at(0), "ArrowUp")).toEqual(at(-1));
  expect(markedRange(at(-1))).toBeNull();
});

it("moves between columns without losing the marked rows", () => {
  expect(press(at(7, 1, 3), "ArrowRight")).toEqual(at(7, 2, 3));
  expect(press(at(7, 3, 3), "ArrowRight")).toEqual(at(7, 3, 3));
  expect(press(at(7, 3, 7), "Home", { mod: true })).toEqual(at(7, 0, 7));
});

it("marks rows with Shift and all rows with the modifier and A", () => {
  const marked = press(at(5), "ArrowUp", { shift: true });
  expect(marked).toEqual(at(4, 0, 5));
  expect(markedRange(marked ?? at(0))).toEqual({ first: 4, last: 5 });
  expect(press(at(5), "a", { mod: true })).toEqual(at(99, 0, 0));
});

it("leaves other keys and an empty table alone", () => {
  expect(press(at(5), "x")).toBeNull();
  expect(press(at(5), "a")).toBeNull();
  expect(press(at(-1), "ArrowDown", {}, { ...size, rows: 0 })).toEqual(at(-1));
});
