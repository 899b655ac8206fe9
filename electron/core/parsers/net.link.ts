/** `ip -d -j -s link show`: interfaces of one network namespace with kind, peer, XDP and counters. */
import { defineParser } from "../parse.ts";
import type { Fields } from "./lib/fields.ts";
import type { JsonObject } from "./lib/json.ts";
import { jsonRows } from "./lib/rows.ts";

/** One program in one XDP mode. */
export interface LinkXdp {
  /** From ip's number: 1 native (driver), 2 generic (skb), 3 offload (hw); null for an unknown number. */
  mode: "native" | "generic" | "offload" | null;
  prog_id: number;
  /** Only with root. */
  name: string | null;
  tag: string | null;
}

export interface LinkCounters {
  bytes: string | null;
  packets: string | null;
  errors: string | null;
  dropped: string | null;
}

export interface NetLinkRow {
  ifindex: number;
  ifname: string;
  /** ifindex of the other end or lower device, in namespace `link_netnsid` when that is set. */
  link_index: number | null;
  /** Name of the other end, which ip prints instead of `link_index` when it is in the same namespace. */
  link: string | null;
  /** Namespace id (as `ip netns list-id` of this namespace numbers them) of the other end. */
  link_netnsid: number | null;
  flags: string[];
  mtu: number | null;
  qdisc: string | null;
  operstate: string | null;
  /** Name of the controlling bridge or bond. */
  master: string | null;
  link_type: string | null;
  /** Absent for devices without a link-layer address. */
  address: string | null;
  altnames: string[];
  /** `veth`, `netkit`, `bridge`, `vxlan`, …; null for a plain device. */
  info_kind: string | null;
  /** Kind-specific members as printed. */
  info_data: Record<string, unknown>;
  info_slave_kind: string | null;
  /** netkit: `l2` or `l3`, `primary` or `peer`, and the default policy of each end. */
  netkit: { mode: string | null; type: string | null; policy: string | null; peer_policy: string | null } | null;
  /** Empty without XDP; one row a mode. */
  xdp: LinkXdp[];
  rx: LinkCounters | null;
  tx: LinkCounters | null;
  raw: unknown;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "net.link": NetLinkRow[];
  }
}

export default defineParser({ section: "net.link", parse: (text) => jsonRows(text, linkRow) });

function linkRow(row: Fields): NetLinkRow | null {
  // ip prints {} for an interface its filters left out.
  if (Object.keys(row.raw).length === 0) return null;
  const info = row.object("linkinfo");
  const data = info?.object("info_data") ?? null;
  const stats = row.object("stats64") ?? row.object("stats");
  return {
    ifindex: row.needInt("ifindex"),
    ifname: row.needText("ifname"),
    link_index: row.int("link_index"),
    link: row.text("link"),
    link_netnsid: row.int("link_netnsid"),
    flags: row.texts("flags"),
    mtu: row.int("mtu"),
    qdisc: row.text("qdisc"),
    operstate: row.text("operstate"),
    master: row.text("master"),
    link_type: row.text("link_type"),
    address: row.text("address"),
    altnames: row.texts("altnames"),
    info_kind: info?.text("info_kind") ?? null,
    info_data: data?.raw ?? ({} as JsonObject),
    info_slave_kind: info?.text("info_slave_kind") ?? null,
    netkit: info?.get("info_kind") === "netkit" && data ? netkitOf(data) : null,
    xdp: xdpOf(row),
    rx: countersOf(stats?.object("rx") ?? null),
    tx: countersOf(stats?.object("tx") ?? null),
    raw: row.raw,
  };
}

/** iproute2 spells the peer's policy with a blank in its text form and with `_` in JSON; both are read. */
function netkitOf(data: Fields): NetLinkRow["netkit"] {
  return {
    mode: data.text("mode"),
    type: data.text("type"),
    policy: data.text("policy"),
    peer_policy: data.text("peer_policy") ?? data.text("peer policy"),
  };
}

/** `XDP_ATTACHED_*` of linux/if_link.h; 4 (multi) lists its programs under `attached`. */
const MODES: Record<string, LinkXdp["mode"]> = { 1: "native", 2: "generic", 3: "offload" };

function xdpOf(row: Fields): LinkXdp[] {
  const xdp = row.object("xdp");
  if (!xdp) return [];
  // One program is printed at both places; several only under `attached`.
  const attached = xdp.rows("attached", xdpProgram);
  if (attached.length > 0) return attached;
  const single = xdp.has("prog") ? xdpProgram(xdp) : null;
  return single ? [single] : [];
}

/** Null, with a warning, when the program's id is missing: the interface stays. */
function xdpProgram(row: Fields): LinkXdp | null {
  const prog = row.object("prog");
  const prog_id = prog?.int("id") ?? row.int("prog_id");
  if (prog_id === null) {
    row.warn("missing-field", "Needs an integer; the program is left out.", "prog.id");
    return null;
  }
  return {
    mode: MODES[String(row.int("mode"))] ?? null,
    prog_id,
    name: prog?.text("name") ?? null,
    tag: prog?.text("tag") ?? null,
  };
}

function countersOf(counters: Fields | null): LinkCounters | null {
  if (!counters) return null;
  return {
    bytes: counters.decimal("bytes"),
    packets: counters.decimal("packets"),
    errors: counters.decimal("errors"),
    dropped: counters.decimal("dropped"),
  };
}
