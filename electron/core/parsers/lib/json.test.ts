import { describe, expect, it } from "vitest";
import { readJson } from "./json.ts";

const documents = (text: string): unknown => readJson(text).documents;
const codes = (text: string): string[] => readJson(text).warnings.map((warning) => warning.code);

describe("reading JSON of tools", () => {
  it.each([
    '{"a":[1,-2.5,1e3,true,false,null,"x"],"":{"b":[]}}',
    "[ ]",
    '["\\u00e9\\n\\t\\"\\\\\\/\\b\\f\\r"]',
    ' {\r\n\t"a" : 1 }\n',
    "null",
    "true",
  ])("agrees with the standard on %j and warns of nothing", (text) => {
    expect(readJson(text)).toEqual({ documents: [JSON.parse(text)], cut: new Set(), warnings: [] });
  });

  it("keeps every digit of integers that a double cannot hold", () => {
    expect(documents("[9007199254740991,9007199254740992,18446744073709551615,-9223372036854775808,1e999]")).toEqual([
      [9007199254740991, "9007199254740992", "18446744073709551615", "-9223372036854775808", "1e999"],
    ]);
  });

  it("reads several documents, one behind the other", () => {
    expect(documents('[{"a":1}]{"error":"x"}\n[]')).toEqual([[{ a: 1 }], { error: "x" }, []]);
    expect(codes('[{"a":1}]{"error":"x"}\n[]')).toEqual([]);
  });

  it("marks the containers whose end is missing and no others", () => {
    const { documents: read, cut } = readJson('[{"whole":[1]},{"half":[1,{"x":');
    const [list] = read as [[object, { half: [number, object] }]];
    expect(read).toEqual([[{ whole: [1] }, { half: [1, {}] }]]);
    expect([...cut]).toEqual([list, list[1], list[1].half, list[1].half[1]]);
  });

  it("does not take a number or a word at the very end for a whole one", () => {
    expect(documents("[1,12")).toEqual([[1]]);
    expect(documents("[true,tru")).toEqual([[true]]);
    expect(codes("[true,tru")).toEqual(["json-truncated"]);
  });

  it("reads a name and a value inside a list as an object", () => {
    expect(readJson('{"flow_dissector":["id":1434]}')).toEqual({
      documents: [{ flow_dissector: [{ id: 1434 }] }],
      cut: new Set(),
      warnings: [expect.objectContaining({ code: "pair-in-list", path: "flow_dissector[0]" })],
    });
  });

  it("passes over lines of other text before, between and after documents", () => {
    const text = '[12.5] kernel: hello\n{not json}\nWarning: [x]\n[{"a":1}]\nbye\n{"b":2}\n';
    expect(documents(text)).toEqual([[{ a: 1 }], { b: 2 }]);
    expect(codes(text)).toEqual(["json-with-noise"]);
  });

  it("does not take inner lines of a broken document for documents", () => {
    const text = '[{\n  "id": 1,\n  "inner" 5,\n  {"id": 99}\n]\n{"id":2}\n';
    expect(documents(text)).toEqual([[{ id: 1 }], { id: 2 }]);
    expect(codes(text)).toEqual(["json-invalid"]);
  });

  it("sets members of any name without touching prototypes", () => {
    const [read] = readJson('{"__proto__":{"polluted":1},"constructor":2}').documents;
    expect(Object.keys(read as object)).toEqual(["__proto__", "constructor"]);
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it("stops at a depth no tool reaches", () => {
    const text = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    expect(codes(text)).toEqual(["json-invalid"]);
  });

  it.each([
    ["brackets", "[".repeat(400_000)],
    ["broken lines", "[x\n".repeat(100_000)],
    ["unfinished strings", '["\n'.repeat(100_000)],
    ["blanks", `[1${" ".repeat(400_000)}x`],
    ["short documents", "[]".repeat(100_000)],
    ["documents with noise behind", "[1] x\n".repeat(60_000)],
    ["escapes", `["${"\\n".repeat(200_000)}"]`],
    ["members", `{${'"a":1,'.repeat(60_000)}"b":2}`],
  ])("takes time in proportion to the input: %s", (_what, text) => {
    const started = Date.now();
    readJson(text);
    expect(Date.now() - started).toBeLessThan(10_000);
  });
});
