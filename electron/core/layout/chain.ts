/**
 * One hook of one interface: its programs from left to right in the order the kernel runs them,
 * with an arrow for the verdict that goes on and one for where a packet leaves.
 */
import { hookKey } from "../model/build/keys.ts";
import type { Hook, Iface, Program } from "../model/types.ts";
import { entryBox } from "./boxes.ts";
import type { Context } from "./context.ts";
import { SIZE, textWidth } from "./measure.ts";
import { putBox, type Sketch } from "./sketch.ts";
import { type Arrow, HOOK_TITLES, type PictureBox, type Track } from "./types.ts";
import { type VerdictWords, verdictWords } from "./verdicts.ts";

/** Height of a chain's arrows: the middle of the lowest box, whatever a box has. */
const LEVEL = SIZE.small / 2;

const EXIT_ARROW = 32;

/** A chain that is measured but not placed. */
export interface Chain {
  hook: Hook;
  links: { box: PictureBox; words: VerdictWords; program: Program | undefined }[];
  width: number;
}

/** Measures the chain of one hook. */
export function measureChain(ctx: Context, iface: Iface, hook: Hook): Chain {
  const links = hook.entries.map((entry) => {
    const program = ctx.program(entry.prog_id);
    const words = verdictWords(entry, program, hook.hook);
    return { box: entryBox(ctx, iface, hook, entry, words), words, program };
  });
  const boxes = links.reduce((sum, { box }) => sum + box.w, 0) + Math.max(0, links.length - 1) * SIZE.chain_gap;
  const caption = textWidth(`${HOOK_TITLES[hook.hook]}  ${noteOf(hook)}`, 11) + 8;
  const exit = exitText(links) === "" ? 0 : SIZE.exit;
  return { hook, links, width: Math.max(boxes + exit, caption) + 2 * SIZE.track_pad };
}

/** Draws a chain at x into the row; the caller stretches all tracks of a row to one height. */
export function drawChain(ctx: Context, iface: Iface, chain: Chain, at: { x: number; y: number }, into: Sketch): Track {
  const y = at.y + SIZE.caption;
  let x = at.x + SIZE.track_pad;
  const placed: PictureBox[] = [];
  for (const { box, program } of chain.links) {
    placed.push(putBox(ctx, into, box, { x, y }, program));
    x += box.w + SIZE.chain_gap;
  }
  const live = chain.links.flatMap((link, index) => {
    const box = placed[index];
    return box && link.box.change !== "went" ? [{ box, index, words: link.words }] : [];
  });
  for (const [position, from] of live.entries()) {
    const to = live[position + 1];
    if (to) into.arrows.push(nextArrow(from.box, to.box, from.words, to.index - from.index > 1));
    else if (from.words.exit !== "" && from.box.reachable !== "no") into.arrows.push(exitArrow(from.box, from.words));
  }
  return {
    key: hookKey(iface.key, chain.hook.hook),
    kind: "hook",
    title: HOOK_TITLES[chain.hook.hook],
    note: noteOf(chain.hook),
    badge: ctx.badge(hookKey(iface.key, chain.hook.hook)),
    x: at.x,
    y: at.y,
    w: chain.width,
    h: 0,
  };
}

/** The direction both ways without the hook's own name, which the title already says. */
function noteOf(hook: Hook): string {
  const note = hook.direction.replace(/^(?:XDP|TC )?\s*(?:ingress|egress|netkit (?:primary|peer))?\s*/i, "");
  const parts = [note || hook.direction];
  if (hook.entries.length === 0) parts.push(`${hook.qdisc?.kind ?? "hook"} with nothing on it`);
  // One clsact qdisc stands behind both directions and counts them together.
  if (hook.qdisc?.drops) parts.push(`${hook.qdisc.drops} drops in and out`);
  return parts.join(" · ");
}

function exitText(links: Chain["links"]): string {
  return links.findLast(({ box }) => box.change !== "went")?.words.exit ?? "";
}

/** From one box to the next; around what went in between. */
function nextArrow(from: PictureBox, to: PictureBox, words: VerdictWords, around: boolean): Arrow {
  const y = from.y + LEVEL;
  const start = from.x + from.w;
  const never = words.next === "" && words.details.length > 0;
  const below = from.y + from.h + 5;
  const points = around
    ? [start, y, start + 12, y, start + 12, below, to.x - 12, below, to.x - 12, y, to.x, y]
    : [start, y, to.x, y];
  return {
    points,
    kind: never ? "never" : "next",
    text: never ? "ends" : words.next,
    text_x: start + (around ? 12 : (to.x - start) / 2),
    text_y: y - 6,
    target: "",
  };
}

/** Out of the chain: the verdict above the arrow, where it leads behind it. */
function exitArrow(from: PictureBox, { exit, pass }: VerdictWords): Arrow {
  const y = from.y + LEVEL;
  const x = from.x + from.w;
  return {
    points: [x, y, x + EXIT_ARROW, y],
    kind: "exit",
    text: pass,
    text_x: x + EXIT_ARROW / 2,
    text_y: y - 6,
    target: exit,
  };
}
