import { expect, it } from "vitest";
import xlated, { type Insn } from "../parsers/bpf.xlated.ts";
import { analyseReturns, type Returns } from "./returns.ts";
import dumps from "./testdata/returns.json";

const programs: Record<string, Insn[]> = Object.fromEntries(
  Object.entries(dumps).map(([name, rows]) => {
    const { value } = xlated.parse(`#prog 1\n${JSON.stringify(rows)}\n`);
    return [name, value[0]?.insns ?? []];
  }),
);

/** Id the prog array had when the dumps were made. */
const CALLS = 28;

/** From the C source beside the dumps, by reading it. */
const EXPECTED: Record<string, Returns> = {
  arithmetic: { values: [0, 4], complete: true, tail_calls: [] },
  asks_a_subprogram: { values: [-1, 2], complete: true, tail_calls: [] },
  constant: { values: [0], complete: true, tail_calls: [] },
  counts_then_next: { values: [-1], complete: true, tail_calls: [] },
  dead_branch: { values: [0], complete: true, tail_calls: [] },
  drops_one_in_fifty: { values: [-1, 2], complete: true, tail_calls: [] },
  keeps_in_stack: { values: [], complete: false, tail_calls: [] },
  loops: { values: [-1, 0, 2], complete: true, tail_calls: [] },
  map_decides: { values: [], complete: false, tail_calls: [] },
  only_when_equal: { values: [4, 8], complete: true, tail_calls: [] },
  redirects: { values: [2, 7], complete: true, tail_calls: [] },
  returns_a_subprogram: { values: [], complete: false, tail_calls: [] },
  returns_the_context_field: { values: [], complete: false, tail_calls: [] },
  switches: { values: [-1, 0, 2, 7], complete: true, tail_calls: [] },
  tail_calls: { values: [2], complete: true, tail_calls: [{ map_id: CALLS, index: 1 }] },
  tail_calls_sometimes: {
    values: [0],
    complete: true,
    tail_calls: [3, 2, 1, 0].map((index) => ({ map_id: CALLS, index })),
  },
  two_ways: { values: [0, 2], complete: true, tail_calls: [] },
};

it("finds what real programs can return, and says so when it cannot", () => {
  const got = Object.fromEntries(Object.entries(programs).map(([name, rows]) => [name, analyseReturns(rows)]));
  expect(got).toEqual(EXPECTED);
});

it("never claims to know a program whose dump was cut off", () => {
  const claims = Object.entries(programs).flatMap(([name, rows]) =>
    rows
      .map((_, end) => end)
      .filter((end) => {
        const { values, complete } = analyseReturns(rows.slice(0, end));
        // A cut behind the last reachable instruction (a subprogram's) changes nothing.
        return complete && JSON.stringify(values) !== JSON.stringify(EXPECTED[name]?.values);
      })
      .map((end) => `${name} cut at ${end}`),
  );
  expect(claims).toEqual([]);
});

const insn = (code: number, dst_reg: number, src_reg: number, off: number, imm: number, disasm = "") => ({
  ...{ code, dst_reg, src_reg, off, imm, disasm },
  ...{ imm_hi: null, src: null },
});
const R0 = (value: number) => insn(0xb7, 0, 0, 0, value);
const EXIT = insn(0x95, 0, 0, 0, 0);

it.each<[string, Omit<Insn, "pc">[], Returns]>([
  ["a program without rows", [], { values: [], complete: false, tail_calls: [] }],
  ["a row without opcodes", [{ ...EXIT, code: null }], { values: [], complete: false, tail_calls: [] }],
  [
    "a helper call with a hidden address",
    [insn(0x85, 0, 0, 0, 0), R0(0), EXIT],
    { values: [0], complete: true, tail_calls: [{ map_id: null, index: null }] },
  ],
  ["an indirect call", [insn(0x8d, 0, 1, 0, 0), R0(0), EXIT], { values: [], complete: false, tail_calls: [] }],
  ["an indirect jump", [insn(0x0d, 1, 0, 0, 0), R0(0), EXIT], { values: [], complete: false, tail_calls: [] }],
  [
    "an unnamed kernel function",
    [insn(0x85, 0, 2, 0, 99), R0(0), EXIT],
    { values: [], complete: false, tail_calls: [] },
  ],
  [
    "an exception",
    [insn(0x85, 0, 2, 0, 99, "(85) call bpf_throw#99"), R0(0), EXIT],
    { values: [], complete: false, tail_calls: [] },
  ],
  [
    "a jump out of the program",
    [insn(0x05, 0, 0, 40, 0), R0(0), EXIT],
    { values: [], complete: false, tail_calls: [] },
  ],
  ["an endless loop", [R0(0), insn(0x05, 0, 0, -2, 0)], { values: [], complete: false, tail_calls: [] }],
  ["a classic packet load", [insn(0x20, 0, 0, 0, 12), R0(7), EXIT], { values: [0, 7], complete: true, tail_calls: [] }],
  [
    "an atomic exchange into r0",
    [R0(0), insn(0xdb, 10, 1, -8, 0xf1), EXIT],
    { values: [], complete: false, tail_calls: [] },
  ],
  ["a 32-bit minus one", [insn(0xb4, 0, 0, 0, -1), EXIT], { values: [-1], complete: true, tail_calls: [] }],
  ["may_goto", [R0(0), insn(0xe5, 0, 0, 1, 0), R0(2), EXIT], { values: [0, 2], complete: true, tail_calls: [] }],
])("is right about %s", (_, rows, expected) => {
  expect(analyseReturns(rows.map((row, pc) => ({ ...row, pc })))).toEqual(expected);
});
