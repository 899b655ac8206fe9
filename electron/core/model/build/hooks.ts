/**
 * Which entries sit on the hooks of each interface, still in the order the tools list them.
 *
 * Three listings are joined: `ip link` knows XDP programs and modes, `tc filter` knows pref, handle, chain
 * and protocol of clsact filters, `bpftool net` knows tcx and netkit and the order there. bpftool also
 * lists clsact programs; its rows fill in where `tc filter` did not arrive. `chain.ts` orders and judges.
 */
import type { SectionFacts } from "../../parse.ts";
import type { LinkRow } from "../../parsers/bpf.link.ts";
import type { NetTcRow } from "../../parsers/bpf.net.ts";
import type { FilterRow } from "../../parsers/tc.filter.ts";
import type { QdiscRow } from "../../parsers/tc.qdisc.ts";
import type { DraftEntry } from "../chain.ts";
import type { Hook, HookName, Key, Mechanism, XdpMode } from "../types.ts";
import type { IfaceDraft } from "./interfaces.ts";
import { hookKey, uniqueKeys } from "./keys.ts";
import { push } from "./processes.ts";

/** A hook of one interface before its entries are ordered and judged. */
export interface HookDraft {
  hook: HookName;
  qdisc: Hook["qdisc"];
  entries: DraftEntry[];
}

/** In packet order: what comes in, then what goes out. */
const HOOKS: readonly HookName[] = ["xdp", "netkit_peer", "tc_ingress", "tc_egress", "netkit_primary"];

/** bpftool's word for an attachment point → hook and mechanism; other words are qdisc kinds. */
const POINTS: Record<string, { hook: HookName; mechanism: Mechanism }> = {
  "clsact/ingress": { hook: "tc_ingress", mechanism: "clsact" },
  "clsact/egress": { hook: "tc_egress", mechanism: "clsact" },
  ingress: { hook: "tc_ingress", mechanism: "clsact" },
  "tcx/ingress": { hook: "tc_ingress", mechanism: "tcx" },
  "tcx/egress": { hook: "tc_egress", mechanism: "tcx" },
  "netkit/primary": { hook: "netkit_primary", mechanism: "netkit" },
  "netkit/peer": { hook: "netkit_peer", mechanism: "netkit" },
};

/** `attach_type` of links, for where `bpftool net` did not arrive. */
const LINK_POINTS: Record<string, { hook: HookName; mechanism: Mechanism }> = {
  tcx_ingress: { hook: "tc_ingress", mechanism: "tcx" },
  tcx_egress: { hook: "tc_egress", mechanism: "tcx" },
  netkit_primary: { hook: "netkit_primary", mechanism: "netkit" },
  netkit_peer: { hook: "netkit_peer", mechanism: "netkit" },
};

/** Rows of one namespace, by what they are looked up with. Made once per namespace. */
interface Lookup {
  filters: Map<string, FilterRow[]>;
  qdiscs: Map<string, QdiscRow>;
  attached: Map<number, NetTcRow[]>;
  xdp: Map<number, { mode: XdpMode | null; prog_id: number; raw: unknown; section: string }[]>;
  /** Links by ifindex; only those bpftool could name a device for belong to the node's namespace. */
  links: Map<number, LinkRow[]>;
  has_net: boolean;
}

/** Hooks of every interface, by its key; an interface without any is absent. */
export function readHooks(drafts: readonly IfaceDraft[], links: readonly LinkRow[]): Map<Key, HookDraft[]> {
  const linksHere = linksByIfindex(links);
  const lookups = new Map<Partial<SectionFacts>, Lookup>();
  const result = new Map<Key, HookDraft[]>();
  for (const draft of drafts) {
    let lookup = lookups.get(draft.facts);
    if (lookup === undefined) {
      lookup = lookupOf(draft.facts, draft.iface.host_netns ? linksHere : new Map());
      lookups.set(draft.facts, lookup);
    }
    const hooks = hooksOf(draft, lookup);
    if (hooks.length > 0) result.set(draft.iface.key, hooks);
  }
  return result;
}

