/**
 * The filter of a trace's rows: words that must all hold.
 *
 *     word            occurs in one of the row's texts, or is one of its numbers
 *     column:word     occurs in that column
 *     column=value    is the column's value; also !=, and > >= < <= of numbers
 *     -word           must not hold; of any of these
 *     "two words"     a word with spaces; also after an operator
 *
 * Letters' case does not matter. What names no column of the table is a word like any other, as `fe80::1` is.
 */
import type { Cells, NumberCells, TextCells } from "./cells.ts";

type Test = (row: number) => boolean;

/** Null for a filter that keeps everything. */
export function compileFilter(filter: string, cells: readonly Cells[]): Test | null {
  const tests = [...filter.matchAll(/-?(?:"[^"]*"?|[^\s"])+/g)].flatMap(([term]) => testOf(term, cells) ?? []);
  const [only, ...others] = tests;
  if (!only || others.length === 0) return only ?? null;
  return (row) => tests.every((test) => test(row));
}

const OPERATOR = /^([a-z][a-z0-9_]*)(!=|>=|<=|[:=<>])(.*)$/s;

function testOf(term: string, cells: readonly Cells[]): Test | null {
  if (term.startsWith("-")) {
    const test = testOf(term.slice(1), cells);
    return test && ((row) => !test(row));
  }
  const [, name, operator = "", operand = ""] = OPERATOR.exec(term) ?? [];
  const column = cells.find((one) => one.name === name);
  if (column) return ofColumn(column, operator, unquoted(operand));
  const word = unquoted(term).toLowerCase();
  if (word === "") return null;
  const isNumber = !Number.isNaN(numberOf(word));
  const tests = cells.flatMap((one) => {
    if (one.kind === "text") return contains(one, word) ?? [];
    return isNumber ? equals(one, word) : [];
  });
  return any(tests);
}

function any(tests: readonly Test[]): Test {
  const [only, ...others] = tests;
  if (!only) return never;
  return others.length === 0 ? only : (row) => tests.some((test) => test(row));
}

function ofColumn(column: Cells, operator: string, operand: string): Test {
  if (column.kind === "text") {
    const wanted = operand.toLowerCase();
    if (operator === ":") return contains(column, wanted) ?? never;
    const same = matching(column, (text) => text.toLowerCase() === wanted) ?? never;
    if (operator === "=") return same;
    if (operator === "!=") return (row) => !same(row);
    // Texts that are numbers (hexadecimal, or too large for one) are compared as numbers.
    const number = numberOf(operand);
    return matching(column, (text) => compares(numberOf(text), operator, number)) ?? never;
  }
  const number = numberOf(operand);
  const { at } = column;
  if (operator === ":" || operator === "=") return equals(column, operand);
  if (operator === "!=") return (row) => at(row) !== number;
  return (row) => compares(at(row), operator, number);
}

function equals(column: NumberCells, operand: string): Test {
  const number = numberOf(operand);
  return Number.isNaN(number) ? () => false : (row) => column.at(row) === number;
}

function contains(column: TextCells, wanted: string): Test | null {
  return matching(column, (text) => text.toLowerCase().includes(wanted));
}

/** Each text is looked at once, however many rows have it. Null when it holds for none. */
function matching(column: TextCells, test: (text: string) => boolean): Test | null {
  const { code, text, size } = column;
  const holds = (of: number) => {
    const found = text(of);
    return found !== null && test(found);
  };
  if (size === null) return remembered(code, holds);
  const known = Uint8Array.from({ length: size }, (_, of) => Number(holds(of)));
  return known.includes(1) ? (row) => known[code(row)] === 1 : null;
}

function remembered(code: TextCells["code"], holds: (of: number) => boolean): Test {
  const known: (boolean | undefined)[] = [];
  return (row) => {
    const of = code(row);
    known[of] ??= holds(of);
    return known[of] === true;
  };
}

const never: Test = () => false;

function compares(value: number, operator: string, to: number): boolean {
  if (operator === ">") return value > to;
  if (operator === ">=") return value >= to;
  return operator === "<" ? value < to : value <= to;
}

/** NaN for what is no number; an empty text is none. */
const numberOf = (text: string) => (text.trim() === "" ? Number.NaN : Number(text));

const unquoted = (text: string) => text.replaceAll('"', "");
