/** `bpftool -j -f prog show`: every loaded program. Names may be cut at 15 characters or absent; join by id. */
import { defineParser } from "../parse.ts";
import type { Fields } from "./lib/fields.ts";
import { type Holder, holders } from "./lib/holders.ts";
import { jsonRows } from "./lib/rows.ts";

export interface ProgRow {
  id: number;
  /** `sched_cls`, `xdp`, …; the number as text where bpftool has no name for it; null when absent. */
  type: string | null;
  /** Null for a program without a name. Full from BTF where bpftool found it, else at most 15 characters. */
  name: string | null;
  tag: string | null;
  gpl_compatible: boolean | null;
  /** Epoch seconds. */
  loaded_at: number | null;
  uid: number | null;
  /** True when the offload device is gone. */
  orphaned: boolean | null;
  bytes_xlated: number | null;
  jited: boolean | null;
  bytes_jited: number | null;
  bytes_memlock: number | null;
  map_ids: number[];
  btf_id: number | null;
  /** Only while kernel.bpf_stats_enabled=1 and the count is not zero. */
  run_cnt: string | null;
  run_time_ns: string | null;
  recursion_misses: string | null;
  pinned: string[];
  pids: Holder[];
  /** Device of an offloaded or device-bound program. */
  ifname: string | null;
  ifindex: number | null;
  raw: unknown;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "bpf.prog": ProgRow[];
  }
}

export default defineParser({ section: "bpf.prog", parse: (text) => jsonRows(text, progRow) });

function progRow(row: Fields): ProgRow {
  // print_dev_json() nests the device; bpftool before 4.17 did not.
  const dev = row.object("dev") ?? row;
  return {
    id: row.needInt("id"),
    type: row.text("type"),
    name: row.text("name"),
    tag: row.text("tag"),
    gpl_compatible: row.flag("gpl_compatible"),
    loaded_at: row.int("loaded_at"),
    uid: row.int("uid"),
    orphaned: row.flag("orphaned"),
    bytes_xlated: row.int("bytes_xlated"),
    jited: row.flag("jited"),
    bytes_jited: row.int("bytes_jited"),
    bytes_memlock: row.int("bytes_memlock"),
    map_ids: row.ints("map_ids"),
    btf_id: row.int("btf_id"),
    run_cnt: row.decimal("run_cnt"),
    run_time_ns: row.decimal("run_time_ns"),
    recursion_misses: row.decimal("recursion_misses"),
    pinned: row.texts("pinned"),
    pids: holders(row),
    ifname: dev.text("ifname"),
    ifindex: dev.int("ifindex"),
    raw: row.raw,
  };
}
