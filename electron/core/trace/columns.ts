/**
 * Columns of a table of records: numbers as doubles, everything else as a code into a dictionary of its texts.
 *
 * A column knows places, not the order of rows; which place a row has is the table's business. Whatever a record
 * holds is taken: what does not fit its type is kept as text, or is null in a column of numbers.
 */
import type { FieldType } from "./manifest.ts";

/** A text longer than this is cut, in characters. */
const LONGEST_TEXT = 16_384;
/** A dictionary may hold so many entries that no row uses, or as many as there are rows. */
const SPARE_ENTRIES = 4096;

const NUMBERS: ReadonlySet<FieldType> = new Set(["time", "u64", "i64", "f64", "port", "ifindex"]);

export type Column = NumberColumn | TextColumn;

export function columnOf(type: FieldType): Column {
  return NUMBERS.has(type) ? new NumberColumn() : new TextColumn();
}

export class NumberColumn {
  readonly kind = "number";
  /** NaN: null. */
  private data = new Float64Array(64);
  /** Decimal text of numbers above 2^53, by place. */
  private exact = new Map<number, string>();
  /** Of texts: none here. */
  readonly bytes = 0;

  set(place: number, value: unknown): void {
    if (place >= this.data.length) this.data = grown(this.data, new Float64Array(roomFor(place)));
    const number = numberOf(value);
    this.data[place] = number;
    if (typeof value === "string" && !Number.isSafeInteger(number) && Number.isFinite(number)) {
      this.exact.set(place, value);
    } else if (this.exact.size > 0) this.exact.delete(place);
  }

  at(place: number): number {
    return this.data[place] ?? Number.NaN;
  }

  /** As it is given out: a number, decimal text where that is exact, or null. */
  value(place: number): number | string | null {
    const number = this.at(place);
    return Number.isNaN(number) ? null : (this.exact.get(place) ?? number);
  }

  /** Nothing to clean. */
  clean(): void {}

  copy(): NumberColumn {
    const copy = new NumberColumn();
    copy.data = this.data.slice();
    copy.exact = new Map(this.exact);
    return copy;
  }
}

export class TextColumn {
  readonly kind = "text";
  /** 0: null. */
  private codes = new Int32Array(64);
  private texts: (string | null)[] = [null];
  private values: unknown[] = [null];
  private codeOf = new Map<string, number>();
  /** Characters of all texts. */
  bytes = 0;

  set(place: number, value: unknown): void {
    if (place >= this.codes.length) this.codes = grown(this.codes, new Int32Array(roomFor(place)));
    this.codes[place] = value === null || value === undefined ? 0 : this.encode(value);
  }

  code(place: number): number {
    return this.codes[place] ?? 0;
  }

  /** Codes are below this. */
  get size(): number {
    return this.texts.length;
  }

  /** For search and order. */
  text(code: number): string | null {
    return this.texts[code] ?? null;
  }

  /** As it is given out: text, a list of texts, true or false, or null. */
  value(code: number): unknown {
    return this.values[code] ?? null;
  }

  /** Forgets texts of rows that are gone, when there are many. `places`: of the rows that are left, `count` of them. */
  clean(places: Iterable<number>, count: number): void {
    if (this.texts.length <= count + Math.max(count, SPARE_ENTRIES)) return;
    const { texts, values } = this;
    const codes = new Int32Array(texts.length);
    this.texts = [null];
    this.values = [null];
    this.codeOf = new Map();
    this.bytes = 0;
    for (const place of places) {
      const code = this.codes[place] ?? 0;
      const text = texts[code] ?? null;
      if (text === null) continue;
      codes[code] ||= this.add(text, values[code]);
      this.codes[place] = codes[code] ?? 0;
    }
  }

  copy(): TextColumn {
    const copy = new TextColumn();
    copy.codes = this.codes.slice();
    copy.texts = this.texts.slice();
    copy.values = this.values.slice();
    copy.codeOf = new Map(this.codeOf);
    copy.bytes = this.bytes;
    return copy;
  }

  private encode(value: unknown): number {
    const text = textOf(value);
    const known = this.codeOf.get(text);
    if (known !== undefined) return known;
    return this.add(text, givenOut(value, text));
  }

  private add(text: string, value: unknown): number {
    const code = this.texts.length;
    this.texts.push(text);
    this.values.push(value);
    this.codeOf.set(text, code);
    this.bytes += text.length;
    return code;
  }
}

function roomFor(place: number): number {
  return Math.max(64, 2 ** Math.ceil(Math.log2(place + 1)));
}

function grown<T extends Float64Array | Int32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}

function numberOf(value: unknown): number {
  if (typeof value === "number") return value;
  // Numbers above 2^53 come as text.
  return typeof value === "string" && /^-?\d{1,20}(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
}

/** As it is searched and ordered: a list as its elements with spaces between, an object as JSON. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return cut(value);
  if (Array.isArray(value)) return cut(value.map((one) => (typeof one === "string" ? one : json(one))).join(" "));
  return cut(typeof value === "object" ? json(value) : String(value));
}

function givenOut(value: unknown, text: string): unknown {
  if (typeof value === "boolean") return value;
  if (!Array.isArray(value)) return text;
  let left = LONGEST_TEXT;
  const elements: string[] = [];
  for (const one of value) {
    const element = typeof one === "string" ? one : json(one);
    left -= element.length + 1;
    if (left < 0) return [...elements, "…"];
    elements.push(element);
  }
  return elements;
}

function json(value: unknown): string {
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    // Nested deeper than can be written.
    return "…";
  }
}

const cut = (text: string) => (text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT)}…`);
