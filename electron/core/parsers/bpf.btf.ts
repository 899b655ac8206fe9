/** `bpftool -j btf show`: loaded BTF objects and who uses them. */
import { defineParser } from "../parse.ts";
import { type Holder, holders } from "./lib/holders.ts";
import { jsonRows } from "./lib/rows.ts";

export interface BtfRow {
  id: number;
  /** `vmlinux`, a module's name, or null for a program's own. */
  name: string | null;
  size: number | null;
  kernel: boolean | null;
  prog_ids: number[];
  map_ids: number[];
  pids: Holder[];
  raw: unknown;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "bpf.btf": BtfRow[];
  }
}

export default defineParser({
  section: "bpf.btf",
  parse: (text) =>
    jsonRows(
      text,
      (row): BtfRow => ({
        id: row.needInt("id"),
        name: row.text("name"),
        size: row.int("size"),
        kernel: row.flag("kernel"),
        prog_ids: row.ints("prog_ids"),
        map_ids: row.ints("map_ids"),
        pids: holders(row),
        raw: row.raw,
      }),
    ),
});
