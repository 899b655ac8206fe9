/** A program that no packet gets to: by the code of the one in front, or because it did not run while those in front did. */
import { seconds } from "./evidence.ts";
import { runsBefore } from "./lanes.ts";
import type { Draft, Look } from "./look.ts";
import { MIN_RUNS } from "./weights.ts";
import { nameOf } from "./words.ts";

const KIND = "shadowed-leftover";

/** For an entry whose chain says that it never runs. */
export function leftover(look: Look): Draft {
  const { place, drops, figures } = look;
  const { reason } = place.entry.reachable;
  if (drops.runs !== null && drops.runs > 0) {
    const meaning = `The code in front of it says that no packet gets to ${nameOf(place)}, and yet it ran ${drops.runs} times. The chain is not what it was taken for.`;
    return {
      kind: KIND,
      verdict: "cannot_tell",
      meaning,
      missing: ["a fresh picture: programs may have been replaced meanwhile"],
    };
  }
  const ran = figures === null || drops.runs === null ? "" : ` It did not run once in ${seconds(figures)}.`;
  const meaning = `No packet gets to ${nameOf(place)}: ${reason}.${ran} It drops nothing as long as that one stays in front, so it is not the cause; it would act if the one in front went.`;
  return { kind: KIND, verdict: "ruled_out", meaning, missing: [] };
}

/** For one that may run and did not, while those in front of it did often enough; null when it ran, or little did. */
export function neverReached({ place, lane, figures, drops }: Look): Draft | null {
  if (figures === null || drops.runs !== 0) return null;
  const first = lane.places.find((one) => runsBefore(one, place, lane));
  const ran = figures.programs.get(first?.entry.prog_id ?? -1)?.runs ?? null;
  if (first === undefined || ran === null || ran < MIN_RUNS) return null;
  const meaning = `${nameOf(place)} did not run once in ${seconds(figures)}, while ${nameOf(first)} in front of it ran ${ran} times: it dropped none of these packets. Its neighbours' code does not prove that it never will.`;
  return { kind: KIND, verdict: "ruled_out", meaning, missing: [] };
}
