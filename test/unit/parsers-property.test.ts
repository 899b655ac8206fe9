/**
 * What must hold for any input: a parser gives rows of its own shape and warnings, quickly, and throws
 * on nothing; and output that was cut anywhere never yields a row that the whole output does not.
 *
 * A million inputs are made from the fixtures by a small seeded mutator (fast-check is too slow for that
 * number; it makes the inputs nobody has seen). FUZZ_SEED and FUZZ_INPUTS repeat or vary a run.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allParsers, readFacts } from "../../electron/core/facts/facts.ts";
import { readJson } from "../../electron/core/parsers/lib/json.ts";

const FIXTURES = join(import.meta.dirname, "../fixtures");
const SEED = Number(process.env.FUZZ_SEED ?? 20_261_121);
const INPUTS = Number(process.env.FUZZ_INPUTS ?? 1_000_000);
/** No input of this size may take longer, on a loaded machine with a garbage collection in between. */
const SLOWEST_MS = 5_000;
/** Most inputs are small pieces, so that a million take seconds; every sixteenth is a large one. */
const SMALL = 512;
const LARGE = 2_048;

const parsers = [...allParsers().values()];

/** input.txt and expected.json of every case of one section. */
const fixturesOf = (section: string): { input: string; expected: { value: unknown } }[] =>
  readdirSync(join(FIXTURES, section)).map((name) => ({
    input: readFileSync(join(FIXTURES, section, name, "input.txt"), "utf8"),
    expected: JSON.parse(readFileSync(join(FIXTURES, section, name, "expected.json"), "utf8")),
  }));

/** Kinds a member was seen with; a member that was only ever null may be anything. */
type Shape = Map<string, Set<string>>;

const kindOf = (value: unknown): string => (Array.isArray(value) ? "list" : value === null ? "null" : typeof value);

function learn(shape: Shape, value: unknown, path: string): void {
  const kinds = shape.get(path) ?? new Set<string>();
  shape.set(path, kinds.add(kindOf(value)));
  if (Array.isArray(value)) for (const item of value) learn(shape, item, `${path}[]`);
  // Members under these are the tool's own words, not part of a row's shape.
  else if (kindOf(value) === "object" && !/\.(info_data|details)$/.test(path)) {
    for (const [name, inner] of Object.entries(value as object)) learn(shape, inner, `${path}.${name}`);
  }
}

/** The first place where `value` differs from the shape, or null. */
function misfit(shape: Shape, value: unknown, path: string): string | null {
  const kinds = shape.get(path);
  if (!kinds) return null;
  const kind = kindOf(value);
  if (kind !== "null" && !kinds.has(kind) && (kinds.size > 1 || !kinds.has("null"))) return `${path} is ${kind}`;
  if (Array.isArray(value)) {
    for (const item of value) {
      const found = misfit(shape, item, `${path}[]`);
      if (found) return found;
    }
  } else if (kind === "object" && !/\.(info_data|details)$/.test(path)) {
    for (const name in value as object) {
      if (name === "raw") continue;
      if (!shape.has(`${path}.${name}`)) return `${path} has a member ${name}`;
      const found = misfit(shape, (value as Record<string, unknown>)[name], `${path}.${name}`);
      if (found) return found;
    }
  }
  return null;
}

function shapeOf(section: string): Shape {
  const shape: Shape = new Map();
  for (const { expected } of fixturesOf(section)) learn(shape, expected.value, "");
  return shape;
}

/** Numbers from 0 to below `below`, the same ones for the same seed (mulberry32). */
function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const WORDS = ["[", "]", "{", "}", '"', ",", ":", "\n", "\\", " ", "\t", "\0", "null", "true", "[]", "{}", "-", "1e9"];
WORDS.push('"id":', '{"error":"x"}', "18446744073709551615", "\u2002", "\ud800", "\\u00", "#dev a ingress\n", "#ps\n");
WORDS.push("#prog 7\n", ") S 1", "0x", "/proc/1/", "=", "__proto__", "\r\n", "9".repeat(30), "(", "\u202e", "%s");

function mutate(text: string, other: string, random: (below: number) => number): string {
  const limit = random(16) === 0 ? LARGE : SMALL;
  const from = text.length > limit ? random(text.length - limit) * random(2) : 0;
  let result = text.slice(from, from + limit);
  for (let left = 1 + random(4); left > 0; left -= 1) {
    const at = random(result.length + 1);
    const end = at + random(24);
    switch (random(6)) {
      case 0:
        result = result.slice(0, at) + result.slice(end);
        break;
      case 1:
        result = result.slice(0, end) + result.slice(at);
        break;
      case 2:
        result = result.slice(0, at) + (WORDS[random(WORDS.length)] ?? "") + result.slice(at);
        break;
      case 3:
        result =
          result.slice(0, at) + String.fromCharCode(random(random(4) === 0 ? 65_536 : 128)) + result.slice(at + 1);
        break;
      case 4:
        result = result.slice(0, at);
        break;
      default:
        result = result.slice(0, at) + other.slice(at, end) + result.slice(end);
    }
  }
  return result;
}

