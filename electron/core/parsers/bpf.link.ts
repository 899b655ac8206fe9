/**
 * `bpftool -j -f link show`: every BPF link. What a link points at depends on its type; the members
 * that place it are typed, all others are in `details` under the tool's own names.
 */
import { defineParser } from "../parse.ts";
import type { Fields } from "./lib/fields.ts";
import { type Holder, holders } from "./lib/holders.ts";
import { jsonRows } from "./lib/rows.ts";

export interface LinkRow {
  id: number;
  /** `tcx`, `xdp`, `cgroup`, `tracing`, `perf_event`, …; the number as text where bpftool has no name. */
  type: string | null;
  /** Null for a struct_ops link: its program slot does not exist and bpftool prints 0. */
  prog_id: number | null;
  attach_type: string | null;
  /** tcx, netkit, xdp. 0 when the device is gone. */
  ifindex: number | null;
  /** `(unknown)` and `(detached)` are bpftool's words for a device of another namespace and a gone one. */
  devname: string | null;
  /** cgroup and cgroup iterator links: inode of the cgroup's directory. */
  cgroup_id: string | null;
  /** netns links (flow_dissector, sk_lookup). */
  netns_ino: string | null;
  /** struct_ops, sockmap and map iterator links. */
  map_id: number | null;
  /** raw_tracepoint. */
  tp_name: string | null;
  /** perf_event on a tracepoint. */
  tracepoint: string | null;
  /** perf_event on a kprobe. */
  func: string | null;
  /** perf_event on a uprobe. */
  file: string | null;
  /** uprobe_multi. */
  path: string | null;
  retprobe: boolean | null;
  /** iter. */
  target_name: string | null;
  /** tracing: id of the program or BTF object that is traced, and the function in it. */
  target_obj_id: number | null;
  target_btf_id: number | null;
  /** netfilter: protocol family, hook number, priority. */
  pf: number | null;
  hook: number | null;
  prio: number | null;
  pinned: string[];
  pids: Holder[];
  /** Every member but id, type, prog_id, pinned and pids, as printed. */
  details: Record<string, unknown>;
  raw: unknown;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "bpf.link": LinkRow[];
  }
}

const SHARED = new Set(["id", "type", "prog_id", "pinned", "pids"]);

export default defineParser({ section: "bpf.link", parse: (text) => jsonRows(text, linkRow) });

function linkRow(row: Fields): LinkRow {
  const prog_id = row.int("prog_id");
  return {
    id: row.needInt("id"),
    type: row.text("type"),
    prog_id: prog_id === 0 ? null : prog_id,
    attach_type: row.text("attach_type"),
    ifindex: row.int("ifindex"),
    devname: row.text("devname"),
    cgroup_id: row.decimal("cgroup_id"),
    netns_ino: row.decimal("netns_ino"),
    map_id: row.int("map_id"),
    tp_name: row.text("tp_name"),
    tracepoint: row.text("tracepoint"),
    func: row.text("func"),
    file: row.text("file"),
    path: row.text("path"),
    retprobe: row.flag("retprobe"),
    target_name: row.text("target_name"),
    target_obj_id: row.int("target_obj_id"),
    target_btf_id: row.int("target_btf_id"),
    pf: row.int("pf"),
    hook: row.int("hook"),
    prio: row.int("prio"),
    pinned: row.texts("pinned"),
    pids: holders(row),
    details: Object.fromEntries(Object.entries(row.raw).filter(([name]) => !SHARED.has(name))),
    raw: row.raw,
  };
}