function linksByIfindex(links: readonly LinkRow[]): Map<number, LinkRow[]> {
  const map = new Map<number, LinkRow[]>();
  for (const link of links) {
    const elsewhere = link.devname === "(unknown)" || link.devname === "(detached)";
    if (link.ifindex !== null && link.ifindex > 0 && !elsewhere) push(map, link.ifindex, link);
  }
  return map;
}

function lookupOf(facts: Partial<SectionFacts>, links: Map<number, LinkRow[]>): Lookup {
  const net = facts["bpf.net"];
  const lookup: Lookup = {
    filters: new Map(),
    qdiscs: new Map(),
    attached: new Map(),
    xdp: new Map(),
    links,
    has_net: net !== undefined,
  };
  for (const row of facts["tc.filter"] ?? []) push(lookup.filters, `${row.direction} ${row.dev}`, row);
  for (const row of facts["tc.qdisc"] ?? []) {
    if (row.dev !== null && (row.kind === "clsact" || row.kind === "ingress")) lookup.qdiscs.set(row.dev, row);
  }
  for (const row of net?.tc ?? []) push(lookup.attached, row.ifindex, row);
  for (const row of facts["net.link"] ?? []) {
    for (const { mode, prog_id } of row.xdp) {
      push(lookup.xdp, row.ifindex, { mode, prog_id, raw: row.raw, section: "net.link" });
    }
  }
  for (const row of net?.xdp ?? []) {
    const known = lookup.xdp.get(row.ifindex)?.some((one) => one.prog_id === row.prog_id);
    if (known === true) continue;
    push(lookup.xdp, row.ifindex, { mode: xdpMode(row.mode), prog_id: row.prog_id, raw: row.raw, section: "bpf.net" });
  }
  return lookup;
}

function xdpMode(word: string | null): XdpMode | null {
  if (word === "driver") return "native";
  return word === "generic" || word === "offload" ? word : null;
}

function hooksOf(draft: IfaceDraft, lookup: Lookup): HookDraft[] {
  const { iface } = draft;
  const entries = new Map<HookName, DraftEntry[]>();
  for (const one of xdpEntries(draft, lookup)) push(entries, "xdp", one);
  for (const direction of ["ingress", "egress"] as const) {
    const hook = direction === "ingress" ? "tc_ingress" : "tc_egress";
    for (const one of filterEntries(draft, lookup, direction)) push(entries, hook, one);
  }
  for (const { hook, entry } of attachedEntries(draft, lookup, entries)) push(entries, hook, entry);
  const qdisc = lookup.qdiscs.get(iface.name);
  return HOOKS.flatMap((hook): HookDraft[] => {
    const found = entries.get(hook) ?? [];
    const carries = qdisc !== undefined && (hook === "tc_ingress" || (hook === "tc_egress" && qdisc.kind === "clsact"));
    if (found.length === 0 && !carries) return [];
    const unique = uniqueKeys();
    return [
      {
        hook,
        qdisc: carries ? qdiscOf(qdisc) : null,
        entries: found.map((entry) => ({ ...entry, key: unique(entry.key) })),
      },
    ];
  });
}

function qdiscOf(row: QdiscRow): Hook["qdisc"] {
  const number = (text: string | null): number | null => (text === null ? null : Number(text));
  return { kind: row.kind, handle: row.handle ?? "", drops: number(row.drops), packets: number(row.packets) };
}

const BLANK = {
  mode: null,
  pref: null,
  handle: null,
  chain: null,
  block: null,
  protocol: null,
  direct_action: null,
  kind: "bpf",
  attach_name: null,
  link_id: null,
  has_actions: false,
  skip_sw: false,
} as const;

