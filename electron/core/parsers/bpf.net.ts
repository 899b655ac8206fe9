/**
 * `bpftool -j net show`: XDP, tc, tcx, netkit, netfilter and flow dissector attachments of one
 * network namespace. Order within a hook is run order. It knows no pref, handle, chain or protocol
 * (`tc.filter` does), and before 7.3 no tcx.
 */
import { defineParser, type Parsed } from "../parse.ts";
import { type Fields, isObject, readRow } from "./lib/fields.ts";
import { append, openJson } from "./lib/rows.ts";

export interface NetXdpRow {
  devname: string | null;
  ifindex: number;
  /** `driver`, `generic`, `offload`; `multi` rows are split into one row a mode. */
  mode: string | null;
  prog_id: number;
  raw: unknown;
}

export interface NetTcRow {
  devname: string | null;
  ifindex: number;
  /** As printed: `clsact/ingress`, `tcx/egress`, `netkit/peer`, or a qdisc's kind. */
  kind: string;
  /** For clsact the loader's label (`bpf_lxc.o:[from-container]`), else the program's name. */
  name: string | null;
  /** From `id` (clsact and qdiscs) or `prog_id` (tcx, netkit). */
  prog_id: number;
  /** 0: attached without a link. Null where bpftool does not print it (clsact). */
  link_id: number | null;
  prog_flags: string[];
  link_flags: string[];
  raw: unknown;
}

export interface NetfilterRow {
  prog_id: number;
  link_id: number | null;
  pf: number | null;
  hook: number | null;
  prio: number | null;
  flags: number | null;
  raw: unknown;
}

export interface NetRows {
  xdp: NetXdpRow[];
  tc: NetTcRow[];
  flow_dissector: { prog_id: number; raw: unknown }[];
  netfilter: NetfilterRow[];
  /** Names of the lists that were printed: old versions lack `flow_dissector` and `netfilter`. */
  sections: string[];
}

declare module "../parse.ts" {
  interface SectionFacts {
    "bpf.net": NetRows;
  }
}

export default defineParser({ section: "bpf.net", parse });

function parse(text: string): Parsed<NetRows> {
  const { documents, context } = openJson(text);
  const rows: NetRows = { xdp: [], tc: [], flow_dissector: [], netfilter: [], sections: [] };
  for (const { document, path } of documents) {
    const list = Array.isArray(document) ? document : [document];
    list.forEach((item, index) => {
      const at = Array.isArray(document) ? `${path}[${index}]` : path;
      if (isObject(item)) readRow(item, at, context, (row) => addTo(rows, row), { keep_cut: true });
      else if (item !== null || list.length === 1) context.warnings.add("no-list", "Expected an object of lists.", at);
    });
  }
  return { value: rows, warnings: context.warnings.list() };
}

function addTo(rows: NetRows, row: Fields): null {
  append(
    rows.sections,
    Object.keys(row.raw).filter((name) => name !== "error"),
  );
  append(rows.xdp, row.rows("xdp", xdpRows).flat());
  append(rows.tc, row.rows("tc", tcRow));
  append(
    rows.flow_dissector,
    row.rows("flow_dissector", (one) => ({ prog_id: one.needInt("id"), raw: one.raw })),
  );
  append(rows.netfilter, row.rows("netfilter", netfilterRow));
  return null;
}

/** One row for each mode: several at once are listed under `multi_attachments`. */
function xdpRows(row: Fields): NetXdpRow[] {
  const devname = row.text("devname");
  const ifindex = row.needInt("ifindex");
  if (row.has("multi_attachments")) {
    return row.rows("multi_attachments", (one) => ({
      devname,
      ifindex,
      mode: one.text("mode"),
      prog_id: one.needInt("id"),
      raw: row.raw,
    }));
  }
  return [{ devname, ifindex, mode: row.text("mode"), prog_id: row.needInt("id"), raw: row.raw }];
}

function tcRow(row: Fields): NetTcRow {
  return {
    devname: row.text("devname"),
    ifindex: row.needInt("ifindex"),
    kind: row.needText("kind"),
    name: row.text("name"),
    prog_id: row.has("prog_id") ? row.needInt("prog_id") : row.needInt("id"),
    link_id: row.int("link_id"),
    prog_flags: row.texts("prog_flags"),
    link_flags: row.texts("link_flags"),
    raw: row.raw,
  };
}

function netfilterRow(row: Fields): NetfilterRow {
  return {
    prog_id: row.has("prog_id") ? row.needInt("prog_id") : row.needInt("id"),
    link_id: row.int("link_id"),
    pf: row.int("pf"),
    hook: row.int("hook"),
    prio: row.int("prio"),
    flags: row.int("flags"),
    raw: row.raw,
  };
}
