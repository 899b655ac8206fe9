/**
 * Instructions of a loaded program as the return analysis reads them: fields decoded, one element per
 * slot (a 64-bit immediate takes two), so that a jump offset is an array offset.
 * Made from bpftool's `opcodes` bytes, never from the disassembly, except for the name of a called function.
 */

/** One row of `bpftool -j prog dump xlated … opcodes`: bytes as "0x..", little-endian, as in struct bpf_insn. */
export interface XlatedInsn {
  disasm: string;
  opcodes: { code: string; src_reg: string; dst_reg: string; off: readonly string[]; imm: readonly string[] } | null;
}

export interface Insn {
  code: number;
  dst: number;
  src: number;
  /** Signed 16 bits. */
  off: number;
  /** Signed 32 bits; the low half for a 64-bit immediate. */
  imm: number;
  /** Only for a 64-bit immediate: the whole value, unsigned. */
  imm64: bigint | null;
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
    const op = row.opcodes;
    if (op === null) return null;
    const code = Number(op.code);
    const dst = Number(op.dst_reg);
    const src = Number(op.src_reg);
    const off = bytes(op.off, 2);
    const wide = code === LD_IMM_DW;
    const imm = bytes(op.imm, 4);
    // Twelve bytes for a 64-bit immediate: its low half, then the second slot's first half, then its high half.
    const high = wide ? bytes(op.imm.slice(8), 4) : 0n;
    if (!isByte(code) || !isRegister(dst) || !isRegister(src) || off === null || imm === null || high === null) {
      return null;
    }
    slots.push({
      code,
      dst,
      src,
      off: Number(BigInt.asIntN(16, off)),
      imm: Number(BigInt.asIntN(32, imm)),
      imm64: wide ? (high << 32n) | imm : null,
      callee: CALLEE.exec(row.disasm)?.[1] ?? "",
    });
    if (wide) slots.push(null);
  }
  return slots;
}

/** The first `count` bytes as an unsigned number, null when there are fewer or one is not a byte. */
function bytes(texts: readonly string[], count: number): bigint | null {
  let value = 0n;
  for (let i = count - 1; i >= 0; i--) {
    const byte = Number(texts[i]);
    if (!isByte(byte)) return null;
    value = (value << 8n) | BigInt(byte);
  }
  return value;
}

function isByte(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 0xff;
}

function isRegister(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 11;
}
