/**
 * Instructions of a loaded program as the return analysis reads them: one element per slot (a 64-bit
 * immediate takes two), so that a jump offset is an array offset. Made from bpftool's opcodes, never
 * from the disassembly, except for the name of a called function.
 */
import type { Insn as XlatedInsn } from "../parsers/bpf.xlated.ts";

export interface Insn {
  code: number;
  dst: number;
  src: number;
  /** Signed 16 bits. */
  off: number;
  /** Signed 32 bits; the low half for a 64-bit immediate. */
  imm: number;
  /** Only for a 64-bit immediate: the whole value, unsigned; `unread` when its upper half is missing. */
  imm64: bigint | "unread" | null;
  /** `call bpf_redirect#10291328` → `bpf_redirect`; "" where the tool names none. */
  callee: string;
}

const LD_IMM_DW = 0x18;
const CALLEE = /call ([A-Za-z_][\w.]*)#/;

/**
 * Decodes rows into slots. The second slot of a 64-bit immediate is null, as nothing may jump there.
 * Null when a row has no readable opcodes: then nothing can be said about the program.
 */
export function decodeInsns(rows: readonly XlatedInsn[]): (Insn | null)[] | null {
  const slots: (Insn | null)[] = [];
  for (const row of rows) {
    const { code, src_reg, dst_reg, off, imm } = row;
    if (code === null || src_reg === null || dst_reg === null || off === null || imm === null) return null;
    if (dst_reg > 11 || src_reg > 11 || row.pc !== slots.length) return null;
    const wide = code === LD_IMM_DW;
    slots.push({
      code,
      dst: dst_reg,
      src: src_reg,
      off,
      imm,
      imm64: wide ? wideImmediate(imm, row.imm_hi) : null,
      callee: CALLEE.exec(row.disasm)?.[1] ?? "",
    });
    if (wide) slots.push(null);
  }
  return slots;
}

function wideImmediate(low: number, high: number | null): bigint | "unread" {
  if (high === null) return "unread";
  return (BigInt.asUintN(32, BigInt(high)) << 32n) | BigInt.asUintN(32, BigInt(low));
}
