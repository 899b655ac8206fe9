/**
 * Boxes without a place: the words on each kind of box, and the size these words need.
 */
import type {
  BpfMap,
  CgroupAttachment,
  Hook,
  HookEntry,
  Iface,
  Key,
  OtherAttachment,
  Program,
} from "../model/types.ts";
import type { Context } from "./context.ts";
import { compactCount, SIZE, shorten, textWidth } from "./measure.ts";
import { type Chip, FOLD, type Fold, HOOK_TITLES, type PictureBox } from "./types.ts";
import type { VerdictWords } from "./verdicts.ts";

/** Font sizes the view uses, in px. */
const FONT = { title: 12, small: 10.5 } as const;
const PAD = 20;
/** Fold buttons get a line of their own when they would make the second line longer than this. */
const BESIDE = 210;

/** An attached program or filter on an interface's hook. */
export function entryBox(ctx: Context, iface: Iface, hook: Hook, entry: HookEntry, words: VerdictWords): PictureBox {
  const program = ctx.program(entry.prog_id);
  const change = ctx.changes.of(entry.key);
  const went = change === "went";
  const title = program?.name || entry.attach_name || programless(entry);
  // What any program could return here is no news: said where programs share a hook, or were read.
  const plain = hook.entries.length === 1 && words.known === false;
  const line = went ? "went since the last collection" : reachLine(entry, plain ? "" : words.line);
  return finish({
    ...blank(entry.key, "entry"),
    subject: entry.key,
    program: program?.key ?? null,
    mechanism: entry.mechanism,
    order: went ? null : entry.order,
    title,
    id_text: entry.prog_id === null ? "" : `#${entry.prog_id}`,
    chips: [...mechanismChips(entry), ...ownerChips(program)],
    line,
    runs: runsOf(program),
    reachable: entry.reachable.value,
    tails: went || !program ? null : tailsFold(ctx, entry.key, program),
    maps: went ? null : mapsFold(ctx, entry.key, program),
    badge: ctx.badge(entry.key, program?.key),
    change,
    dim: !ctx.shows(entry.key, program?.key),
    h: line === "" ? SIZE.small : SIZE.entry,
    label: [
      went ? "went" : `${entry.order}`,
      title,
      program ? `program ${program.id}` : "",
      `${HOOK_TITLES[hook.hook]}, ${hook.direction} of ${iface.name}`,
      ...mechanismChips(entry).map((chip) => chip.text),
      line || words.line,
      entry.reachable.value === "yes" ? "" : entry.reachable.reason,
      change && !went ? change : "",
    ]
      .filter(Boolean)
      .join(", "),
    details: [
      ...words.details,
      entry.reachable.reason ? `${reachWord(entry.reachable.value)}: ${entry.reachable.reason}` : "",
      ...ctx.changes.fields(entry.key),
    ].filter(Boolean),
  });
}

/** A program that is reached by tail calls, inside a pipeline. `slots` as in `slot 3`. */
export function tailBox(ctx: Context, key: Key, program: Program, slots: string): PictureBox {
  const title = program.name || `prog ${program.id}`;
  return finish({
    ...blank(key, "program"),
    subject: program.key,
    program: program.key,
    title,
    id_text: `#${program.id}`,
    chips: [{ text: slots, kind: "slot" }],
    runs: runsOf(program),
    maps: mapsFold(ctx, key, program),
    badge: ctx.badge(program.key),
    change: ctx.changes.of(program.key),
    dim: !ctx.shows(program.key),
    h: SIZE.small,
    label: `${title}, program ${program.id}, tail called, ${slots}`,
    details: [],
  });
}

/** Stands for the boxes of a crowded layer that are not shown. */
export function moreBox(key: Key, fold: Fold): PictureBox {
  return finish({
    ...blank(key, "more"),
    title: fold.text,
    tails: { ...fold, text: "show all" },
    h: SIZE.small,
    label: fold.text,
    details: [],
  });
}

