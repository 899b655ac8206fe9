/** `bpftool -j struct_ops show`: registered kernel function tables that BPF implements. */
import { defineParser } from "../parse.ts";
import { jsonRows } from "./lib/rows.ts";

export interface StructOpsRow {
  /** Id of the struct_ops map. */
  id: number;
  name: string | null;
  /** e.g. `tcp_congestion_ops`. */
  kernel_struct_ops: string | null;
  raw: unknown;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "bpf.struct_ops": StructOpsRow[];
  }
}

export default defineParser({
  section: "bpf.struct_ops",
  parse: (text) =>
    jsonRows(
      text,
      (row): StructOpsRow => ({
        id: row.needInt("id"),
        name: row.text("name"),
        kernel_struct_ops: row.text("kernel_struct_ops"),
        raw: row.raw,
      }),
    ),
});
