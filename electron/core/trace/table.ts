/**
 * The records of one name: the newest of those that happened, or the last of each key of those that are totals.
 * Bounded in rows and in text; what is no longer held is counted.
 */
import { type Column, columnOf, textOf } from "./columns.ts";
import type { TraceSchema } from "./protocol.ts";

export type RecordSchema = TraceSchema["records"][string];
export type RecordField = RecordSchema["fields"][number];

/** Rows of a record that are held. */
const MAX_ROWS = 200_000;
/** Characters of all texts of a record that are held. */
const MAX_TEXT = 64 * 1024 * 1024;
/** A record has not more columns than this, whatever the tracer declares. */
const MAX_FIELDS = 64;
/** Totals are kept as they were for so many pauses. */
const FROZEN_KEPT = 2;

export interface TableLimits {
  rows: number;
  text: number;
}

/** Rows in the order they came; valid until the table takes the next record. */
export interface TableView {
  fields: readonly RecordField[];
  columns: readonly Column[];
  length: number;
  /** The place of a row in the columns. */
  place(row: number): number;
}

export class RecordTable {
  readonly kind: RecordSchema["kind"];
  readonly fields: readonly RecordField[];
  /** Records that came, also those that replaced another. */
  arrived = 0;
  /** Rows that are not held any more, or never were. */
  dropped = 0;
  private columns: Column[];
  private length = 0;
  /** Place of the oldest row. */
  private first = 0;
  /** Indexes of the fields that tell one total from another. */
  private readonly keys: readonly number[];
  private readonly placeOf = new Map<string, number>();
  private readonly limits: TableLimits;
  private readonly frozen = new Map<number, TableView>();

  constructor({ kind, fields }: RecordSchema, limits: TableLimits = { rows: MAX_ROWS, text: MAX_TEXT }) {
    this.kind = kind;
    this.fields = fields.slice(0, MAX_FIELDS);
    this.columns = this.fields.map(({ type }) => columnOf(type));
    this.keys = this.fields.flatMap(({ key }, index) => (key ? [index] : []));
    this.limits = limits;
  }

  add(members: Readonly<Record<string, unknown>>): void {
    this.arrived += 1;
    const place = this.kind === "total" ? this.placeOfTotal(members) : this.placeOfEvent();
    if (place === null) return;
    this.fields.forEach(({ name }, index) => {
      this.columns[index]?.set(place, Object.hasOwn(members, name) ? members[name] : null);
    });
    // Looking now and then is enough: the limits are far apart from what a machine has.
    if (this.arrived % 1024 === 0) this.tidy();
  }

  /**
   * Events: without those that came after the first `until`. Totals change in place: with `until` they are as they
   * were when that was asked for first.
   */
  view(until?: number): TableView {
    if (until === undefined) return this.now(this.length);
    if (this.kind === "event") return this.now(Math.max(0, Math.min(this.length, this.length - this.arrived + until)));
    const known = this.frozen.get(until);
    if (known) return known;
    const { length, fields } = this;
    const view = { fields, columns: this.columns.map((column) => column.copy()), length, place: (row: number) => row };
    this.frozen.set(until, view);
    for (const old of this.frozen.keys()) if (this.frozen.size > FROZEN_KEPT) this.frozen.delete(old);
    return view;
  }

  private now(length: number): TableView {
    const { fields, columns, first } = this;
    const { rows } = this.limits;
    const place = (row: number) => (first + row < rows ? first + row : first + row - rows);
    return { fields, columns, length, place };
  }

  private placeOfEvent(): number {
    const { rows } = this.limits;
    if (this.length === rows) this.dropOldest(1);
    const place = (this.first + this.length) % rows;
    this.length += 1;
    return place;
  }

  /** Null when there is no place for another. */
  private placeOfTotal(members: Readonly<Record<string, unknown>>): number | null {
    const key = this.keys.map((index) => keyText(members[this.fields[index]?.name ?? ""])).join("\x1f");
    const known = this.placeOf.get(key);
    if (known !== undefined) return known;
    if (this.length === this.limits.rows || this.text() > this.limits.text) {
      this.dropped += 1;
      return null;
    }
    const place = this.length;
    this.placeOf.set(key, place);
    this.length += 1;
    return place;
  }

  private dropOldest(count: number): void {
    this.first = (this.first + count) % this.limits.rows;
    this.length -= count;
    this.dropped += count;
  }

  private text(): number {
    return this.columns.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  private tidy(): void {
    this.clean(this.length);
    if (this.text() <= this.limits.text) return;
    this.clean(0);
    // A quarter of room, so that this is not done again for a while.
    while (this.kind === "event" && this.length > 1 && this.text() > this.limits.text * 0.75) {
      this.dropOldest(this.length >> 1);
      this.clean(0);
    }
  }

  /** `count`: rows whose texts may stay although they are not used. */
  private clean(count: number): void {
    const { place, length } = this.now(this.length);
    const places = function* () {
      for (let row = 0; row < length; row++) yield place(row);
    };
    for (const column of this.columns) column.clean(places(), count);
  }
}

const keyText = (value: unknown) => (value === null || value === undefined ? "\0" : textOf(value));