describe("any input", () => {
  it("gives rows of the parser's own shape, quickly, whatever was broken in it", { timeout: 120_000 }, () => {
    const started = performance.now();
    const share = Math.ceil(INPUTS / parsers.length);
    let run = 0;
    let slowest = 0;
    for (const [index, parser] of parsers.entries()) {
      const random = randomFrom(SEED + index);
      const inputs = fixturesOf(parser.section).map((fixture) => fixture.input);
      const shape = shapeOf(parser.section);
      for (let i = 0; i < share; i += 1, run += 1) {
        const text = mutate(inputs[i % inputs.length] ?? "", inputs[random(inputs.length)] ?? "", random);
        const before = performance.now();
        let problem: string | null;
        try {
          const { value, warnings } = parser.parse(text);
          problem = misfit(shape, value, "");
          for (const { code, message } of warnings) if (!code || !message) problem = "a warning says nothing";
        } catch (error) {
          problem = String(error);
        }
        slowest = Math.max(slowest, performance.now() - before);
        if (problem) expect.fail(`${parser.section}: ${problem} for ${JSON.stringify(text)}`);
      }
    }
    console.log(
      `${run} mutated inputs of ${parsers.length} parsers in ${Math.round(performance.now() - started)} ms, ` +
        `slowest ${slowest.toFixed(1)} ms, seed ${SEED}`,
    );
    expect(run).toBeGreaterThanOrEqual(INPUTS);
    expect(slowest).toBeLessThan(SLOWEST_MS);
  });

  it.each(parsers)("never makes the parser of $section throw, even if no tool would print it", (parser) => {
    const shape = shapeOf(parser.section);
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.json(),
      fc.array(fc.json()).map((list) => list.join("\n")),
    );
    fc.assert(
      fc.property(text, (input) => misfit(shape, parser.parse(input).value, "") === null),
      { numRuns: 300, seed: SEED },
    );
  });
});

describe("very large output", () => {
  const many = 200_000;
  const rows = (row: string) => `[${Array(many).fill(row).join(",")}]`;
  const lines = (line: string) => `${line}\n`.repeat(many);

  it.each([
    ["bpf.prog", rows('{"id":1,"type":"xdp","tag":"a","map_ids":[1,2]}')],
    ["bpf.net", `[{"tc":${rows('{"ifindex":1,"kind":"clsact/ingress","id":3}')}}]`],
    ["bpf.cgroup", `[{"cgroup":"/a","programs":${rows('{"id":1,"attach_type":"device"}')}}]`],
    ["bpf.progarrays", rows('{"command":["map","dump","id","1"],"output":[]}')],
    ["tc.filter", `#dev a ingress\n${rows('{"kind":"bpf","options":{"handle":"0x1"}}')}`],
    ["tc.filter", lines("#dev a ingress\n[]")],
    ["net.link", rows('{"ifindex":1,"ifname":"a"}')],
    ["net.link", rows('{"ifname":"a"}')],
    ["bpf.xlated", lines("#prog 1\n[]")],
    ["proc.bpf", lines("/proc/1/fdinfo/1:prog_id:\t1")],
    ["proc.stat", lines("1 (a")],
    ["proc.exe", lines("x")],
    ["counters.snmp", lines("Ip: a")],
    ["node.kernel", lines("a=b")],
  ])("is read in time by the parser of %s", (section, text) => {
    const started = performance.now();
    const { warnings } = allParsers()
      .get(section as never)
      ?.parse(text) ?? { warnings: [] };
    expect(performance.now() - started).toBeLessThan(8_000);
    expect(warnings.length).toBeLessThan(100);
  });
});

describe("output that was cut", () => {
  /** Rows under every list of a value, by the list's name. */
  const listsOf = (value: unknown): Record<string, unknown[]> =>
    Array.isArray(value)
      ? { rows: value }
      : Object.fromEntries(
          Object.entries((value ?? {}) as object).filter(([name, list]) => Array.isArray(list) && name !== "raw"),
        );
  /** Rows that hold rows: the last one may be there in part. */
  const PARTIAL = new Set(["bpf.progarrays", "bpf.xlated", "proc.bpf"]);

  it.each(parsers)("gives the parser of $section no row that the whole does not", ({ section }) => {
    const random = randomFrom(SEED);
    const parse = (stdout: string, truncated: boolean) => {
      const result = { section, scope: "node" as const, exit: 0, ms: 0, truncated, stdout, stderr: "" };
      return listsOf(Object.values(readFacts({ sections: [result], complete: true, noise: "" }).node)[0]);
    };
    for (const { input } of fixturesOf(section)) {
      // A document without its tail can be mistaken for the other kind; those cases are fixtures of their own.
      if (!/^(\[|\{|#|\/|\d|[a-z])/i.test(input)) continue;
      const whole = parse(input, false);
      for (let i = 0; i < 60; i += 1) {
        const cut = input.slice(0, random(input.length));
        for (const [name, rows] of Object.entries(parse(cut, true))) {
          const sure = PARTIAL.has(section) ? rows.slice(0, -1) : rows;
          const same = JSON.stringify(sure) === JSON.stringify(whole[name]?.slice(0, sure.length));
          if (!same) expect.fail(`${section} ${name}: ${JSON.stringify(cut.slice(-300))}`);
        }
      }
    }
  });
});

describe("the JSON reader", () => {
  it("agrees with the standard on everything a writer can print", () => {
    // Integers beyond 2^53 are text here by design, -0 is no integer a tool prints.
    const value = fc.jsonValue().filter((json) => !/\d{16}|-0/.test(JSON.stringify(json)));
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 1, "\t"), (json, indent) => {
        const text = JSON.stringify(json, null, indent);
        if (!/^[[{]/.test(text)) return;
        expect(readJson(text)).toEqual({ documents: [JSON.parse(text)], cut: new Set(), warnings: [] });
      }),
      { numRuns: 2_000, seed: SEED },
    );
  });
});
