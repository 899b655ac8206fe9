/**
 * A row while it is being drawn: boxes, arrows and frames are added, the lowest point is kept.
 */
import type { Program } from "../model/types.ts";
import { mapBox } from "./boxes.ts";
import type { Context } from "./context.ts";
import { SIZE } from "./measure.ts";
import type { Arrow, PictureBox, Track } from "./types.ts";

export interface Sketch {
  boxes: PictureBox[];
  arrows: Arrow[];
  tracks: Track[];
  /** Right-most and lowest pixel so far. */
  right: number;
  bottom: number;
}

export function newSketch(): Sketch {
  return { boxes: [], arrows: [], tracks: [], right: 0, bottom: 0 };
}

/** Height a box takes with its maps below it. */
export function heightWithMaps(ctx: Context, box: PictureBox, program: Program | undefined): number {
  return box.h + (box.maps?.open ? mapsOf(ctx, program).length * (SIZE.map + SIZE.map_gap) + 4 : 0);
}

/** Adds a box at a place, and its maps below it when they are open. */
export function putBox(
  ctx: Context,
  sketch: Sketch,
  box: PictureBox,
  at: { x: number; y: number },
  program: Program | undefined,
): PictureBox {
  const placed = { ...box, ...at };
  sketch.boxes.push(placed);
  let bottom = at.y + box.h;
  if (box.maps?.open) {
    bottom += 4;
    // Indented, so that a line from the box can pass them at the left.
    const x = at.x + 20;
    for (const map of mapsOf(ctx, program)) {
      const small = mapBox(ctx, `${box.key}>map:${map.id}`, map, box.w - 20);
      sketch.boxes.push({ ...small, x, y: bottom });
      bottom += SIZE.map + SIZE.map_gap;
    }
  }
  sketch.right = Math.max(sketch.right, at.x + box.w);
  sketch.bottom = Math.max(sketch.bottom, bottom);
  return placed;
}

function mapsOf(ctx: Context, program: Program | undefined) {
  return (program?.map_ids ?? []).flatMap((id) => ctx.maps.get(id) ?? []);
}
