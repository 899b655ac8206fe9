/**
 * Programs beside each other that nothing calls left behind: another owner's, or one of a hook whose owners nobody knows. Two
 * tools on one hook are legitimate; what matters is what the return values of each do to those behind it.
 */

import { sharePackets } from "../../../findings/lib/stacks.ts";
import { enforces } from "../../../model/build/families.ts";
import { ofThing, seconds } from "./evidence.ts";
import { type Place, runsBefore } from "./lanes.ts";
import { neverReached } from "./leftover.ts";
import { canDrop, type Draft, type Look, onlyGoesOn } from "./look.ts";
import { effectsOf } from "./shares.ts";
import { unknownHolder } from "./signals.ts";
import { MIN_RUNS } from "./weights.ts";
import { nameOf, ownerOf, returnsText, trafficHint } from "./words.ts";

const KIND = "legitimate-second-program";
/** What bypasses a program that enforces policy is the same loss as its absence. */
const BYPASSED = "missing-enforcement";

const familyOf = ({ program }: Place): string | null => program?.owner?.family ?? null;
const isEnforcer = (place: Place): boolean => enforces(familyOf(place) ?? "");

/** A verdict ends the chain of its own hook: what passes tc goes on to netkit (drivers/net/netkit.c), and the other way round. */
const sameHook = (one: Place, other: Place): boolean => one.hook.hook === other.hook.hook;

/** True when its code lets no packet go on to the other one; one that skips the rest of tcx goes on to clsact. */
function endsFor(front: Place, { entry }: Place): boolean {
  const effects = effectsOf(front) ?? ["next"];
  return effects.every((effect) => effect !== "next" && (effect !== "skip" || entry.mechanism !== "clsact"));
}

/** True for a program that shares packets with one of another owner, and is not the one that enforces policy there. */
export function isStranger({ place, all }: Look): boolean {
  if (isEnforcer(place)) return false;
  return all.some(
    ({ place: other }) =>
      other.entry.prog_id !== place.entry.prog_id &&
      sharePackets(place, other) &&
      (familyOf(other) !== familyOf(place) || familyOf(place) === null),
  );
}

export function stranger(look: Look): Draft {
  const { place, drops, figures, why, lane, datapath } = look;
  const bypass = bypassed(look);
  if (bypass !== null) return bypass;
  const evidence = [ofThing(place.entry.key, `${nameOf(place)}: ${returnsText(place)}`)];
  const who = `${nameOf(place)} belongs to ${ownerOf(place)} and shares this hook; nothing says that it was left behind. ${behind(look)}`;
  const say = (verdict: Draft["verdict"], meaning: string, missing: string[] = []): Draft => ({
    kind: KIND,
    verdict,
    meaning: `${who} ${meaning}`,
    missing,
    evidence,
  });
  if (canDrop(place) === false) return say("ruled_out", "Its code returns no verdict that drops.");
  if (figures === null)
    return say("cannot_tell", "Whether it drops packets was not measured.", [
      `${why?.why ?? ""} ${why?.hint ?? ""}`.trim(),
    ]);
  const unreached = neverReached(look);
  if (unreached !== null) return { ...unreached, evidence };
  if (drops.at_least > 0) {
    const seen = drops.exact ? "It dropped" : "As far as run counts and code tell it dropped at least";
    const of = drops.runs === null ? "" : ` of ${drops.runs}`;
    return say(
      "cannot_tell",
      `${seen} ${drops.at_least}${of} packets. That is no sign of a stale filter; whether they are meant to be dropped, ${ownerOf(place)} must say.`,
      [`what ${ownerOf(place)} is configured to drop`],
    );
  }
  const none = drops.at_most === 0 || (figures.hook_drops === 0 && figures.complete);
  if (!none)
    return say(
      "cannot_tell",
      `This hook dropped ${figures.hook_drops ?? "an unknown number of"} packets, and whether it did cannot be told.`,
      ["a kernel that lets programs be traced (fexit)"],
    );
  if (drops.runs === null || drops.runs < MIN_RUNS) {
    return say(
      "cannot_tell",
      `It dropped nothing in ${drops.runs ?? "an unknown number of"} runs, which is too few to tell.`,
      [trafficHint(lane, datapath)],
    );
  }
  return say("ruled_out", `It ran ${drops.runs} times in ${seconds(figures)} and dropped nothing.`);
}

