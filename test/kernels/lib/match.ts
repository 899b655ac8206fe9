/** Compares what a tracer told with what a case expects. Pure: differences come back as lines of text. */
import type { Expectation, Matcher } from "./cases.ts";

export type Line = Record<string, unknown>;
export type Variables = Readonly<Record<string, string>>;

/** Replaces `$NAME` and `${NAME}`. Throws when nothing has set it. */
export function fill(text: string, variables: Variables): string {
  return text.replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, (_all, braced?: string, plain?: string) => {
    const name = braced ?? plain ?? "";
    const value = variables[name];
    if (value === undefined) throw new Error(`$${name} was set by no script of the case`);
    return value;
  });
}

const asText = (value: unknown) =>
  typeof value === "object" && value !== null ? JSON.stringify(value) : String(value);

/** What the value is instead, or null when it is what it must be. */
function differs(value: unknown, matcher: Matcher, variables: Variables): string | null {
  const meant = (one: string | number | boolean | null) => (typeof one === "string" ? fill(one, variables) : one);
  const same = (one: string | number | boolean | null) =>
    one === null ? value === null || value === undefined : value != null && asText(value) === String(meant(one));
  const number = (one: string | number | boolean | null) => {
    const read = Number(meant(one));
    if (one === "" || one === null || Number.isNaN(read)) throw new Error(`${JSON.stringify(one)} is no number`);
    return read;
  };
  const isNumber = value !== null && value !== "" && !Number.isNaN(Number(value));
  const holds = () => {
    if (typeof matcher !== "object" || matcher === null) return same(matcher);
    if ("at_least" in matcher) return isNumber && Number(value) >= number(matcher.at_least);
    if ("at_most" in matcher) return isNumber && Number(value) <= number(matcher.at_most);
    if ("within" in matcher)
      return isNumber && Math.abs(Number(value) - number(matcher.within[0])) <= matcher.within[1];
    if ("matches" in matcher) return value != null && new RegExp(fill(matcher.matches, variables)).test(asText(value));
    if ("not" in matcher) return !same(matcher.not);
    return matcher.one_of.some(same);
  };
  return holds() ? null : `${asText(value)} instead of ${described(matcher, variables)}`;
}

function described(matcher: Matcher, variables: Variables): string {
  const text = typeof matcher === "string" ? matcher : JSON.stringify(matcher);
  const filled = fill(text, variables);
  return filled === text ? text : `${filled} (${text})`;
}

/** The value at a dotted path. */
export function at(line: Line, where: string): unknown {
  return where
    .split(".")
    .reduce<unknown>((part, name) => (part === null || part === undefined ? part : (part as Line)[name]), line);
}

function differences(line: Line, fields: Readonly<Record<string, Matcher>>, variables: Variables): string[] {
  return Object.entries(fields).flatMap(([where, matcher]) => {
    const what = differs(at(line, where), matcher, variables);
    return what === null ? [] : [`${where} is ${what}`];
  });
}

/** How the summary is not as expected. */
export function checkFields(
  what: string,
  line: Line,
  fields: Readonly<Record<string, Matcher>>,
  variables: Variables,
): string[] {
  return differences(line, fields, variables).map((one) => `${what}: ${one}`);
}

const SHOWN = 8;
const show = (lines: readonly Line[]) =>
  lines.length === 0
    ? "none"
    : lines
        .slice(0, SHOWN)
        .map((line) => `\n    ${JSON.stringify(line)}`)
        .join("") + (lines.length > SHOWN ? `\n    … ${lines.length} in all` : "");

/** How the lines of a record are not as expected. `lines` are those of this record. */
export function checkLines(expectation: Expectation, lines: readonly Line[], variables: Variables): string[] {
  const { record, where, sum = {}, each, are } = expectation;
  const chosen = lines.filter((line) => differences(line, where, variables).length === 0);
  const name = Object.keys(where).length === 0 ? record : `${record} where ${described(where as never, variables)}`;
  const wrong: string[] = [];
  if (expectation.lines !== undefined) {
    const what = differs(chosen.length, expectation.lines, variables);
    if (what !== null) wrong.push(`lines: ${what}`);
  }
  for (const [field, matcher] of Object.entries(sum)) {
    const total = chosen.reduce((so, line) => so + Number(at(line, field) ?? 0), 0);
    const what = differs(total, matcher, variables);
    if (what !== null) wrong.push(`sum of ${field}: ${what}`);
  }
  if (each) {
    if (chosen.length === 0) wrong.push("there is none");
    wrong.push(...new Set(chosen.flatMap((line) => differences(line, each, variables))));
  }
  if (are) {
    const left = [...chosen];
    for (const one of are) {
      const index = left.findIndex((line) => differences(line, one, variables).length === 0);
      if (index < 0) wrong.push(`there is no ${described(one as never, variables)}`);
      else left.splice(index, 1);
    }
    if (left.length > 0) wrong.push(`${left.length} that were not expected: ${show(left)}`);
  }
  return wrong.length === 0
    ? []
    : [`${name}: ${wrong.join("; ")}. The lines: ${show(chosen.length > 0 ? chosen : lines)}`];
}
