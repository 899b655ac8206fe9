/** Line-shaped output: splitting, and rows with a warning for every line that is not understood. */
import type { Parsed } from "../../parse.ts";
import { quote, Warnings } from "./warnings.ts";

/** Lines without their line ends (LF or CRLF); the empty piece after the last line end is none. */
export function splitLines(text: string): string[] {
  if (text === "") return [];
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines.map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line));
}

/**
 * One row a line. `make` gives the row, null for a line to skip silently, or undefined for a line it
 * cannot read, which becomes a warning with its line number. Blank lines are skipped.
 */
export function lineRows<T>(text: string, make: (line: string) => T | null | undefined): Parsed<T[]> {
  const warnings = new Warnings();
  const value: T[] = [];
  splitLines(text).forEach((line, index) => {
    if (line.trim() === "") return;
    const row = make(line);
    if (row === undefined) warnings.add("odd-line", `Not understood: ${quote(line)}.`, `line ${index + 1}`);
    else if (row !== null) value.push(row);
  });
  return { value, warnings: warnings.list() };
}

/** A decimal number that fits a double, or null. */
export function toInt(text: string | undefined): number | null {
  if (text === undefined || !/^-?\d{1,16}$/.test(text)) return null;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : null;
}
