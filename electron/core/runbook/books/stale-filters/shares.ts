/**
 * Who dropped what a hook dropped, where the programs' own verdicts were not seen: bounds that follow from run counts, the hook's
 * drops and the programs' code. Only what follows is said.
 *
 *  - A program whose code returns no dropping verdict, or that did not run, dropped nothing.
 *  - What ended the chain at a program is its runs less those of the one behind it that sees all it lets through; it dropped
 *    no more than that. When its code ends the chain in no other way than by dropping, it dropped exactly that.
 *  - What nobody else can have dropped, it dropped.
 *
 * Run counts are of a program wherever it runs, so they count only for one that is attached once and jumped to by none.
 */
import type { Datapath } from "../../../model/types.ts";
import { verdictOf } from "../../../model/verdicts.ts";
import type { Figures } from "./figures.ts";
import type { Lane, Place } from "./lanes.ts";
import { readingSlack } from "./weights.ts";

export interface Share {
  at_least: number;
  /** Null: nothing limits it. */
  at_most: number | null;
  /** What the bounds follow from. */
  because: string[];
}

/** Whether a program's code can return a verdict that drops; null when its code does not tell. */
export function canDrop(place: Place): boolean | null {
  const effects = effectsOf(place);
  if (effects === null) return null;
  return effects.some((effect) => effect === "drop" || effect === "abort");
}

/** What the verdicts of a program do, as far as its whole code was read; null otherwise. */
export function effectsOf({ entry, program }: Place): string[] | null {
  const returns = program?.returns;
  if (!returns?.complete || entry.direct_action === false) return null;
  // A clsact filter known from bpftool alone: its mode is not known.
  if (entry.mechanism === "clsact" && entry.direct_action === null) return null;
  const table = entry.mechanism === "clsact" ? "clsact_da" : entry.mechanism;
  return returns.values.map((value) => {
    const { effect, continues } = verdictOf(table, value);
    // A tcx program that returns none of tcx's verdicts skips the other tcx programs (`verdicts.ts`).
    return continues === "clsact" ? "skip" : effect;
  });
}

/** True when this is the only place from which the program runs. */
export function runsHereOnly({ program }: Place, datapath: Datapath): boolean {
  return program?.attached.length === 1 && !datapath.tail_calls.some(({ to }) => to === program.id);
}

/** By program id. Empty when the hook's drops are not known and run counts tell nothing either. */
export function sharesOf(lane: Lane, figures: Figures, datapath: Datapath): Map<number, Share> {
  const rough = lane.places.map((place) => ({ place, ...limitOf(place, lane, figures, datapath) }));
  const total = figures.hook_drops;
  const foreign = lane.others.length > 0;
  return new Map(
    rough.map(({ place, floor, limit, because }) => {
      const reasons = [...because];
      let at_least = floor;
      const others = rough.filter((one) => one.place.entry.prog_id !== place.entry.prog_id);
      const limits = others.map((one) => one.limit);
      if (total !== null && !foreign && limits.every((one) => one !== null)) {
        const rest = total - limits.reduce<number>((all, one) => all + (one ?? 0), 0);
        if (rest > at_least) {
          at_least = rest;
          reasons.push(`of the hook's ${total} drops the others account for ${total - rest} at most`);
        }
      }
      // Others' certain drops are not its own.
      const certain = others.reduce((all, one) => all + one.floor, 0);
      const left = total === null || !figures.complete ? null : Math.max(0, total - certain);
      const at_most = limit === null ? left : left === null ? limit : Math.min(limit, left);
      return [
        place.entry.prog_id ?? -1,
        { at_least, at_most: at_most === null ? null : Math.max(at_most, at_least), because: reasons },
      ];
    }),
  );
}

/** What one program dropped, from its own code and counts alone. */
function limitOf(
  place: Place,
  lane: Lane,
  figures: Figures,
  datapath: Datapath,
): { floor: number; limit: number | null; because: string[] } {
  const seen = figures.programs.get(place.entry.prog_id ?? -1);
  if (seen !== undefined && seen.drops !== null) {
    return { floor: seen.drops, limit: figures.lost > 0 ? null : seen.drops, because: [] };
  }
  if (canDrop(place) === false) return { floor: 0, limit: 0, because: ["its code returns no verdict that drops"] };
  if (!runsHereOnly(place, datapath) || seen?.runs == null) return { floor: 0, limit: null, because: [] };
  const { runs } = seen;
  if (runs === 0) return { floor: 0, limit: 0, because: ["it did not run"] };
  const passed = runsBehind(place, lane, figures, datapath);
  if (passed === null) return { floor: 0, limit: runs, because: [] };
  const slack = readingSlack(runs);
  const ended = Math.max(0, runs - passed);
  const text = `it ran ${runs} times and the one behind it ${passed}: the chain ended here ${ended} times`;
  const onlyDrops = effectsOf(place)?.every((effect) => effect === "next" || effect === "drop") ?? false;
  if (!onlyDrops) return { floor: 0, limit: Math.min(runs, ended + slack), because: [text] };
  const floor = ended > slack ? ended : 0;
  return {
    floor,
    limit: Math.min(runs, ended + slack),
    because: [text, "its code ends the chain in no other way than by dropping"],
  };
}

/**
 * Runs of the one behind it; null when they are not of the same packets. Where a program's own returns are counted, counting began
 * when it was traced, up to a second after the run counts of the others were read.
 */
function runsBehind(place: Place, lane: Lane, figures: Figures, datapath: Datapath): number | null {
  const behind = follower(place, lane);
  if (behind === null || !runsHereOnly(behind, datapath)) return null;
  const seen = figures.programs.get(behind.entry.prog_id ?? -1);
  return seen === undefined || seen.drops !== null ? null : seen.runs;
}

/** The program that runs next for every packet this one lets go on; null when there is none, or not for every packet. */
function follower({ entry }: Place, { places }: Lane): Place | null {
  const next = entry.verdicts.find(({ effect }) => effect === "next")?.next ?? null;
  const found = next === null ? undefined : places.find((one) => one.entry.key === next);
  if (found === undefined) return null;
  const all = (protocol: string | null) => (protocol ?? "all") === "all";
  return all(found.entry.protocol) || found.entry.protocol === entry.protocol ? found : null;
}
