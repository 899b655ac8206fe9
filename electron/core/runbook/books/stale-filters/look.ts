/** Everything about one program on one lane that its verdict is made of. */
import { olderThanAgent } from "../../../findings/lib/evidence.ts";
import { sharePackets } from "../../../findings/lib/stacks.ts";
import type { Datapath } from "../../../model/types.ts";
import type { Evidence, RunbookVerdict } from "../../types.ts";
import { chainEvidence, figureEvidence, flowEvidence, signalEvidence } from "./evidence.ts";
import type { Figures, Measured } from "./figures.ts";
import type { Lane, Place } from "./lanes.ts";
import { canDrop, effectsOf, runsHereOnly, sharesOf } from "./shares.ts";
import { type Staleness, stalenessOf } from "./signals.ts";

export interface Look {
  place: Place;
  lane: Lane;
  datapath: Datapath;
  staleness: Staleness;
  /** Null: not measured, and `why`. */
  figures: Figures | null;
  why: { why: string; hint: string } | null;
  /** What this program dropped while it was measured. */
  drops: Drops;
  /** Everything about the other programs of the lane, this one included. */
  all: readonly { place: Place; staleness: Staleness }[];
  /** What of the node could not be seen. */
  gaps: readonly string[];
}

export interface Drops {
  /** Its own verdicts were seen. */
  exact: boolean;
  at_least: number;
  at_most: number | null;
  runs: number | null;
  because: string[];
}

/** A verdict before it is addressed. */
export interface Draft {
  kind: string;
  verdict: RunbookVerdict["verdict"];
  meaning: string;
  missing: string[];
  /** Beside the chain, the signs and the figures. */
  evidence?: Evidence[];
}

export function looksAt(lane: Lane, datapath: Datapath, measured: Measured, gaps: readonly string[]): Look[] {
  const figures = "figures" in measured ? measured.figures : null;
  const why = "figures" in measured ? null : measured;
  const shares = figures === null ? new Map() : sharesOf(lane, figures, datapath);
  const all = lane.places.map((place) => ({ place, staleness: stalenessOf(place, lane, datapath) }));
  return all.map(({ place, staleness }) => {
    const id = place.entry.prog_id ?? -1;
    const seen = figures?.programs.get(id);
    const share = shares.get(id);
    const drops: Drops = {
      exact: seen?.drops != null,
      at_least: share?.at_least ?? 0,
      at_most: share?.at_most ?? null,
      runs: seen?.runs == null || (seen.drops === null && !runsHereOnly(place, datapath)) ? null : seen.runs,
      because: share?.because ?? [],
    };
    return { place, lane, datapath, staleness, figures, why, drops, all, gaps };
  });
}

export function evidenceOf(look: Look, draft: Draft): Evidence[] {
  const { lane, datapath, place, staleness, figures, drops } = look;
  const flows = figures === null ? [] : flowEvidence(figures, drops.exact ? place.entry.prog_id : null);
  const bounds = drops.exact || drops.because.length === 0 || figures === null ? [] : boundEvidence(look, figures);
  return [
    ...chainEvidence(lane, datapath),
    ...signalEvidence(staleness, place),
    ...(draft.evidence ?? []),
    ...(figures === null ? [] : figureEvidence(lane, figures)),
    ...bounds,
    ...flows,
    ...fallbackEvidence(look),
  ];
}

function boundEvidence({ place, drops }: Look, { trace_id }: Figures): Evidence[] {
  const most =
    drops.at_most === null ? "" : drops.at_most === drops.at_least ? " and no more" : `, ${drops.at_most} at most`;
  const text = `so it dropped ${drops.at_least} at least${most}: ${drops.because.join("; ")}`;
  const filter = `prog_id=${place.entry.prog_id}`;
  return [{ text, source: { kind: "trace", trace_id, record: "program", filter } }];
}

function fallbackEvidence({ figures, drops }: Look): Evidence[] {
  if (figures === null || drops.exact) return [];
  return [...new Set(figures.fallbacks)].map((text) => ({
    text: `its own verdicts were not seen: ${text}`,
    source: { kind: "trace", trace_id: figures.trace_id, record: "program", filter: "" },
  }));
}

/** Another program of its name or owner on the lane that is not left behind: what would do the work without it. */
export function counterpartOf({ place, all, datapath }: Look): Place | null {
  const family = place.program?.owner?.family ?? null;
  const found = all.find(
    ({ place: other, staleness }) =>
      other !== place &&
      other.entry.prog_id !== place.entry.prog_id &&
      sharePackets(place, other) &&
      staleness.word !== "established" &&
      (other.program === undefined || olderThanAgent(other.program, datapath) === null) &&
      ((place.program?.name !== "" && other.program?.name === place.program?.name) ||
        (family !== null && other.program?.owner?.family === family)),
  );
  return found?.place ?? null;
}

/** True when no packet it sees goes on to the next program, as its code says. */
export function alwaysEnds(place: Place): boolean {
  const effects = effectsOf(place);
  return effects !== null && effects.length > 0 && effects.every((effect) => effect !== "next" && effect !== "skip");
}

/** Its code was read whole and neither drops, nor takes a packet, nor ends the chain. */
export function onlyGoesOn(place: Place): boolean {
  const effects = effectsOf(place);
  return effects !== null && effects.length > 0 && effects.every((effect) => effect === "next");
}

export { canDrop };
