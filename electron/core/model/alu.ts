/**
 * Arithmetic of the BPF machine on sets of constants, for the return analysis.
 * An operation it does not know, or a result larger than the limit, is "anything" (null).
 */
import type { Insn } from "./insn.ts";

/**
 * Known values of a register (unsigned 64-bit), or null for anything. A map's address is a value above
 * 64 bits: {@link MAP_TAG} plus the map's id.
 */
export type Values = readonly bigint[] | null;
/** Marks the address of a map in a register; larger than any 64-bit value. */
export const MAP_TAG = 1n << 64n;

/** The destination's values after one ALU or ALU64 instruction; inputs are unsigned 64-bit. */
export function alu(insn: Insn, dst: Values, src: Values, maxSet: number): Values {
  const bits = (insn.code & 0x07) === 0x07 ? 64 : 32;
  const op = insn.code & 0xf0;
  const fromRegister = (insn.code & 0x08) !== 0;
  // A non-zero offset makes these sign-extending moves, signed division or an address-space cast.
  if (insn.off !== 0 || op === 0xd0) return null;
  const operand: Values = fromRegister ? src : [BigInt.asUintN(64, BigInt(insn.imm))];
  // A map's address may be copied; anything else done to it gives an address nobody follows.
  if (op !== 0xb0 && [...(dst ?? []), ...(operand ?? [])].some((value) => value >= MAP_TAG)) return null;
  if (op === 0xb0 && bits === 64) return operand;
  // x ^ x and x - x, and x & 0, are known whatever x is.
  if (fromRegister && insn.dst === insn.src && (op === 0xa0 || op === 0x10)) return [0n];
  if (op === 0xb0)
    return operand === null
      ? null
      : distinct(
          operand.map((b) => BigInt.asUintN(bits, b)),
          maxSet,
        );
  if (op === 0x50 && dst === null && operand?.length === 1)
    return subsets(BigInt.asUintN(bits, operand[0] ?? 0n), maxSet);
  if (dst === null || (op !== 0x80 && operand === null)) return null;
  const results: bigint[] = [];
  for (const a of dst) {
    for (const b of op === 0x80 ? [0n] : (operand ?? [])) {
      const value = compute(op, BigInt.asUintN(bits, a), BigInt.asUintN(bits, b), bits);
      if (value === null) return null;
      results.push(BigInt.asUintN(bits, value));
    }
  }
  return distinct(results, maxSet);
}

function compute(op: number, a: bigint, b: bigint, bits: number): bigint | null {
  const shift = b & BigInt(bits - 1);
  switch (op) {
    case 0x00:
      return a + b;
    case 0x10:
      return a - b;
    case 0x20:
      return a * b;
    case 0x30:
      return b === 0n ? 0n : a / b;
    case 0x40:
      return a | b;
    case 0x50:
      return a & b;
    case 0x60:
      return a << shift;
    case 0x70:
      return a >> shift;
    case 0x80:
      return -a;
    case 0x90:
      return b === 0n ? a : a % b;
    case 0xa0:
      return a ^ b;
    case 0xc0:
      return BigInt.asIntN(bits, a) >> shift;
    default:
      return null;
  }
}

/** All values `x & mask` can have when nothing is known about x; compilers select verdicts this way. */
function subsets(mask: bigint, maxSet: number): Values {
  const values = [mask];
  // The next smaller subset of a mask's bits: (value - 1) & mask.
  for (let value = mask; value !== 0n; ) {
    value = (value - 1n) & mask;
    values.push(value);
    if (values.length > maxSet) return null;
  }
  return values;
}

function distinct(values: readonly bigint[], maxSet: number): Values {
  const set = new Set(values);
  return set.size > maxSet ? null : [...set];
}
