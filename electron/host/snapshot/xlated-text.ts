/**
 * Program code as `bpftool prog dump xlated id N` prints it, made from the JSON form that a snapshot holds.
 * Source lines stand where bpftool puts them; its byte values and jump symbols are not in either form.
 */
import type { Collected } from "../../core/collect/frames.ts";
import { readFacts } from "../../core/facts/facts.ts";
import type { XlatedRow } from "../../core/parsers/bpf.xlated.ts";

/** `prog-xlated:<id>` → text, for every program whose code was read whole. */
export function* xlatedText(followUp: Collected): Generator<[string, string]> {
  const rows: readonly XlatedRow[] = readFacts(followUp).node["bpf.xlated"] ?? [];
  for (const row of rows) {
    if (!row.complete) continue;
    const lines = row.insns.flatMap(({ pc, disasm, src }) => [
      ...(src === null ? [] : [`; ${src}`]),
      `${String(pc).padStart(4)}: ${disasm}`,
    ]);
    yield [`prog-xlated:${row.prog_id}`, `${lines.join("\n")}\n`];
  }
}