/** What its return values do to those behind it. */
function behind({ place, lane }: Look): string {
  const later = lane.places.filter((one) => sameHook(place, one) && runsBefore(place, one, lane));
  if (later.length === 0) return "Nothing runs behind it.";
  if (onlyGoesOn(place)) return `It always goes on to ${later.map(nameOf).join(", ")}.`;
  const ends = place.entry.verdicts.filter(({ effect }) => effect === "pass").map(({ verdict }) => verdict);
  return ends.length === 0
    ? ""
    : `A packet for which it returns ${ends.join(" or ")} is not seen by ${later.map(nameOf).join(", ")}.`;
}

/** It let packets pass that the enforcing program behind it never saw: counted, so only where its verdicts were seen. */
function bypassed({ place, lane, figures }: Look): Draft | null {
  const enforcer = lane.places.find(
    (one) => sameHook(place, one) && runsBefore(place, one, lane) && isEnforcer(one) && sharePackets(place, one),
  );
  const verdicts = figures?.programs.get(place.entry.prog_id ?? -1)?.verdicts ?? null;
  if (enforcer === undefined || verdicts === null || !lane.iface.pod_host_end) return null;
  const ending = place.entry.verdicts.filter(
    ({ effect, verdict }) => effect === "pass" && (verdicts[verdict] ?? 0) > 0,
  );
  const count = ending.reduce((all, { verdict }) => all + (verdicts[verdict] ?? 0), 0);
  if (count === 0) return null;
  const names = ending.map(({ verdict }) => verdict).join(" and ");
  const meaning = `${nameOf(place)} of ${ownerOf(place)} returned ${names} for ${count} packets, which ends the chain: ${nameOf(enforcer)}, which enforces ${ownerOf(enforcer)}'s policy, has not seen them. That loses no packets; it lets some pass that policy may forbid.`;
  return { kind: BYPASSED, verdict: "confirmed", meaning, missing: [] };
}

/** The enforcing program itself, when one of another owner in front of it always ends the chain. */
export function shadowedEnforcer(look: Look): Draft | null {
  const { place, lane, drops, staleness } = look;
  if (!isEnforcer(place) || place.entry.reachable.value !== "no" || staleness.word === "established") return null;
  const front = lane.places.find(
    (one) => sameHook(one, place) && runsBefore(one, place, lane) && sharePackets(one, place) && endsFor(one, place),
  );
  if (front === undefined || familyOf(front) === familyOf(place)) return null;
  const meaning = `${nameOf(place)} enforces ${ownerOf(place)}'s policy, and no packet gets to it: ${place.entry.reachable.reason}. What ${nameOf(front)} lets pass, passes unchecked.`;
  // Of one nobody knows, it may be the agent's own.
  const verdict =
    drops.runs !== null && drops.runs > 0 ? "cannot_tell" : familyOf(front) === null ? "likely" : "confirmed";
  return { kind: BYPASSED, verdict, meaning, missing: verdict === "likely" ? [`whose ${nameOf(front)} is`] : [] };
}

/**
 * Drops of a program that nothing calls left behind: the policy of who uses it, and no stale filter; of one nobody knows, they may
 * be either. Null when it dropped nothing.
 */
export function ownDrops({ place, drops, figures, staleness, datapath }: Look): Draft | null {
  if (figures === null || !drops.exact || drops.at_least === 0) return null;
  const of = drops.runs === null ? "" : ` of ${drops.runs}`;
  const dropped = `${nameOf(place)} dropped ${drops.at_least}${of} packets`;
  if (staleness.current === null && familyOf(place) === null) {
    const holder = unknownHolder(place, datapath);
    const whose = holder === null ? "no process holds it, and it is not pinned" : `it is ${holder}`;
    const meaning = `${dropped}, and whose it is, is not known (${whose}): they may be meant, or it was left behind by who loaded it.`;
    return {
      kind: "own-drops",
      verdict: "cannot_tell",
      meaning,
      missing: [`who loaded ${nameOf(place)}, and for what`],
    };
  }
  const used =
    staleness.current === null ? "nothing says that it was left behind" : `it is in use (${staleness.current})`;
  const meaning = `${dropped}, and ${used}: this is ${ownerOf(place)}'s own decision, e.g. policy, and no stale filter. Ask the policy about these flows.`;
  return { kind: "own-drops", verdict: "ruled_out", meaning, missing: [] };
}
