/**
 * The picture of a node: every hook with its programs in kernel order, as rows with places.
 *
 * Pure and deterministic: the same datapath and options give the same picture, and a refresh moves
 * only what changed. Knows nothing of a screen; a view draws the rows that are in sight.
 */
import { hookKey } from "../model/build/keys.ts";
import type { Datapath, Key } from "../model/types.ts";
import { badgeOf, type Context, makeContext } from "./context.ts";
import { groupInterfaces, idleRow, interfaceRows, nothingAttached } from "./interface-rows.ts";
import { cgroupRows, looseRows, otherRows } from "./lanes.ts";
import { SIZE } from "./measure.ts";
import { FOLD, type PictureLayout, type PictureOptions, type PictureRow, type Place } from "./types.ts";

/**
 * Lays out a whole node.
 *
 * @returns rows from top to bottom without gaps; places are in CSS pixels at 100 % zoom.
 */
export function layoutPicture(datapath: Datapath, options: PictureOptions): PictureLayout {
  const ctx = makeContext(datapath, options);
  const groups = groupInterfaces(ctx);
  const rows: PictureRow[] = [];
  const add = (id: string, title: string, note: string, make: () => PictureRow[], count: number) => {
    if (count === 0) return;
    const key = FOLD.group(id);
    const open = !options.open.has(key);
    rows.push(groupRow(`group:${id}`, title, note, { key, open, text: note }));
    if (open) rows.push(...make());
  };
  const interfaces = (id: string, title: string, plans: typeof groups.node, note = "") =>
    add(id, title, note || plural(plans.length, "interface"), () => interfaceRows(ctx, plans), plans.length);

  interfaces("node", "Node", groups.node);
  const pods = new Set(groups.pods.map(({ iface }) => iface.pod)).size;
  interfaces("pods", "Pods", groups.pods, plural(pods, "pod"));
  interfaces("other", "Other namespaces", groups.other);
  if (groups.idle.length > 0) rows.push(...idleRows(ctx, groups.idle));
  const cgroups = cgroupRows(ctx);
  add("cgroups", "Cgroups", plural(cgroups.length, "cgroup"), () => cgroups, cgroups.length);
  const lanes = otherRows(ctx);
  add("lanes", "Other hooks", plural(lanes.length, "lane"), () => lanes, lanes.length);
  const loose = looseRows(ctx);
  add("loose", "Loose", "loaded, but attached to nothing", () => loose, loose.length);

  let y = 0;
  let width: number = SIZE.head;
  for (const row of rows) {
    row.y = y;
    y += row.height;
    for (const track of row.tracks) width = Math.max(width, track.x + track.w);
    for (const box of row.boxes) width = Math.max(width, box.x + box.w);
  }
  const index = indexRows(ctx, rows);
  const marks = marksOf(rows);
  return {
    width: width + 24,
    height: y,
    head_width: SIZE.head,
    rows,
    index,
    marks,
    changes: countChanges(rows),
    node_badge: nodeBadge(ctx, index),
    counts: {
      rows: rows.length,
      interfaces: datapath.interfaces.length,
      attachments: attachments(datapath),
      idle: groups.idle.length,
      hidden: groups.hidden,
    },
  };
}

function idleRows(ctx: Context, idle: Parameters<typeof idleRow>[1][]): PictureRow[] {
  const open = ctx.options.open.has(FOLD.idle);
  const text = `${plural(idle.length, "interface")} with ${nothingAttached(ctx)}`;
  const head = groupRow("group:idle", text, "", { key: FOLD.idle, open, text });
  return open ? [head, ...idle.map((iface) => idleRow(ctx, iface))] : [head];
}

function groupRow(key: string, title: string, note: string, fold: PictureRow["fold"]): PictureRow {
  return {
    key,
    subject: null,
    kind: "group",
    y: 0,
    height: SIZE.group,
    head: { title, name: note, detail: "", tucked: false, label: [title, note].filter(Boolean).join(", ") },
    fold,
    level: 1,
    tracks: [],
    boxes: [],
    arrows: [],
    badge: null,
    change: null,
  };
}

/** The first place of every key. Boxes of attachments come before boxes of the same program elsewhere. */
function indexRows(ctx: Context, rows: readonly PictureRow[]): Map<Key, Place> {
  const index = new Map<Key, Place>();
  const put = (key: Key | null | undefined, place: Place) => {
    if (key != null && !index.has(key)) index.set(key, place);
  };
  for (const [row, { boxes }] of rows.entries())
    for (const [box, { key, subject }] of boxes.entries()) {
      put(key, { row, box });
      put(subject, { row, box });
    }
  for (const [row, { subject, boxes, key }] of rows.entries()) {
    put(key, { row, box: null });
    put(subject, { row, box: null });
    const iface = subject === null ? undefined : ctx.interfaces.get(subject);
    if (iface) {
      put(iface.pod, { row, box: null });
      // The idle other end is named in this row's head.
      put(iface.peer, { row, box: null });
      for (const { hook } of iface.hooks) put(hookKey(iface.key, hook), { row, box: null });
    }
    for (const [box, { kind, program }] of boxes.entries()) {
      if (kind !== "entry" && kind !== "attachment") continue;
      put(program, { row, box });
    }
  }
  return index;
}

function marksOf(rows: readonly PictureRow[]): PictureLayout["marks"] {
  const marks: PictureLayout["marks"] = [];
  for (const [row, { y, badge, tracks, boxes }] of rows.entries()) {
    const here = [
      ...(badge ? [{ y: y + 8, row, badge }] : []),
      ...tracks.flatMap((track) => (track.badge ? [{ y: y + track.y, row, badge: track.badge }] : [])),
      ...boxes.flatMap((box) => (box.badge ? [{ y: y + box.y, row, badge: box.badge }] : [])),
    ];
    marks.push(...here);
  }
  return marks;
}

/** Findings about the node as a whole, or about something no row shows now. */
function nodeBadge(ctx: Context, index: ReadonlyMap<Key, Place>): PictureLayout["node_badge"] {
  const { findings } = ctx.datapath;
  return badgeOf(
    ctx.datapath,
    findings.flatMap((finding, at) => (index.has(finding.subject) ? [] : [at])),
  );
}

function countChanges(rows: readonly PictureRow[]): PictureLayout["changes"] {
  const changes = { came: 0, went: 0, changed: 0 };
  for (const row of rows) {
    if (row.change !== null) changes[row.change] += 1;
    for (const box of row.boxes) if (box.change !== null) changes[box.change] += 1;
  }
  return changes;
}

function attachments(datapath: Datapath): number {
  let total = datapath.cgroups.length + datapath.tracing.length;
  for (const iface of datapath.interfaces) for (const hook of iface.hooks) total += hook.entries.length;
  return total;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
