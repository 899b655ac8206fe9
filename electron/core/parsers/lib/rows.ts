/** The usual shape of a tool's JSON, a list of rows, read into typed rows. */
import type { Parsed } from "../../parse.ts";
import { type Context, type Fields, isObject, type RowOptions, readRow, readRows } from "./fields.ts";
import { type Json, readJson } from "./json.ts";
import { Warnings } from "./warnings.ts";

export interface JsonRowsOptions extends RowOptions {
  /** True where a tool prints nothing at all when there is nothing to list. */
  empty_is_none?: boolean;
}

/**
 * Rows of every document in `text`. A list gives its rows; a lone object is one row, because bpftool
 * prints an object instead of a list when one id was asked for; `null` and empty output give none.
 */
export function jsonRows<T>(text: string, make: (row: Fields) => T | null, options: JsonRowsOptions = {}): Parsed<T[]> {
  const { documents, context } = openJson(text, options);
  const value = documents.flatMap(({ document, path }) => documentRows(document, path, context, make, options));
  return { value, warnings: context.warnings.list() };
}

/** The documents of `text` with the path prefix of each, and the context to read rows with. */
export function openJson(
  text: string,
  options: JsonRowsOptions = {},
): { documents: { document: Json; path: string }[]; context: Context } {
  const read = readJson(text);
  const warnings = new Warnings();
  for (const warning of read.warnings) warnings.add(warning.code, warning.message, warning.path);
  const blank = text.trim() === "";
  if (read.documents.length === 0 && !(blank && options.empty_is_none)) {
    warnings.add("no-json", blank ? "The tool printed nothing." : "The output holds no JSON.");
  }
  const documents = read.documents.map((document, index) => ({
    document,
    path: index === 0 ? "" : `document ${index + 1} `,
  }));
  return { documents, context: { warnings, cut: read.cut } };
}

export function documentRows<T>(
  document: Json,
  path: string,
  context: Context,
  make: (row: Fields) => T | null,
  options: RowOptions = {},
): T[] {
  if (Array.isArray(document)) return readRows(document, path, context, make, options);
  if (isObject(document)) {
    const row = readRow(document, path, context, make, options);
    return row === null ? [] : [row];
  }
  context.warnings.add("no-list", "The tool printed no list of rows.", path);
  return [];
}

/** Adds `more` to `list`. `push(...more)` would overflow the stack with a hundred thousand rows. */
export function append<T>(list: T[], more: readonly T[]): void {
  for (const item of more) list.push(item);
}
