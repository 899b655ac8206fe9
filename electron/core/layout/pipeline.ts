/**
 * An opened tail-call pipeline: a small layered graph below the box it starts from.
 *
 * Layers are the call depth (fewest tail calls from the start), so an arrow leads one layer on, or
 * back: calls into the same or an earlier layer are drawn through a channel at the bottom. A crowded
 * layer (a shared policy map can hold one program a pod) shows its first boxes and one for the rest.
 */
import type { Program, TailCall } from "../model/types.ts";
import { moreBox, tailBox } from "./boxes.ts";
import type { Context } from "./context.ts";
import { placeLayers } from "./layers.ts";
import { SIZE, textWidth } from "./measure.ts";
import { heightWithMaps, putBox, type Sketch } from "./sketch.ts";
import { type Arrow, FOLD, type PictureBox } from "./types.ts";

const CROWDED = 8;
const PORT = 30;
/** More calls back than this say only that everything calls everything: they are counted, not drawn. */
const CHANNELS = 6;

interface Stage {
  box: PictureBox;
  program: Program | undefined;
  /** Program id, or a negative number for a box that stands for many. */
  id: number;
  layer: number;
}

interface Placed {
  box: PictureBox;
  layer: number;
  /** Right edge of its layer. */
  right: number;
}

/** Draws the pipeline that starts at `entry` at (x, y). Extends the sketch; its frame is a track. */
export function drawPipeline(
  ctx: Context,
  entry: PictureBox,
  head: Program,
  at: { x: number; y: number },
  into: Sketch,
): void {
  const calls: TailCall[] = [];
  const stages = collectStages(ctx, entry, head, calls);
  // A program in the array it uses itself could call itself; that line would say nothing.
  const between = calls.filter((call) => call.from !== call.to);
  const edges = [
    ...new Map(between.map((call) => [`${call.from}>${call.to}`, [call.from, call.to] as const])).values(),
  ];
  const tops = placeLayers(
    stages.map(({ id, layer, box, program }) => ({ id, layer, height: heightWithMaps(ctx, box, program) })),
    edges,
    SIZE.layer_space,
  );
  const top = at.y + SIZE.caption + 4;
  const placed = new Map<number, Placed>();
  let x = at.x + PORT;
  let bottom = top;
  for (let layer = 0; ; layer++) {
    const here = stages.filter((stage) => stage.layer === layer);
    if (here.length === 0) break;
    const width = Math.max(...here.map((stage) => stage.box.w));
    for (const { box, program, id } of here) {
      const y = top + (tops.get(id) ?? 0);
      placed.set(id, { box: putBox(ctx, into, box, { x, y }, program), layer, right: x + width });
      bottom = Math.max(bottom, y + heightWithMaps(ctx, box, program));
    }
    x += width + SIZE.layer_gap;
  }

  const port = at.x + 10;
  const back: { from: Placed; to: Placed | undefined }[] = [];
  for (const [fromId, toId] of edges) {
    const to = placed.get(toId);
    if (fromId === head.id) {
      if (to)
        into.arrows.push(line("call", [port, at.y + SIZE.caption, port, middle(to.box), to.box.x, middle(to.box)]));
      continue;
    }
    const from = placed.get(fromId);
    if (!from) continue;
    if (to?.layer === from.layer + 1) into.arrows.push(forward(from, to));
    else if (to || toId === head.id) back.push({ from, to });
  }
  const drawn = back.length <= CHANNELS ? back : [];
  for (const [step, { from, to }] of drawn.entries())
    into.arrows.push(backward(from, to, { step, bottom, port: port - 5, top: at.y + SIZE.caption }));
  for (const stage of stages) {
    // A box for many has one arrow, from the layer before it.
    if (stage.id >= 0) continue;
    const to = placed.get(stage.id);
    if (to) into.arrows.push(line("call", [to.box.x - 16, middle(to.box), to.box.x, middle(to.box)]));
  }

  const height = bottom - at.y + (drawn.length > 0 ? 8 + drawn.length * 5 : 0) + SIZE.track_pad;
  const arrays = new Set(calls.map((call) => ctx.maps.get(call.map_id)?.name || `map ${call.map_id}`));
  const title = `Tail calls of ${entry.title}`;
  const note = [
    `through ${[...arrays].slice(0, 3).join(", ")}${arrays.size > 3 ? ` and ${arrays.size - 3} more` : ""}`,
    back.length > drawn.length ? `${back.length} calls back are not drawn` : "",
  ]
    .filter(Boolean)
    .join(" · ");
  const width = Math.max(x - SIZE.layer_gap + 44 - at.x, textWidth(`${title}  ${note}`, 11) + 16);
  into.tracks.push({
    key: `pipeline:${entry.key}`,
    kind: "pipeline",
    title,
    note,
    badge: null,
    x: at.x,
    y: at.y,
    w: width,
    h: height,
  });
  into.arrows.push(line("uses", [entry.x + 10, entry.y + entry.h, entry.x + 10, at.y]));
  into.right = Math.max(into.right, at.x + width);
  into.bottom = Math.max(into.bottom, at.y + height);
}

