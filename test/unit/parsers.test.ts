/**
 * Every parser against every case under test/fixtures/<section>/<case>: input.txt as a tool printed it,
 * expected.json as `{value, warnings}`. `raw` is left out of the comparison (it repeats the input) but
 * must be there. `UPDATE_EXPECTED=1` rewrites the expected files; read the difference before keeping it.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { allParsers } from "../../electron/core/facts/facts.ts";

const FIXTURES = join(import.meta.dirname, "../fixtures");

const casesOf = (section: string): string[] => {
  const dir = join(FIXTURES, section);
  return existsSync(dir) ? readdirSync(dir).sort() : [];
};

/** A copy without any member called `raw`, at any depth outside of it. */
function withoutRaw(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutRaw);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, inner]) => (name === "raw" ? [] : [[name, withoutRaw(inner)]])),
  );
}

describe.each([...allParsers().values()])("the parser of $section", (parser) => {
  const cases = casesOf(parser.section);

  it("has cases", () => {
    expect(cases, `test/fixtures/${parser.section} is missing or empty`).not.toEqual([]);
  });

  it.each(cases)("reads %s", (name) => {
    const dir = join(FIXTURES, parser.section, name);
    const parsed = withoutRaw(parser.parse(readFileSync(join(dir, "input.txt"), "utf8")));
    const file = join(dir, "expected.json");
    if (process.env.UPDATE_EXPECTED) writeFileSync(file, `${JSON.stringify(parsed, null, 1)}\n`);
    expect(parsed).toEqual(JSON.parse(readFileSync(file, "utf8")));
  });
});

it("keeps no cases of sections that have no parser", () => {
  expect(readdirSync(FIXTURES).filter((section) => !allParsers().has(section))).toEqual([]);
});
