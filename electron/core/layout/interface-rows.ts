/**
 * Rows of interfaces: which interface is a row, in which group, and how its hooks line up.
 *
 * Within a group the same hook starts at the same x in every row, so that a column can be read from
 * top to bottom; a chain that is much longer than the others pushes only its own row.
 */
import { hookKey } from "../model/build/keys.ts";
import type { Hook, HookName, Iface, Key, Pod } from "../model/types.ts";
import { type Chain, drawChain, measureChain } from "./chain.ts";
import { type Context, podTitle } from "./context.ts";
import { SIZE } from "./measure.ts";
import { drawPipeline } from "./pipeline.ts";
import { newSketch } from "./sketch.ts";
import { HOOK_ORDER, type PictureRow, type RowHead } from "./types.ts";

/** Wider chains do not widen the column for all. */
const COLUMN_MAX = 560;
const COLUMN: Readonly<Record<HookName, number>> = {
  xdp: 0,
  netkit_peer: 1,
  tc_ingress: 1,
  tc_egress: 2,
  netkit_primary: 2,
};

/** One row to be, before it has a height. */
export interface InterfacePlan {
  iface: Iface;
  /** Second row of a pair: the end inside the pod, under the node's end. */
  tucked: boolean;
}

export interface InterfaceGroups {
  node: InterfacePlan[];
  pods: InterfacePlan[];
  other: InterfacePlan[];
  /** With nothing attached, and nothing found about them. */
  idle: Iface[];
  /** Interfaces with something on them that the filter keeps out. */
  hidden: number;
}

/** Sorts interfaces into groups. Every interface lands in exactly one, or is counted as hidden. */
export function groupInterfaces(ctx: Context): InterfaceGroups {
  const groups: InterfaceGroups = { node: [], pods: [], other: [], idle: [], hidden: 0 };
  const all = [...ctx.datapath.interfaces, ...ctx.changes.gone_interfaces];
  const pods = new Map<Key, Iface[]>();
  for (const iface of all) {
    const busy = isBusy(ctx, iface);
    if (!matches(ctx, iface)) {
      if (busy) groups.hidden += 1;
    } else if (!busy) {
      // The idle end of a pod's pair is named in the row of the other end.
      if (iface.host_netns || iface.pod === null) groups.idle.push(iface);
    } else if (iface.pod !== null) {
      const ends = pods.get(iface.pod);
      if (ends) ends.push(iface);
      else pods.set(iface.pod, [iface]);
    } else (iface.host_netns ? groups.node : groups.other).push({ iface, tucked: false });
  }
  groups.node.sort((a, b) => rank(a.iface) - rank(b.iface) || a.iface.ifindex - b.iface.ifindex);
  groups.other.sort((a, b) => compare(a.iface.netns, b.iface.netns) || a.iface.ifindex - b.iface.ifindex);
  groups.idle.sort((a, b) => Number(b.host_netns) - Number(a.host_netns) || a.ifindex - b.ifindex);
  const titled = [...pods].map(([key, ends]) => ({ title: titleOf(ctx.pods.get(key), key), key, ends }));
  titled.sort((a, b) => compare(a.title, b.title) || compare(a.key, b.key));
  for (const { ends } of titled) {
    ends.sort((a, b) => Number(a.pod_host_end ? 0 : 1) - Number(b.pod_host_end ? 0 : 1) || a.ifindex - b.ifindex);
    for (const [index, iface] of ends.entries()) groups.pods.push({ iface, tucked: index > 0 });
  }
  return groups;
}

/** Draws the rows of one group; `y` is set by the caller. */
export function interfaceRows(ctx: Context, plans: readonly InterfacePlan[]): PictureRow[] {
  const measured = plans.map((plan) => ({ plan, chains: chainsOf(ctx, plan.iface) }));
  const widths = [0, 0, 0];
  for (const { chains } of measured)
    for (const chain of chains) {
      const column = COLUMN[chain.hook.hook];
      widths[column] = Math.max(widths[column] ?? 0, Math.min(chain.width, COLUMN_MAX));
    }
  const starts: number[] = [];
  let x = SIZE.head + 12;
  for (const width of widths) {
    starts.push(x);
    if (width > 0) x += width + SIZE.track_gap;
  }
  return measured.map(({ plan, chains }) => drawRow(ctx, plan, chains, starts));
}

/** Without root most of what is attached cannot be seen, and is not said not to be there. */
export function nothingAttached({ datapath }: Context): string {
  return datapath.node.root ? "nothing attached" : "nothing seen attached";
}

/** A short row for an interface with nothing attached. */
export function idleRow(ctx: Context, iface: Iface): PictureRow {
  const head = headOf(ctx, iface, false);
  return {
    key: `row:${iface.key}`,
    subject: iface.key,
    kind: "idle",
    y: 0,
    height: SIZE.idle_row,
    head: {
      ...head,
      detail: [head.detail, iface.addresses[0] ?? "", nothingAttached(ctx)].filter(Boolean).join(" · "),
    },
    fold: null,
    level: 2,
    tracks: [],
    boxes: [],
    arrows: [],
    badge: null,
    change: ctx.changes.of(iface.key),
  };
}

