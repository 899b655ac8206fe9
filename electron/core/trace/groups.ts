/** Rows put together by what they have in common: how many, and when the first and the last was. */
import type { Cells, NumberCells, TextCells } from "./cells.ts";

/** A table of groups, to be asked like one of records: the columns, then `count`, `first`, `last`. */
export interface Groups {
  cells: Cells[];
  length: number;
}

/** `time`: the column whose least and greatest values are `first` and `last`. */
export function groupRows(rows: Uint32Array, by: readonly Cells[], time: NumberCells | null): Groups {
  let ids = new Uint32Array(rows.length);
  let length = rows.length === 0 ? 0 : 1;
  for (const cells of by) ({ ids, length } = split(rows, ids, cells));
  const count = new Float64Array(length);
  const first = new Float64Array(length).fill(Number.NaN);
  const last = new Float64Array(length).fill(Number.NaN);
  /** A row of each group, which has the group's values. */
  const example = new Uint32Array(length);
  for (let at = 0; at < rows.length; at++) {
    const [id = 0, row = 0] = [ids[at], rows[at]];
    if (count[id] === 0) example[id] = row;
    count[id] = (count[id] ?? 0) + 1;
    const when = time ? time.at(row) : Number.NaN;
    if (Number.isNaN(when)) continue;
    if (!((first[id] ?? 0) <= when)) first[id] = when;
    if (!((last[id] ?? 0) >= when)) last[id] = when;
  }
  const row = (group: number) => example[group] ?? 0;
  const columns = by.map((cells): Cells => {
    const value = (group: number) => cells.value(row(group));
    if (cells.kind === "number") return { ...cells, at: (group) => cells.at(row(group)), value };
    return { ...cells, code: (group) => cells.code(row(group)), value };
  });
  return { cells: [...columns, numbers("count", count), numbers("first", first), numbers("last", last)], length };
}

/** Every group of before, by this column's values. */
function split(
  rows: Uint32Array,
  before: Uint32Array,
  cells: Cells,
): { ids: Uint32Array<ArrayBuffer>; length: number } {
  const ids = new Uint32Array(rows.length);
  const codeOf = cells.kind === "number" ? numberCode(cells) : textCode(cells);
  const seen = new Map<number, number>();
  for (let at = 0; at < rows.length; at++) {
    // Both are below 2^26, so that the sum is exact.
    const key = (before[at] ?? 0) * 2 ** 26 + codeOf(rows[at] ?? 0);
    let id = seen.get(key);
    if (id === undefined) {
      id = seen.size;
      seen.set(key, id);
    }
    ids[at] = id;
  }
  return { ids, length: seen.size };
}

function numberCode(cells: NumberCells): (row: number) => number {
  const codes = new Map<number, number>();
  return (row) => {
    const value = cells.at(row);
    const known = codes.get(value);
    if (known !== undefined) return known;
    codes.set(value, codes.size);
    return codes.size - 1;
  };
}

/** Several codes may stand for one text: two cgroups of one pod. */
function textCode(cells: TextCells): (row: number) => number {
  const codes = new Map<string | null, number>();
  const known: (number | undefined)[] = [];
  return (row) => {
    const own = cells.code(row);
    const before = known[own];
    if (before !== undefined) return before;
    const text = cells.text(own);
    const code = codes.get(text) ?? codes.size;
    codes.set(text, code);
    known[own] = code;
    return code;
  };
}

function numbers(name: string, data: Float64Array): NumberCells {
  const at = (group: number) => data[group] ?? Number.NaN;
  const value = (group: number) => (Number.isNaN(at(group)) ? null : at(group));
  return { kind: "number", name, type: name === "count" ? "u64" : "time", at, value };
}