function xdpEntries(draft: IfaceDraft, lookup: Lookup): DraftEntry[] {
  const { iface, scope } = draft;
  const links = lookup.links.get(iface.ifindex) ?? [];
  return (lookup.xdp.get(iface.ifindex) ?? []).map(({ mode, prog_id, raw, section }) => ({
    ...BLANK,
    key: `${hookKey(iface.key, "xdp")}:${mode ?? "unknown"}`,
    mechanism: "xdp",
    mode,
    prog_id,
    link_id: links.find((link) => link.type === "xdp" && link.prog_id === prog_id)?.id ?? null,
    origin: { section, scope, raw },
  }));
}

function filterEntries(draft: IfaceDraft, lookup: Lookup, direction: "ingress" | "egress"): DraftEntry[] {
  const { iface, scope } = draft;
  const hook = hookKey(iface.key, direction === "ingress" ? "tc_ingress" : "tc_egress");
  return (lookup.filters.get(`${direction} ${iface.name}`) ?? []).map((row) => ({
    ...BLANK,
    key: `${hook}:clsact:${row.chain ?? 0}:${row.pref ?? "?"}:${row.handle ?? row.kind}`,
    mechanism: "clsact",
    pref: row.pref,
    handle: row.handle,
    chain: row.chain ?? 0,
    block: row.block,
    protocol: row.protocol,
    direct_action: row.direct_action,
    kind: row.kind,
    attach_name: row.bpf_name,
    prog_id: row.prog_id,
    has_actions: optionsOf(row).actions,
    skip_sw: optionsOf(row).skip_sw,
    origin: { section: "tc.filter", scope, raw: row.raw },
  }));
}

/** Members of `options` that decide whether and how the program's verdict counts. */
function optionsOf(row: FilterRow): { actions: boolean; skip_sw: boolean } {
  const raw = row.raw as { options?: { actions?: unknown; skip_sw?: unknown } } | null;
  const options = raw?.options;
  return {
    actions: Array.isArray(options?.actions) && options.actions.length > 0,
    skip_sw: options?.skip_sw === true || options?.skip_sw === 1,
  };
}

/** tcx and netkit from `bpftool net`; its clsact rows only as far as `tc filter` did not list them. */
function attachedEntries(
  draft: IfaceDraft,
  lookup: Lookup,
  listed: ReadonlyMap<HookName, readonly DraftEntry[]>,
): { hook: HookName; entry: DraftEntry }[] {
  const { iface, scope } = draft;
  const remaining = new Map<string, number>();
  for (const [hook, entries] of listed) {
    for (const { prog_id } of entries) {
      if (prog_id !== null) remaining.set(`${hook} ${prog_id}`, (remaining.get(`${hook} ${prog_id}`) ?? 0) + 1);
    }
  }
  const rows = (lookup.attached.get(iface.ifindex) ?? []).flatMap((row) => {
    const point = POINTS[row.kind];
    if (point === undefined) return [];
    if (point.mechanism === "clsact") {
      const left = remaining.get(`${point.hook} ${row.prog_id}`) ?? 0;
      remaining.set(`${point.hook} ${row.prog_id}`, left - 1);
      if (left > 0) return [];
    }
    return [{ ...point, prog_id: row.prog_id, link_id: row.link_id, name: row.name, raw: row.raw, section: "bpf.net" }];
  });
  if (!lookup.has_net) {
    for (const link of lookup.links.get(iface.ifindex) ?? []) {
      const point = LINK_POINTS[link.attach_type ?? ""];
      if (point === undefined) continue;
      rows.push({
        ...point,
        prog_id: link.prog_id ?? 0,
        link_id: link.id,
        name: null,
        raw: link.raw,
        section: "bpf.link",
      });
    }
  }
  return rows.map(({ hook, mechanism, prog_id, link_id, name, raw, section }) => ({
    hook,
    entry: {
      ...BLANK,
      key: `${hookKey(iface.key, hook)}:${mechanism}:${link_id ? `link${link_id}` : `prog${prog_id}`}`,
      mechanism,
      chain: mechanism === "clsact" ? 0 : null,
      attach_name: name,
      prog_id,
      link_id,
      origin: { section, scope, raw },
    },
  }));
}