/** From one layer to the next: level out of the layer, then slanting. */
function forward(from: Placed, to: Placed): Arrow {
  const bend = Math.max(from.right, to.box.x - SIZE.layer_gap);
  const y = middle(from.box);
  return line("call", [
    from.box.x + from.box.w,
    y,
    bend + 6,
    y,
    to.box.x - 12,
    middle(to.box),
    to.box.x,
    middle(to.box),
  ]);
}

/** Into the same or an earlier layer, or (`to` undefined) to the start, by a channel of its own below all boxes. */
function backward(
  from: Placed,
  to: Placed | undefined,
  way: { step: number; bottom: number; port: number; top: number },
): Arrow {
  const low = from.box.y + SIZE.small - 8;
  const out = from.right + 8 + way.step * 4;
  const channel = way.bottom + 8 + way.step * 5;
  const start = [from.box.x + from.box.w, low, out, low, out, channel];
  if (!to) return line("back", [...start, way.port, channel, way.port, way.top]);
  const side = to.box.x - 8 - way.step * 2;
  const y = to.box.y + SIZE.small - 8;
  return line("back", [...start, side, channel, side, y, to.box.x, y]);
}

/** Breadth first from the head. `calls` collects every call between shown programs. */
function collectStages(ctx: Context, entry: PictureBox, head: Program, calls: TailCall[]): Stage[] {
  const stages: Stage[] = [];
  const seen = new Set([head.id]);
  let edge: Program[] = [head];
  for (let layer = 0; edge.length > 0; layer++) {
    const found = new Map<number, { program: Program; slots: Set<number> }>();
    for (const program of edge)
      for (const call of ctx.tails.from(program.id)) {
        calls.push(call);
        const target = ctx.programs.get(call.to);
        if (!target || seen.has(call.to)) continue;
        const known = found.get(call.to);
        if (known) known.slots.add(call.index);
        else found.set(call.to, { program: target, slots: new Set([call.index]) });
      }
    for (const id of found.keys()) seen.add(id);
    const all = [...found.values()];
    const fold = FOLD.layer(entry.key, layer);
    const open = ctx.options.open.has(fold);
    const shown = all.length > CROWDED && !open ? all.slice(0, CROWDED - 1) : all;
    for (const { program, slots } of shown) {
      const key = `${entry.key}>prog:${program.id}`;
      stages.push({ box: tailBox(ctx, key, program, slotText(slots)), program, id: program.id, layer });
    }
    if (shown.length < all.length || (open && all.length > CROWDED)) {
      const text = open ? "show fewer" : `${all.length - shown.length} more programs`;
      const box = moreBox(`${entry.key}>more:${layer}`, { key: fold, open, text });
      stages.push({ box, program: undefined, id: -1 - layer, layer });
    }
    edge = shown.map(({ program }) => program);
  }
  return stages;
}

function slotText(slots: Set<number>): string {
  const sorted = [...slots].sort((a, b) => a - b);
  const text = sorted.slice(0, 3).join(", ") + (sorted.length > 3 ? ", …" : "");
  return sorted.length === 1 ? `slot ${text}` : `slots ${text}`;
}

/** Where arrows meet a box: the same height on all, with and without fold buttons. */
function middle(box: PictureBox): number {
  return box.y + SIZE.small / 2;
}

function line(kind: Arrow["kind"], points: number[]): Arrow {
  return { points, kind, text: "", text_x: 0, text_y: 0, target: "" };
}
