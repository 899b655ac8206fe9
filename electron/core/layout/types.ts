/**
 * What the picture's layout takes and gives: plain data, positions in CSS pixels at 100 % zoom.
 *
 * Everything a view draws is in here, words included, so that a view only draws. Nothing in here
 * refers to a screen: widths of text are estimated (`measure.ts`).
 */
import type { Datapath, HookName, Key, Mechanism, Severity } from "../model/types.ts";

export interface PictureOptions {
  /** Keys of folds that are open, see {@link FOLD}. */
  open: ReadonlySet<Key>;
  /** Show the maps of every program. */
  show_maps: boolean;
  /**
   * Keys the filter lets through (attachments, interfaces, programs), or null for everything. Rows
   * without one are left out; in a row that stays, the neighbours are dimmed, never taken out,
   * because the order is the point.
   */
  visible: ReadonlySet<Key> | null;
  /** The picture before the last refresh, or null: what came, went and changed is marked against it. */
  previous: Datapath | null;
  /** Lanes without a fixed order wrap at this width. */
  wrap_width: number;
}

/** Keys of what can be folded. A view toggles them in {@link PictureOptions.open}. */
export const FOLD = {
  /** The tail-call pipeline behind an entry. */
  tails: (box: Key): Key => `tails:${box}`,
  /** The maps of one box. */
  maps: (box: Key): Key => `maps:${box}`,
  /** All boxes of one crowded layer of a pipeline. */
  layer: (box: Key, depth: number): Key => `layer:${box}:${depth}`,
  /** Interfaces with nothing attached. */
  idle: "fold:idle",
  /** A whole group of rows that is folded away. Open by default: the key marks it closed. */
  group: (group: string): Key => `closed:${group}`,
} as const;

export type Change = "came" | "went" | "changed";

/** A finding as a sign: drawn as icon, word and colour. */
export interface Badge {
  /** Index into `datapath.findings`. */
  finding: number;
  severity: Severity;
  /** `critical`, `warning` or `info`; with a count when several share the place. */
  text: string;
  /** What a pointer or a screen reader gets. */
  title: string;
}

export interface Fold {
  key: Key;
  open: boolean;
  /** What is behind it, e.g. `7 tail calls`. */
  text: string;
}

/** A small word on a box, e.g. `clsact pref 1 · 0x1`. */
export interface Chip {
  text: string;
  kind: "mechanism" | "owner" | "mode" | "slot" | "type";
}

/** Coordinates are relative to the row's top left corner. */
export interface Rect {
  x: number;
  y: number;
  w: number;
  h: number;
}

export interface PictureBox extends Rect {
  /** Unique in the picture: the attachment's own key, or one made from it for what hangs below. */
  key: Key;
  /** What selecting the box selects: an attachment, program or map; null for `more`. */
  subject: Key | null;
  kind: "entry" | "program" | "map" | "more" | "attachment" | "loose";
  /** Key of the program in it, for showing where else it is; null without one. */
  program: Key | null;
  /** Of entries on interfaces only. */
  mechanism: Mechanism | null;
  /** Place in the chain, or null where there is no order. */
  order: number | null;
  title: string;
  /** Program id as `#100`, or "". */
  id_text: string;
  chips: Chip[];
  /** Third line, e.g. `OK → stack · SHOT → drop`. */
  line: string;
  /** Run count as a short text, or "". */
  runs: string;
  /** `no` is hatched and struck and says so in words. */
  reachable: "yes" | "no" | "cannot_tell";
  tails: Fold | null;
  maps: Fold | null;
  /** The fold buttons stand beside the chips instead of on a line of their own. */
  folds_beside: boolean;
  badge: Badge | null;
  change: Change | null;
  /** True when the filter is about something else in this row. */
  dim: boolean;
  /** The whole of it in words: accessible name and hover text. */
  label: string;
  /** The full verdict table, a line each, for hover and focus. */
  details: string[];
}

export interface Arrow {
  /** Corner points `x, y, x, y, …` from start to end. */
  points: number[];
  kind: "next" | "never" | "exit" | "call" | "back" | "uses";
  /** Verdict that takes this way, centred above it. */
  text: string;
  text_x: number;
  text_y: number;
  /** Where it leads when that is not a box, e.g. `stack`: written behind its end. */
  target: string;
}

/** The frame around one hook's chain, or around an opened pipeline. */
export interface Track extends Rect {
  key: Key;
  kind: "hook" | "pipeline";
  /** E.g. `TC ingress`. */
  title: string;
  /** Both readings of the direction, or a remark. */
  note: string;
  badge: Badge | null;
}

/** What the fixed column at the left says about a row. */
export interface RowHead {
  /** Big line: pod or interface. */
  title: string;
  /** Second line, e.g. the interface's name. */
  name: string;
  /** Third line: kind, ifindex, peer. */
  detail: string;
  /** True for the second row of a pair, which is drawn tucked under the first. */
  tucked: boolean;
  label: string;
}

export interface PictureRow {
  key: Key;
  /** What selecting the head selects, or null. */
  subject: Key | null;
  kind: "group" | "interface" | "idle" | "lane";
  y: number;
  height: number;
  head: RowHead;
  /** Fold of a group row or of the row of idle interfaces. */
  fold: Fold | null;
  /** 1 for groups, 2 for rows in them. */
  level: 1 | 2;
  tracks: Track[];
  boxes: PictureBox[];
  arrows: Arrow[];
  badge: Badge | null;
  change: Change | null;
}

/** Where a key is drawn. */
export interface Place {
  row: number;
  /** Index into the row's boxes, null for the row itself. */
  box: number | null;
}

export interface PictureLayout {
  width: number;
  height: number;
  /** Width of the fixed column. */
  head_width: number;
  rows: PictureRow[];
  /** Box keys, subjects, interfaces, hooks and pods → place. */
  index: ReadonlyMap<Key, Place>;
  /** Findings that have a place, top to bottom. */
  marks: { y: number; row: number; badge: Badge }[];
  /** Findings about the node itself, or about things that are not drawn now (folded, filtered, maps). */
  node_badge: Badge | null;
  counts: { rows: number; interfaces: number; attachments: number; idle: number; hidden: number };
  /** Marked boxes and rows, by kind of change. */
  changes: Readonly<Record<Change, number>>;
}

export const HOOK_TITLES: Readonly<Record<HookName, string>> = {
  xdp: "XDP",
  tc_ingress: "TC ingress",
  tc_egress: "TC egress",
  netkit_primary: "netkit primary",
  netkit_peer: "netkit peer",
};

/** The hooks in packet order: what comes in on the interface, then what goes out. */
export const HOOK_ORDER: readonly HookName[] = ["xdp", "netkit_peer", "tc_ingress", "tc_egress", "netkit_primary"];
