/**
 * A table as it is asked: its columns and those that are joined to them (`pod`, `container`, `ifname`), each with one
 * way to read a row.
 */
import type { NumberColumn, TextColumn } from "./columns.ts";
import { cgroupFields } from "./join-line.ts";
import type { FieldType } from "./manifest.ts";
import type { TraceNames } from "./names.ts";
import type { RecordField, TableView } from "./table.ts";

interface Named {
  name: string;
  type: FieldType;
  /** As it is given out. */
  value(row: number): unknown;
}

export interface NumberCells extends Named {
  kind: "number";
  /** NaN: null. */
  at(row: number): number;
}

export interface TextCells extends Named {
  kind: "text";
  code(row: number): number;
  /** Codes are below this; null where that is known only after all rows were looked at. */
  size: number | null;
  /** Of a code; the same text may have several. Null: there is none. */
  text(code: number): string | null;
}

export type Cells = NumberCells | TextCells;

/** The record's fields in order, then what is joined. */
export function cellsOf(view: TableView, names: TraceNames): Cells[] {
  const own = view.fields.flatMap((field, index): Cells[] => {
    const column = view.columns[index];
    if (!column) return [];
    return [column.kind === "number" ? numberCells(field, column, view) : textCells(field, column, view)];
  });
  return [...own, ...joined(view, own, names)];
}

function numberCells({ name, type }: RecordField, column: NumberColumn, { place }: TableView): NumberCells {
  const at = (row: number) => column.at(place(row));
  return { kind: "number", name, type, at, value: (row) => column.value(place(row)) };
}

function textCells({ name, type }: RecordField, column: TextColumn, { place }: TableView): TextCells {
  const { size } = column;
  const code = (row: number) => column.code(place(row));
  const value = (row: number) => column.value(code(row));
  return { kind: "text", name, type, code, size, text: (of) => column.text(of), value };
}

function joined(view: TableView, own: readonly Cells[], names: TraceNames): Cells[] {
  const ofCgroups = cgroupFields(view).flatMap(({ field, ...joins }) => {
    const cgroup = own.find(({ name }) => name === field);
    if (cgroup?.kind !== "text") return [];
    const { code, size } = cgroup;
    return (["pod", "container"] as const).map((what): TextCells => {
      const text = (of: number) => names.ofCgroup(cgroup.text(of) ?? "")[what];
      return { kind: "text", name: joins[what], type: "text", code, size, text, value: (row) => text(code(row)) };
    });
  });
  return [...ofCgroups, ...ifnames(own, names)];
}

/** An index alone names no interface: every namespace has its own. */
function ifnames(own: readonly Cells[], names: TraceNames): TextCells[] {
  const ifindex = own.find((cells) => cells.type === "ifindex");
  const netns = own.find(({ name }) => name === "netns");
  if (ifindex?.kind !== "number" || !netns || own.some(({ name }) => name === "ifname")) return [];
  const codes = new Map<string, number>();
  const texts: (string | null)[] = [null];
  const code = (row: number) => {
    const where = netns.value(row);
    const key = `${where} ${ifindex.at(row)}`;
    const known = codes.get(key);
    if (known !== undefined) return known;
    const name = where === null ? null : names.ifname(String(where), ifindex.at(row));
    const fresh = name === null ? 0 : texts.push(name) - 1;
    codes.set(key, fresh);
    return fresh;
  };
  const text = (of: number) => texts[of] ?? null;
  return [{ kind: "text", name: "ifname", type: "text", code, size: null, text, value: (row) => text(code(row)) }];
}
