/**
 * Rows for everything that is not on an interface: cgroups, tracing and the other kinds, and what
 * hangs loose. Boxes here have no neighbours in a packet's way, so they wrap like words.
 */
import type { CgroupAttachment, OtherAttachment, Program } from "../model/types.ts";
import { cgroupBox, looseBox, otherBox } from "./boxes.ts";
import { type Context, podTitle } from "./context.ts";
import { SIZE, textWidth } from "./measure.ts";
import { heightWithMaps, newSketch, putBox } from "./sketch.ts";
import type { PictureBox, PictureRow, RowHead } from "./types.ts";

/** Boxes that stand together under one caption. */
interface Cluster {
  key: string;
  title: string;
  note: string;
  boxes: { box: PictureBox; program: Program | undefined }[];
  /** Runs in this order: boxes are joined by arrows. */
  ordered: boolean;
}

const LANE_TITLES: Readonly<Record<OtherAttachment["lane"], string>> = {
  tracing: "Tracing",
  netfilter: "Netfilter",
  flow_dissector: "Flow dissector",
  sk_lookup: "Socket lookup",
  sk_msg: "Socket messages",
  struct_ops: "struct_ops",
  lsm: "LSM",
  iter: "Iterators",
  other: "Other hooks",
};

/** One row for each cgroup with programs, pods by name, the root first. */
export function cgroupRows(ctx: Context): PictureRow[] {
  const all = [...ctx.datapath.cgroups, ...ctx.changes.gone_cgroups];
  const byCgroup = Map.groupBy(
    all.filter((at) => ctx.shows(at.key)),
    (at) => at.cgroup,
  );
  return [...byCgroup]
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([cgroup, attachments]) => {
      const pod = attachments[0]?.pod == null ? undefined : ctx.pods.get(attachments[0].pod);
      const head = headFor(pod ? podTitle(pod) : cgroup.split("/").at(-1) || "/ (all processes)", cgroup, "cgroup");
      return laneRow(ctx, `cgroup:${cgroup}`, head, clustersOf(ctx, cgroup, attachments));
    });
}

/** One row for each lane with attachments. */
export function otherRows(ctx: Context): PictureRow[] {
  const shown = [...ctx.datapath.tracing, ...ctx.changes.gone_others].filter((at) => ctx.shows(at.key));
  const byLane = Map.groupBy(shown, (at) => at.lane);
  return Object.keys(LANE_TITLES).flatMap((lane) => {
    const attachments = byLane.get(lane as OtherAttachment["lane"]);
    if (!attachments) return [];
    const title = LANE_TITLES[lane as OtherAttachment["lane"]];
    const kinds = Map.groupBy(attachments, (at) => at.kind);
    const clusters = [...kinds]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([kind, list]) => ({
        key: `lane:${lane}:${kind}`,
        title: kind || title,
        note: count(list.length, "attachment"),
        ordered: false,
        boxes: list
          .toSorted((a, b) => (a.target < b.target ? -1 : a.target > b.target ? 1 : 0))
          .map((at) => ({ box: otherBox(ctx, at), program: ctx.program(at.prog_id) })),
      }));
    const head = headFor(title, count(attachments.length, "attachment"), "");
    return [laneRow(ctx, `lane:${lane}`, head, clusters)];
  });
}

/** What hangs loose, or no row. */
export function looseRows(ctx: Context): PictureRow[] {
  const shown = ctx.datapath.loose.filter((loose) => ctx.shows(loose.what));
  if (shown.length === 0) return [];
  const byWhy = Map.groupBy(shown, (loose) => loose.why);
  const clusters = [...byWhy].map(([why, list]) => ({
    key: `lane:loose:${why}`,
    title: why.replaceAll("_", " "),
    note: count(list.length, "object"),
    ordered: false,
    boxes: list.map(({ what, text }) => ({
      box: looseBox(ctx, what, text),
      program: ctx.datapath.programs.find((program) => program.key === what),
    })),
  }));
  return [laneRow(ctx, "lane:loose", headFor("Loose", count(shown.length, "object"), ""), clusters)];
}