/** One map under a program. */
export function mapBox(ctx: Context, key: Key, map: BpfMap, width: number): PictureBox {
  const size = map.max_entries === null ? "" : `, ${map.max_entries} entries`;
  return {
    ...blank(key, "map"),
    subject: map.key,
    title: map.name || `map ${map.id}`,
    id_text: `#${map.id}`,
    chips: [{ text: map.type, kind: "type" }],
    badge: ctx.badge(map.key),
    dim: !ctx.shows(map.key),
    w: width,
    h: SIZE.map,
    label: `map ${map.name || map.id}, id ${map.id}, ${map.type}${size}`,
    details: [],
  };
}

export function cgroupBox(ctx: Context, at: CgroupAttachment): PictureBox {
  const program = ctx.program(at.prog_id);
  const flags = at.attach_flags === "" ? "exclusive" : at.attach_flags;
  const words = { order: at.order, chip: flags, where: `${at.attach_type} of cgroup ${at.cgroup}` };
  return attachmentBox(ctx, at.key, at.prog_id, program, words);
}

export function otherBox(ctx: Context, at: OtherAttachment): PictureBox {
  const program = ctx.program(at.prog_id);
  const words = { order: null, chip: at.kind, where: `${at.kind} ${at.target}`.trim() };
  return attachmentBox(ctx, at.key, at.prog_id, program, words, at.target);
}

/** A program or map that hangs loose, with the reason on its third line. */
export function looseBox(ctx: Context, what: Key, text: string): PictureBox {
  const program = ctx.datapath.programs.find((candidate) => candidate.key === what);
  const map = program ? undefined : ctx.datapath.maps.find((candidate) => candidate.key === what);
  const thing = program ?? map;
  const title = thing?.name || what;
  return finish({
    ...blank(`loose:${what}`, "loose"),
    subject: what,
    program: program?.key ?? null,
    title,
    id_text: thing ? `#${thing.id}` : "",
    chips: [
      { text: thing ? `${program ? "program" : "map"} ${thing.type}` : "gone", kind: "type" },
      ...ownerChips(program),
    ],
    line: text,
    maps: mapsFold(ctx, `loose:${what}`, program),
    badge: ctx.badge(what),
    change: ctx.changes.of(what),
    dim: !ctx.shows(what),
    h: SIZE.entry,
    label: `${title}, ${text}`,
    details: [text],
  });
}

function attachmentBox(
  ctx: Context,
  key: Key,
  prog_id: number | null,
  program: Program | undefined,
  words: { order: number | null; chip: string; where: string },
  target = "",
): PictureBox {
  const change = ctx.changes.of(key);
  const title = program?.name || (prog_id === null ? words.where : `prog ${prog_id}`);
  return finish({
    ...blank(key, "attachment"),
    subject: key,
    program: program?.key ?? null,
    order: change === "went" ? null : words.order,
    title,
    id_text: prog_id === null ? "" : `#${prog_id}`,
    chips: [{ text: words.chip, kind: "mechanism" }, ...ownerChips(program)],
    line: change === "went" ? "went since the last collection" : target,
    runs: runsOf(program),
    maps: change === "went" ? null : mapsFold(ctx, key, program),
    badge: ctx.badge(key, program?.key),
    change,
    dim: !ctx.shows(key, program?.key),
    h: target === "" && change !== "went" ? SIZE.small : SIZE.entry,
    label: `${title}${prog_id === null ? "" : `, program ${prog_id}`}, ${words.where}${change ? `, ${change}` : ""}`,
    details: ctx.changes.fields(key),
  });
}

function blank(key: Key, kind: PictureBox["kind"]): PictureBox {
  return {
    key,
    kind,
    subject: null,
    program: null,
    mechanism: null,
    order: null,
    title: "",
    id_text: "",
    chips: [],
    line: "",
    runs: "",
    reachable: "yes",
    tails: null,
    maps: null,
    folds_beside: false,
    badge: null,
    change: null,
    dim: false,
    label: "",
    details: [],
    x: 0,
    y: 0,
    w: 0,
    h: 0,
  };
}