function drawRow(ctx: Context, plan: InterfacePlan, chains: Chain[], starts: number[]): PictureRow {
  const { iface, tucked } = plan;
  const sketch = newSketch();
  const y = SIZE.row_pad;
  let x = 0;
  const heads = chains.map((chain) => {
    const at = Math.max(starts[COLUMN[chain.hook.hook]] ?? 0, x);
    const track = drawChain(ctx, iface, chain, { x: at, y }, sketch);
    sketch.tracks.push(track);
    sketch.right = Math.max(sketch.right, at + chain.width);
    x = at + chain.width + SIZE.track_gap;
    return track;
  });
  const bottom = Math.max(sketch.bottom, y + SIZE.caption + 8) + SIZE.track_pad;
  for (const track of heads) track.h = bottom - y;
  sketch.bottom = bottom;
  // From right to left, so that no pipeline lies on the line that leads to another.
  const opened = chains.flatMap((chain) => chain.links).filter(({ box }) => box.tails?.open);
  for (const { box, program } of opened.toReversed()) {
    const placed = sketch.boxes.find((candidate) => candidate.key === box.key);
    if (placed && program) drawPipeline(ctx, placed, program, { x: placed.x, y: sketch.bottom + 10 }, sketch);
  }
  const change = ctx.changes.of(iface.key);
  return {
    key: `row:${iface.key}`,
    subject: iface.key,
    kind: "interface",
    y: 0,
    height: Math.max(sketch.bottom + SIZE.row_pad, 64),
    head: headOf(ctx, iface, tucked),
    fold: null,
    level: 2,
    tracks: sketch.tracks,
    boxes: sketch.boxes,
    arrows: sketch.arrows,
    badge: ctx.badge(iface.key, ...(iface.pod !== null && !tucked ? [iface.pod] : [])),
    change,
  };
}

function chainsOf(ctx: Context, iface: Iface): Chain[] {
  return orderedHooks(ctx.changes.of(iface.key) === "went" ? iface.hooks : ctx.changes.hooks(iface)).map((hook) =>
    measureChain(ctx, iface, hook),
  );
}

function orderedHooks(hooks: readonly Hook[]): Hook[] {
  return hooks.toSorted((a, b) => HOOK_ORDER.indexOf(a.hook) - HOOK_ORDER.indexOf(b.hook));
}

function headOf(ctx: Context, iface: Iface, tucked: boolean): RowHead {
  const pod = iface.pod === null ? undefined : ctx.pods.get(iface.pod);
  const peer = iface.peer === null ? undefined : ctx.interfaces.get(iface.peer);
  const master = iface.master === null ? undefined : ctx.interfaces.get(iface.master);
  const space = ctx.netns.get(iface.netns);
  const facts = [
    `${iface.ifindex}`,
    iface.kind === "ether" && iface.driver ? iface.driver : iface.kind,
    iface.up ? "" : "down",
    peer
      ? peer.netns === iface.netns
        ? `peer ${peer.name}`
        : `⇄ ${peer.name}${peer.host_netns ? " on node" : " in pod"}`
      : "",
    master ? `on ${master.name}` : "",
  ];
  const where = pod
    ? tucked
      ? `${iface.name} · inside the pod`
      : iface.pod_host_end
        ? iface.name
        : `${iface.name} · inside the pod`
    : iface.host_netns
      ? (iface.addresses[0] ?? "")
      : `namespace ${space?.name ?? iface.netns}`;
  const title = pod && !tucked ? podTitle(pod) : pod ? `${iface.name} · inside the pod` : iface.name;
  return {
    title,
    name: pod && tucked ? podTitle(pod) : where,
    detail: facts.filter(Boolean).join(" · "),
    tucked,
    label: [
      `interface ${iface.name}`,
      pod ? `pod ${podTitle(pod)}` : "",
      pod ? (iface.host_netns ? "end on the node" : "end inside the pod") : "",
      facts.slice(1).filter(Boolean).join(", "),
    ]
      .filter(Boolean)
      .join(", "),
  };
}

function isBusy(ctx: Context, iface: Iface): boolean {
  if (ctx.changes.of(iface.key) === "went") return true;
  if (ctx.badge(iface.key)) return true;
  return ctx.changes.hooks(iface).some((hook) => hook.entries.length > 0 || ctx.badge(hookKey(iface.key, hook.hook)));
}

/** Does the filter want this row: itself, an entry, or a program that only tail calls lead to. */
function matches(ctx: Context, iface: Iface): boolean {
  const { visible } = ctx.options;
  if (visible === null || visible.has(iface.key)) return true;
  return iface.hooks.some((hook) =>
    hook.entries.some(
      (entry) =>
        visible.has(entry.key) || (entry.prog_id !== null && ctx.tails.reachesAny(entry.prog_id, ctx.wanted_tails)),
    ),
  );
}

/** Devices with wires first, the loopback last; between them the order they were made in. */
function rank(iface: Iface): number {
  if (iface.kind === "ether" || iface.kind === "bond") return 0;
  return iface.kind === "loopback" ? 2 : 1;
}

function titleOf(pod: Pod | undefined, key: Key): string {
  return pod ? podTitle(pod) : key;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