function clustersOf(ctx: Context, cgroup: string, attachments: readonly CgroupAttachment[]): Cluster[] {
  return [...Map.groupBy(attachments, (at) => at.attach_type)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([attach_type, list]) => ({
      key: `cgroup:${cgroup}:${attach_type}`,
      title: attach_type,
      note: "",
      ordered: true,
      boxes: list
        .toSorted((a, b) => a.order - b.order)
        .map((at) => ({ box: cgroupBox(ctx, at), program: ctx.program(at.prog_id) })),
    }));
}

/** Sets clusters like words in lines; an ordered cluster stays on one line. */
function laneRow(ctx: Context, key: string, head: RowHead, clusters: readonly Cluster[]): PictureRow {
  const sketch = newSketch();
  const left = SIZE.head + 12;
  const right = Math.max(ctx.options.wrap_width, left + SIZE.box_max + 2 * SIZE.track_pad);
  let x = left;
  let y: number = SIZE.row_pad;
  let line = 0;
  const newLine = () => {
    x = left;
    y += line + SIZE.track_gap - 4;
    line = 0;
  };
  for (const cluster of clusters) {
    const gap = cluster.ordered ? 30 : SIZE.plain_gap;
    const lines = breakLines(cluster, right - left - 2 * SIZE.track_pad, gap);
    const caption = textWidth(`${cluster.title}  ${cluster.note}`, 11) + 8;
    const width = Math.max(caption, ...lines.map((boxes) => widthOf(boxes, gap))) + 2 * SIZE.track_pad;
    if (x > left && x + width > right) newLine();
    let top = y + SIZE.caption;
    for (const boxes of lines) {
      let at = x + SIZE.track_pad;
      let tallest = 0;
      for (const [index, { box, program }] of boxes.entries()) {
        const placed = putBox(ctx, sketch, box, { x: at, y: top }, program);
        if (cluster.ordered && index > 0 && box.change !== "went") {
          const middle = placed.y + SIZE.small / 2;
          const points = [at - gap, middle, at, middle];
          sketch.arrows.push({ points, kind: "next", text: "", text_x: 0, text_y: 0, target: "" });
        }
        at += box.w + gap;
        tallest = Math.max(tallest, heightWithMaps(ctx, box, program));
      }
      top += tallest + SIZE.plain_gap;
    }
    const height = top - SIZE.plain_gap + SIZE.track_pad - y;
    sketch.tracks.push({
      key: cluster.key,
      kind: "hook",
      title: cluster.title,
      note: cluster.note,
      badge: ctx.badge(cluster.key),
      x,
      y,
      w: width,
      h: height,
    });
    x += width + SIZE.plain_gap;
    line = Math.max(line, height);
  }
  return {
    key: `row:${key}`,
    subject: null,
    kind: "lane",
    y: 0,
    height: Math.max(y + line + SIZE.row_pad, 64),
    head,
    fold: null,
    level: 2,
    tracks: sketch.tracks,
    boxes: sketch.boxes,
    arrows: sketch.arrows,
    badge: null,
    change: null,
  };
}

function breakLines(cluster: Cluster, width: number, gap: number): Cluster["boxes"][] {
  if (cluster.ordered) return [cluster.boxes];
  const lines: Cluster["boxes"][] = [];
  let current: Cluster["boxes"] = [];
  for (const item of cluster.boxes) {
    if (current.length > 0 && widthOf([...current, item], gap) > width) {
      lines.push(current);
      current = [];
    }
    current.push(item);
  }
  if (current.length > 0) lines.push(current);
  return lines;
}

function widthOf(boxes: Cluster["boxes"], gap: number): number {
  return boxes.reduce((sum, { box }) => sum + box.w, 0) + Math.max(0, boxes.length - 1) * gap;
}

function headFor(title: string, name: string, detail: string): RowHead {
  return { title, name, detail, tucked: false, label: [title, name, detail].filter(Boolean).join(", ") };
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}
