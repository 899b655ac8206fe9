/**
 * The return analysis against a plain interpreter: whatever a random program returns when it is run must be
 * among the values a complete analysis gives.
 */
import fc from "fast-check";
import { expect, it } from "vitest";
import type { Insn } from "../parsers/bpf.xlated.ts";
import { analyseReturns } from "./returns.ts";

const U64 = (value: bigint) => BigInt.asUintN(64, value);

const ALU = { add: 0x00, sub: 0x10, mul: 0x20, div: 0x30, or: 0x40, and: 0x50, lsh: 0x60, rsh: 0x70, neg: 0x80 };
const ALU_MORE = { mod: 0x90, xor: 0xa0, mov: 0xb0, arsh: 0xc0 };
const JUMPS = [0x10, 0x20, 0x30, 0x40, 0x50, 0x60, 0x70, 0xa0, 0xb0, 0xc0, 0xd0];
const IMMEDIATES = [0, 1, 2, 3, 7, 8, 31, 63, -1, -2, 255, 0x7fffffff, -0x80000000];

const register = fc.integer({ min: 0, max: 4 });
const immediate = fc.constantFrom(...IMMEDIATES);
const bare = { src: null, imm_hi: null, disasm: "" };

const aluInsn = fc
  .tuple(
    fc.constantFrom(...Object.values({ ...ALU, ...ALU_MORE })),
    fc.boolean(),
    fc.boolean(),
    register,
    register,
    immediate,
  )
  .map(([op, wide, fromRegister, dst_reg, src_reg, imm]) => ({
    ...bare,
    code: op | (fromRegister ? 8 : 0) | (wide ? 7 : 4),
    ...{ dst_reg, src_reg, off: 0, imm },
  }));
const jumpInsn = fc
  .tuple(
    fc.constantFrom(...JUMPS),
    fc.boolean(),
    fc.boolean(),
    register,
    register,
    immediate,
    fc.integer({ min: 0, max: 4 }),
  )
  .map(([op, wide, fromRegister, dst_reg, src_reg, imm, off]) => ({
    ...bare,
    code: op | (fromRegister ? 8 : 0) | (wide ? 5 : 6),
    ...{ dst_reg, src_reg, off, imm },
  }));
/** A helper whose answer nobody knows. */
const call = fc.constant({ ...bare, code: 0x85, dst_reg: 0, src_reg: 0, off: 0, imm: 7, disasm: "(85) call bpf_x#7" });
const goto = fc
  .integer({ min: 0, max: 3 })
  .map((off) => ({ ...bare, code: 0x05, dst_reg: 0, src_reg: 0, off, imm: 0 }));
const exit = { ...bare, code: 0x95, dst_reg: 0, src_reg: 0, off: 0, imm: 0 };

const programs = fc
  .array(
    fc.oneof(
      { weight: 6, arbitrary: aluInsn },
      { weight: 3, arbitrary: jumpInsn },
      { weight: 1, arbitrary: call },
      goto,
    ),
    { minLength: 1, maxLength: 24 },
  )
  .map((body): Insn[] => {
    // The verifier would refuse registers that were never written, and jumps past the end land on an exit.
    const start = [0, 1, 2, 3, 4].map((dst_reg) => ({ ...exit, code: 0xb7, dst_reg, imm: dst_reg }));
    return [...start, ...body, exit, exit, exit, exit, exit].map((insn, pc) => ({ ...insn, pc }));
  });

/** Runs a program; helpers return what `random` gives. */
function run(insns: readonly Insn[], random: () => bigint): number {
  const regs = Array.from({ length: 11 }, () => 0n);
  for (let pc = 0; ; pc++) {
    const insn = insns[pc];
    if (insn === undefined) throw new Error("ran out of the program");
    const { code, dst_reg, src_reg, off, imm } = insn as { [K in keyof Insn]: NonNullable<Insn[K]> };
    if (code === 0x95) return Number(BigInt.asIntN(32, regs[0] ?? 0n));
    if (code === 0x85) {
      for (let reg = 0; reg <= 5; reg++) regs[reg] = random();
      continue;
    }
    if (code === 0x05) {
      pc += off;
      continue;
    }
    const bits = (code & 7) === 7 || (code & 7) === 5 ? 64 : 32;
    const a = BigInt.asUintN(bits, regs[dst_reg] ?? 0n);
    const b = BigInt.asUintN(bits, (code & 8) !== 0 ? (regs[src_reg] ?? 0n) : BigInt(imm));
    if ((code & 7) === 7 || (code & 7) === 4) regs[dst_reg] = BigInt.asUintN(bits, calculate(code & 0xf0, a, b, bits));
    else if (holds(code & 0xf0, a, b, bits)) pc += off;
  }
}

function calculate(op: number, a: bigint, b: bigint, bits: number): bigint {
  const by = b % BigInt(bits);
  const results: Record<number, () => bigint> = {
    [ALU.add]: () => a + b,
    [ALU.sub]: () => a - b,
    [ALU.mul]: () => a * b,
    [ALU.div]: () => (b === 0n ? 0n : a / b),
    [ALU.or]: () => a | b,
    [ALU.and]: () => a & b,
    [ALU.lsh]: () => a << by,
    [ALU.rsh]: () => a >> by,
    [ALU.neg]: () => -a,
    [ALU_MORE.mod]: () => (b === 0n ? a : a % b),
    [ALU_MORE.xor]: () => a ^ b,
    [ALU_MORE.mov]: () => b,
    [ALU_MORE.arsh]: () => BigInt.asIntN(bits, a) >> by,
  };
  const result = results[op];
  if (result === undefined) throw new Error(`no operation ${op}`);
  return result();
}

function holds(op: number, a: bigint, b: bigint, bits: number): boolean {
  const [sa, sb] = [BigInt.asIntN(bits, a), BigInt.asIntN(bits, b)];
  const results: Record<number, boolean> = {
    16: a === b,
    32: a > b,
    48: a >= b,
    64: (a & b) !== 0n,
    80: a !== b,
    96: sa > sb,
    112: sa >= sb,
    160: a < b,
    176: a <= b,
    192: sa < sb,
    208: sa <= sb,
  };
  return results[op] === true;
}

it("never leaves out a value that a program really returns", () => {
  let claims = 0;
  fc.assert(
    fc.property(
      programs,
      fc.array(fc.bigInt({ min: 0n, max: U64(-1n) }), { minLength: 1, maxLength: 8 }),
      (insns, answers) => {
        const { values, complete } = analyseReturns(insns);
        if (!complete) return;
        claims++;
        for (let round = 0; round < 4; round++) {
          let next = round;
          const returned = run(insns, () => answers[next++ % answers.length] ?? 0n);
          expect(values).toContain(returned);
        }
      },
    ),
    { numRuns: 3000, seed: 20_261_121 },
  );
  // Otherwise the promise would be empty.
  expect(claims).toBeGreaterThan(500);
});
