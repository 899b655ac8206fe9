/**
 * Typed access to the members of one JSON row.
 *
 * An optional member of the wrong type becomes null with a warning that names its path; a required one
 * that is missing or wrong leaves the whole row out. Members nobody asks for are not looked at: tools
 * add some with every release, and they stay readable in the row's `raw`.
 */
import type { Json, JsonObject } from "./json.ts";
import { quote, type Warnings } from "./warnings.ts";

/** What a parser of rows works with: the warnings, and the containers whose end was never read. */
export interface Context {
  warnings: Warnings;
  cut: ReadonlySet<object>;
}

/** Thrown by the `need…` methods and caught by {@link readRows}; never leaves the parsers. */
class RowUnusable {
  readonly path: string;
  readonly what: string;
  constructor(path: string, what: string) {
    this.path = path;
    this.what = what;
  }
}

export class Fields {
  readonly raw: JsonObject;
  readonly path: string;
  private readonly context: Context;

  constructor(raw: JsonObject, path: string, context: Context) {
    this.raw = raw;
    this.path = path;
    this.context = context;
  }

  /** The member as it is, undefined when the row has none of that name. */
  get(name: string): Json | undefined {
    return Object.hasOwn(this.raw, name) ? this.raw[name] : undefined;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** An integer that fits a double. */
  int(name: string): number | null {
    const value = this.get(name);
    if (value === undefined || value === null) return null;
    if (typeof value === "number" && Number.isSafeInteger(value)) return value;
    return this.wrong(name, "an integer", value);
  }

  /** An integer of any size as decimal text. */
  decimal(name: string): string | null {
    const value = this.get(name);
    if (value === undefined || value === null) return null;
    if (typeof value === "number" && Number.isSafeInteger(value)) return String(value);
    if (typeof value === "string" && /^-?\d{1,40}$/.test(value)) return value;
    return this.wrong(name, "an integer", value);
  }

  /** Text; a number becomes its digits (bpftool prints the number of a type it has no name for). */
  text(name: string): string | null {
    const value = this.get(name);
    if (value === undefined || value === null) return null;
    if (typeof value === "string") return value;
    if (typeof value === "number") return String(value);
    return this.wrong(name, "text", value);
  }

  /** true/false, or 0/1 as tc, ip and the map list of bpftool print it. */
  flag(name: string): boolean | null {
    const value = this.get(name);
    if (value === undefined || value === null) return null;
    if (typeof value === "boolean") return value;
    if (value === 0 || value === 1) return value === 1;
    return this.wrong(name, "true or false", value);
  }

  /** A list of integers; an absent member is an empty list. */
  ints(name: string): number[] {
    return this.list(name).filter((item, index): item is number => {
      if (typeof item === "number" && Number.isSafeInteger(item)) return true;
      this.wrong(`${name}[${index}]`, "an integer", item);
      return false;
    });
  }

  /** A list of texts; an absent member is an empty list. */
  texts(name: string): string[] {
    return this.list(name).filter((item, index): item is string => {
      if (typeof item === "string") return true;
      this.wrong(`${name}[${index}]`, "text", item);
      return false;
    });
  }

  /** The list under `name`, empty when absent; something else is one warning and an empty list. */
  list(name: string): Json[] {
    const value = this.get(name);
    if (value === undefined || value === null) return [];
    if (Array.isArray(value)) return value;
    this.wrong(name, "a list", value);
    return [];
  }

  object(name: string): Fields | null {
    const value = this.get(name);
    if (value === undefined || value === null) return null;
    if (isObject(value)) return new Fields(value, this.at(name), this.context);
    return this.wrong(name, "an object", value);
  }

  /** Rows of an inner list; half and unusable ones are left out with a warning. */
  rows<T>(name: string, make: (row: Fields) => T | null, options?: RowOptions): T[] {
    return readRows(this.list(name), this.at(name), this.context, make, options);
  }

  needInt(name: string): number {
    const value = this.get(name);
    if (typeof value === "number" && Number.isSafeInteger(value)) return value;
    throw new RowUnusable(this.at(name), "an integer");
  }

  needText(name: string): string {
    const value = this.get(name);
    if (typeof value === "string") return value;
    throw new RowUnusable(this.at(name), "text");
  }

  warn(code: string, message: string, name?: string): void {
    this.context.warnings.add(code, message, name === undefined ? this.path : this.at(name));
  }

  private at(name: string): string {
    return this.path === "" ? name : `${this.path}.${name}`;
  }

  private wrong(name: string, expected: string, value: Json): null {
    this.warn("wrong-type", `Expected ${expected}, got ${describe(value)}.`, name);
    return null;
  }
}

export interface RowOptions {
  /** Also read rows whose end is missing: for rows that are only containers of rows. */
  keep_cut?: boolean;
}

/**
 * Makes a row of each object in `list`. Left out with a warning: rows cut in the middle, objects that
 * only carry the tool's error, rows without a required member, items that are no objects. `make` may
 * return null to leave a row out silently.
 */
export function readRows<T>(
  list: readonly Json[],
  path: string,
  context: Context,
  make: (row: Fields) => T | null,
  options: RowOptions = {},
): T[] {
  const rows: T[] = [];
  list.forEach((item, index) => {
    const at = `${path}[${index}]`;
    if (!isObject(item)) {
      context.warnings.add("wrong-type", `Expected an object, got ${describe(item)}.`, at);
      return;
    }
    const row = readRow(item, at, context, make, options);
    if (row !== null) rows.push(row);
  });
  return rows;
}

/** {@link readRows} for a single object. */
export function readRow<T>(
  item: JsonObject,
  path: string,
  context: Context,
  make: (row: Fields) => T | null,
  options: RowOptions = {},
): T | null {
  if (isErrorObject(item)) {
    context.warnings.add("tool-error", `The tool reported: ${quote(String(item.error))}.`, path);
    return null;
  }
  if (context.cut.has(item) && !options.keep_cut) {
    context.warnings.add("cut-row", "The output ends inside this row; it is left out.", path);
    return null;
  }
  if (typeof item.error === "string") {
    context.warnings.add("tool-error", `The tool failed inside this row: ${quote(item.error)}.`, path);
  }
  try {
    return make(new Fields(item, path, context));
  } catch (problem) {
    if (!(problem instanceof RowUnusable)) throw problem;
    context.warnings.add("missing-field", `Needs ${problem.what}; the row is left out.`, problem.path);
    return null;
  }
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** `{"error": "…"}` and nothing else: how bpftool reports a failure in JSON mode. */
export function isErrorObject(value: Json | undefined): value is JsonObject & { error: string } {
  return isObject(value) && typeof value.error === "string" && Object.keys(value).length === 1;
}

function describe(value: Json): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "an object";
  return typeof value === "string" ? quote(value) : String(value);
}
