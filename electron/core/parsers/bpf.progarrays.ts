/**
 * `bpftool -j batch` of `map dump id N`: the occupied slots of every prog array.
 * Keys and values are bytes in the node's byte order; every machine Kubernetes runs BPF on in practice
 * (x86_64, arm64, ppc64le, riscv64) is little-endian, s390x is not supported here.
 */
import { defineParser, type Parsed } from "../parse.ts";
import { type Fields, isErrorObject } from "./lib/fields.ts";
import type { Json } from "./lib/json.ts";
import { documentRows, openJson } from "./lib/rows.ts";
import { quote } from "./lib/warnings.ts";

export interface ProgArrayRow {
  map_id: number;
  slots: { index: number; prog_id: number }[];
  /** What the tool said when it could not dump this map. */
  error: string | null;
  raw: unknown;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "bpf.progarrays": ProgArrayRow[];
  }
}

export default defineParser({ section: "bpf.progarrays", parse });

function parse(text: string): Parsed<ProgArrayRow[]> {
  // A node without prog arrays has no batch to run.
  const { documents, context } = openJson(text, { empty_is_none: true });
  const value = documents.flatMap(({ document, path }) =>
    documentRows(document, path, context, progArrayRow, { keep_cut: true }),
  );
  return { value, warnings: context.warnings.list() };
}

function progArrayRow(row: Fields): ProgArrayRow | null {
  const map_id = mapIdOf(row.get("command"));
  if (map_id === null) {
    row.warn("missing-field", "Needs the command `map dump id N`; the row is left out.", "command");
    return null;
  }
  const output = row.get("output");
  if (isErrorObject(output)) {
    row.warn("tool-error", `Map ${map_id} could not be read: ${quote(output.error)}.`, "output");
    return { map_id, slots: [], error: output.error, raw: row.raw };
  }
  return { map_id, slots: row.rows("output", slotOf), error: null, raw: row.raw };
}

function slotOf(row: Fields): { index: number; prog_id: number } | null {
  const value = row.get("value");
  // bpftool looks at every index; an empty slot may be printed as an error or as a message.
  if (typeof value === "string" || isErrorObject(value)) return null;
  const index = littleEndian(row.get("key"));
  const prog_id = littleEndian(value);
  if (index === null || prog_id === null) {
    row.warn("wrong-type", "Expected four bytes as key and as value.");
    return null;
  }
  return prog_id === 0 ? null : { index, prog_id };
}

function mapIdOf(command: Json | undefined): number | null {
  const words = Array.isArray(command) ? command.map(String) : typeof command === "string" ? command.split(/\s+/) : [];
  const id = words[words.indexOf("id") + 1];
  return words.includes("dump") && words.includes("id") && /^\d{1,10}$/.test(id ?? "") ? Number(id) : null;
}

/** `["0x2a","0x00","0x00","0x00"]` or a plain number (bpftool with BTF). */
function littleEndian(value: Json | undefined): number | null {
  if (typeof value === "number") return Number.isSafeInteger(value) && value >= 0 ? value : null;
  if (!Array.isArray(value) || value.length !== 4) return null;
  let result = 0;
  for (const byte of value.toReversed()) {
    if (typeof byte !== "string" || !/^0x[0-9a-f]{1,2}$/i.test(byte)) return null;
    result = result * 256 + Number.parseInt(byte, 16);
  }
  return result;
}
