/**
 * `#prog <id>` lines, each followed by `bpftool -j prog dump xlated id N opcodes`: translated code of
 * single programs. Instructions carry bpftool's text and the raw opcode; nothing is interpreted here.
 */
import { defineParser, type Parsed } from "../parse.ts";
import { type Fields, isErrorObject } from "./lib/fields.ts";
import type { Json } from "./lib/json.ts";
import { toInt } from "./lib/lines.ts";
import { splitMarked } from "./lib/marked.ts";
import { documentRows, openJson } from "./lib/rows.ts";
import { quote, Warnings } from "./lib/warnings.ts";

export interface Insn {
  /** Slot number; a 64-bit immediate load takes two. */
  pc: number;
  /** As printed, e.g. `(b7) r0 = 0`. */
  disasm: string;
  /** Null when the opcodes were not printed. Fields of `struct bpf_insn`; `off` and `imm` are signed. */
  code: number | null;
  src_reg: number | null;
  dst_reg: number | null;
  off: number | null;
  imm: number | null;
  /** Upper half of a 64-bit immediate load, else null. */
  imm_hi: number | null;
  /** C source line, when the program has line information. */
  src: string | null;
}

export interface XlatedRow {
  prog_id: number;
  insns: Insn[];
  /** What the tool said when it could not dump this program. */
  error: string | null;
  /** False when the dump was cut: the last instructions are missing. */
  complete: boolean;
  raw: unknown;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "bpf.xlated": XlatedRow[];
  }
}

/** `BPF_LD | BPF_IMM | BPF_DW`, the only instruction of two slots. */
const LD_IMM64 = 0x18;

export default defineParser({ section: "bpf.xlated", parse });

function parse(text: string): Parsed<XlatedRow[]> {
  const warnings = new Warnings();
  const value: XlatedRow[] = [];
  for (const { words, body } of splitMarked(text, "#prog", warnings)) {
    const prog_id = toInt(words[0]);
    if (prog_id === null || words.length > 1) {
      warnings.add("odd-marker", `Not understood: ${quote(`#prog ${words.join(" ")}`)}.`);
      continue;
    }
    const { documents, context } = openJson(body);
    const insns: Insn[] = [];
    let error: string | null = null;
    let pc = 0;
    for (const { document, path } of documents) {
      if (isErrorObject(document)) error = document.error;
      documentRows(document, path, context, (row) => {
        const insn = insnOf(row, pc);
        pc += insn.code === LD_IMM64 || (insn.code === null && insn.disasm.startsWith("(18)")) ? 2 : 1;
        insns.push(insn);
        return null;
      });
    }
    const remarks = context.warnings.list();
    for (const { code, message, path } of remarks)
      warnings.add(code, message, `program ${prog_id} ${path ?? ""}`.trim());
    value.push({
      prog_id,
      insns,
      error,
      // Any remark means that an instruction may be missing, and then every later pc is off.
      complete: insns.length > 0 && remarks.length === 0,
      raw: documents.map(({ document }) => document),
    });
  }
  return { value, warnings: warnings.list() };
}

function insnOf(row: Fields, pc: number): Insn {
  const opcodes = row.object("opcodes");
  const imm = bytesOf(opcodes?.get("imm"));
  return {
    pc,
    disasm: row.needText("disasm"),
    code: byteOf(opcodes?.get("code")),
    src_reg: byteOf(opcodes?.get("src_reg")),
    dst_reg: byteOf(opcodes?.get("dst_reg")),
    off: signed(bytesOf(opcodes?.get("off")), 0, 2),
    imm: signed(imm, 0, 4),
    // For a 64-bit load bpftool prints 12 bytes: imm, then the second slot whole, which ends with its imm.
    imm_hi: imm?.length === 12 ? signed(imm, 8, 4) : null,
    src: row.text("src"),
  };
}

function byteOf(value: Json | undefined): number | null {
  if (typeof value === "number") return value;
  return typeof value === "string" && /^0x[0-9a-f]{1,2}$/i.test(value) ? Number.parseInt(value, 16) : null;
}

function bytesOf(value: Json | undefined): number[] | null {
  if (!Array.isArray(value)) return null;
  const bytes = value.map(byteOf);
  return bytes.every((byte) => byte !== null) ? bytes : null;
}

/** Little-endian two's complement of `size` bytes from `from`. */
function signed(bytes: number[] | null, from: number, size: number): number | null {
  if (!bytes || bytes.length < from + size) return null;
  let result = 0;
  for (let i = from + size - 1; i >= from; i -= 1) result = result * 256 + (bytes[i] ?? 0);
  return result >= 2 ** (size * 8 - 1) ? result - 2 ** (size * 8) : result;
}
