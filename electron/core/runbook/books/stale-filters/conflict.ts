/**
 * A program that was left behind and runs: does it drop packets? Its own verdicts, seen, prove it. Where the kernel shows none,
 * run counts and code bound what it can have dropped; that is never called confirmed, because the program was not seen to do it.
 */

import { seconds } from "./evidence.ts";
import { runsBefore } from "./lanes.ts";
import { neverReached } from "./leftover.ts";
import { alwaysEnds, canDrop, counterpartOf, type Draft, type Look } from "./look.ts";
import { hiddenOf } from "./scope.ts";
import { policyMaps } from "./signals.ts";
import { MIN_RUNS, readingSlack } from "./weights.ts";
import { nameOf, trafficHint } from "./words.ts";

const KIND = "active-conflict";
const NO_FEXIT = "a kernel that lets programs be traced (fexit): then the program's own verdicts are counted";

export function conflict(look: Look): Draft {
  const { place, figures, why, drops, lane, datapath } = look;
  const inFront = decidesAlone(look);
  if (inFront !== null) return inFront;
  if (canDrop(place) === false) {
    const meaning = `${nameOf(place)} bears signs of being left behind, but its code returns no verdict that drops. It is not what loses packets; what else it does to them (marks, addresses) was not looked at.`;
    return { kind: KIND, verdict: "ruled_out", meaning, missing: [] };
  }
  if (figures === null) return unknown(look, "nothing was measured", [`${why?.why ?? ""} ${why?.hint ?? ""}`.trim()]);
  const unreached = neverReached(look);
  if (unreached !== null) return unreached;
  if (drops.exact && drops.at_least > 0) return proven(look);
  if (drops.runs === 0) return unknown(look, `no packet met it in ${seconds(figures)}`, [trafficHint(lane, datapath)]);
  if (drops.exact || drops.at_most === 0) return quiet(look);
  if (figures.hook_drops === 0 && figures.complete) return quiet(look);
  return inferred(look);
}

/** Its drops were seen. */
function proven(look: Look): Draft {
  const { place, staleness, drops, gaps, figures } = look;
  const counterpart = counterpartOf(look);
  const share = drops.runs === null ? "" : ` of ${drops.runs} packets`;
  const many = `${nameOf(place)} dropped ${figures !== null && figures.lost > 0 ? "at least " : ""}${drops.at_least}${share}`;
  if (staleness.word !== "established") {
    const meaning = `${many}. Signs say that it may have been left behind, and they are not enough to be sure: it may be what its agent uses now, and drop what policy says.`;
    return { kind: KIND, verdict: "likely", meaning, missing: [] };
  }
  if (counterpart === null) {
    const meaning = `${many}, and it was left behind. Nothing else of its owner is on this hook, so it may be the only one that enforces policy here, and these drops may be meant.`;
    return { kind: KIND, verdict: "likely", meaning, missing: hiddenOf(look.datapath) };
  }
  const shared = sharedPolicy(look, counterpart);
  if (shared !== null) {
    const meaning = `${many}, and it was left behind. It looks up the same policy map (${shared}) as ${nameOf(counterpart)}, which may drop the same packets once it sees them: these drops may be meant.`;
    return {
      kind: KIND,
      verdict: "likely",
      meaning,
      missing: [`what ${shared} says about the packets that were dropped`],
    };
  }
  const meaning = `${many}. It was left behind: ${nameOf(counterpart)} does its work on the same packets. Whether that one lets these packets through is seen when this one is off.`;
  if (gaps.length > 0)
    return {
      kind: KIND,
      verdict: "likely",
      meaning: `${meaning} Not all of the node could be seen.`,
      missing: [...gaps],
    };
  return { kind: KIND, verdict: "confirmed", meaning, missing: [] };
}

function sharedPolicy({ place, datapath }: Look, counterpart: Look["place"]): string | null {
  const theirs = new Set(policyMaps(counterpart, datapath).map(({ id }) => id));
  return policyMaps(place, datapath).find(({ id }) => theirs.has(id))?.name ?? null;
}

/** It ran often enough and dropped nothing. */
function quiet(look: Look): Draft {
  const { place, drops, figures, lane, datapath } = look;
  const within = figures === null ? "" : ` in ${seconds(figures)}`;
  if (drops.runs === null) return unknown(look, "how often it ran here was not counted", [NO_FEXIT]);
  if (drops.runs < MIN_RUNS) {
    return unknown(look, `it ran ${drops.runs} times${within} and dropped nothing, which is too few to tell`, [
      trafficHint(lane, datapath),
    ]);
  }
  const meaning = `${nameOf(place)} bears signs of being left behind and ran ${drops.runs} times, but dropped nothing${within}: packets lost meanwhile were not lost here. It still does what it was made for, to every packet.`;
  return { kind: KIND, verdict: "ruled_out", meaning, missing: [] };
}

/** The kernel shows no verdicts: what follows from counts and code. */
function inferred(look: Look): Draft {
  const { place, staleness, drops, figures, all, gaps } = look;
  const hook = figures?.hook_drops ?? null;
  const certain = drops.at_least > readingSlack(drops.runs ?? 0);
  const missing = [NO_FEXIT, ...gaps];
  if (certain && staleness.word === "established") {
    const alone =
      hook !== null && drops.at_least >= hook ? `all ${hook} drops of this hook are` : `${drops.at_least} drops are`;
    const meaning = `As far as run counts and code tell, ${alone} those of ${nameOf(place)}, which was left behind. Its verdicts themselves were not seen on this kernel.`;
    return { kind: KIND, verdict: "likely", meaning, missing };
  }
  const others = all
    .filter((one) => one.place !== place && canDrop(one.place) !== false)
    .map((one) => nameOf(one.place));
  const who = others.length === 0 ? nameOf(place) : [nameOf(place), ...others].join(" or ");
  const dropped = hook === null ? "How many packets the hook dropped is not known" : `The hook dropped ${hook} packets`;
  return unknown(look, `${dropped}, and which program did it cannot be told: ${who}`, missing);
}

/**
 * It ends the chain for every packet, so that what its agent attached later never runs: also without a drop, an older version
 * decides alone.
 */
function decidesAlone(look: Look): Draft | null {
  const { place, staleness, drops } = look;
  const counterpart = counterpartOf(look);
  if (staleness.word !== "established" || counterpart === null || !alwaysEnds(place)) return null;
  if (counterpart.entry.reachable.value !== "no" || runsBefore(counterpart, place, look.lane)) return null;
  if (drops.exact && drops.at_least > 0) return proven(look);
  const meaning = `${nameOf(place)} was left behind and ends the chain for every packet, so that ${nameOf(counterpart)} behind it never runs: an older version decides alone about this traffic.`;
  return { kind: KIND, verdict: "likely", meaning, missing: [] };
}

function unknown({ place }: Look, because: string, missing: string[]): Draft {
  const meaning = `${nameOf(place)} bears signs of being left behind. Whether it drops packets cannot be told: ${because}.`;
  return { kind: KIND, verdict: "cannot_tell", meaning, missing };
}