/** Gives a box the size its lines need, within limits; the view cuts the rest. */
function finish(box: PictureBox): PictureBox {
  const badge = box.badge ? textWidth(box.badge.text, FONT.small) + 36 : 0;
  const change = box.change ? textWidth(box.change, FONT.small) + 30 : 0;
  const order = box.order === null ? 0 : 22;
  const runs = box.runs === "" ? 0 : textWidth(box.runs, FONT.small) + 10;
  const small = box.h === SIZE.small;
  const first = order + textWidth(box.title, FONT.title) + 12 + textWidth(box.id_text, FONT.small) + badge + change;
  const second = chipsWidth(box.chips) + (small ? runs : 0);
  const third = small ? 0 : textWidth(box.line, FONT.small) + runs + (box.reachable === "yes" ? 0 : 12);
  const folds = [box.tails, box.maps].filter((fold) => fold !== null);
  // Two signs in front of the words, and the button's own edge.
  const fourth = folds.reduce((sum, fold) => sum + textWidth(fold.text, FONT.small) + 36, 0);
  const beside = second + fourth <= Math.max(first, third, BESIDE);
  const wanted = Math.max(first, third, ...(beside ? [second + fourth] : [second, fourth])) + PAD;
  return {
    ...box,
    folds_beside: beside,
    h: box.h + (folds.length > 0 && !beside ? SIZE.folds : 0),
    w: Math.min(SIZE.box_max, Math.max(SIZE.box_min, Math.ceil(wanted / 4) * 4)),
  };
}

function chipsWidth(chips: readonly Chip[]): number {
  return chips.reduce((sum, chip) => sum + textWidth(chip.text, FONT.small) + 15, 0);
}

function mechanismChips(entry: HookEntry): Chip[] {
  const parts: string[] = [entry.mechanism === "xdp" ? `XDP ${entry.mode ?? "mode unknown"}` : entry.mechanism];
  if (entry.pref !== null) parts.push(`pref ${entry.pref}`);
  let text = parts.join(" ");
  if (entry.handle !== null) text += ` · ${entry.handle}`;
  if (entry.chain !== null && entry.chain !== 0) text += ` · chain ${entry.chain}`;
  if (entry.block !== null) text += ` · block ${entry.block}`;
  if (entry.protocol !== null && entry.protocol !== "all") text += ` · ${entry.protocol}`;
  if (entry.direct_action === false) text += " · no da";
  return [{ text, kind: entry.mechanism === "xdp" ? "mode" : "mechanism" }];
}

function ownerChips(program: Program | undefined): Chip[] {
  if (!program) return [];
  return [{ text: program.owner?.family ?? program.owner?.process?.comm ?? "owner unknown", kind: "owner" }];
}

function reachLine(entry: HookEntry, line: string): string {
  if (entry.reachable.value === "no") return "never runs";
  if (entry.reachable.value === "cannot_tell") return line ? `may not run · ${line}` : "may not run";
  return line;
}

function reachWord(value: HookEntry["reachable"]["value"]): string {
  return value === "yes" ? "runs" : value === "no" ? "never runs" : "cannot tell whether it runs";
}

function runsOf(program: Program | undefined): string {
  return program?.run_cnt == null ? "" : `${compactCount(program.run_cnt)} runs`;
}

function programless(entry: HookEntry): string {
  return entry.prog_id === null ? `${shorten(entry.kind, 16)} filter` : `prog ${entry.prog_id}`;
}

function tailsFold(ctx: Context, key: Key, program: Program): Fold | null {
  const count = ctx.tails.count(program.id);
  if (count === 0) return null;
  const fold = FOLD.tails(key);
  return { key: fold, open: ctx.options.open.has(fold), text: count === 1 ? "1 tail call" : `${count} tail calls` };
}

function mapsFold(ctx: Context, key: Key, program: Program | undefined): Fold | null {
  const count = program?.map_ids.length ?? 0;
  if (count === 0) return null;
  const fold = FOLD.maps(key);
  // The switch for all maps and the fold of one box work against each other, so both always do something.
  const open = ctx.options.show_maps !== ctx.options.open.has(fold);
  return { key: fold, open, text: count === 1 ? "1 map" : `${count} maps` };
}
