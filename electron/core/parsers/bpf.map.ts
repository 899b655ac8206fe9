/** `bpftool -j -f map show`: every map. Names are always cut at 15 characters by the kernel; join by id. */
import { defineParser } from "../parse.ts";
import { type Holder, holders } from "./lib/holders.ts";
import { jsonRows } from "./lib/rows.ts";

export interface MapRow {
  id: number;
  type: string | null;
  name: string | null;
  flags: number | null;
  bytes_key: number | null;
  bytes_value: number | null;
  max_entries: number | null;
  bytes_memlock: number | null;
  /** Prog arrays: type of the programs it takes, once it has been used. */
  owner_prog_type: string | null;
  owner_jited: boolean | null;
  frozen: boolean | null;
  btf_id: number | null;
  pinned: string[];
  pids: Holder[];
  raw: unknown;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "bpf.map": MapRow[];
  }
}

export default defineParser({
  section: "bpf.map",
  parse: (text) =>
    jsonRows(
      text,
      (row): MapRow => ({
        id: row.needInt("id"),
        type: row.text("type"),
        name: row.text("name"),
        flags: row.int("flags"),
        bytes_key: row.int("bytes_key"),
        bytes_value: row.int("bytes_value"),
        max_entries: row.int("max_entries"),
        bytes_memlock: row.int("bytes_memlock"),
        owner_prog_type: row.text("owner_prog_type"),
        owner_jited: row.flag("owner_jited"),
        frozen: row.flag("frozen"),
        btf_id: row.int("btf_id"),
        pinned: row.texts("pinned"),
        pids: holders(row),
        raw: row.raw,
      }),
    ),
});
