/** The same version twice on one hook: each packet is handled twice. */
import { runsBefore } from "./lanes.ts";
import type { Draft, Look } from "./look.ts";
import { twinsOf } from "./peers.ts";
import { nameOf, trafficHint } from "./words.ts";

const KIND = "duplicate-same-version";

/** The other one, when both are one version with the same maps and this is the one to speak of. */
export function duplicateOf({ place, lane, staleness, all }: Look): Look["place"] | null {
  const tag = place.program?.tag ?? "";
  const twin = twinsOf(place, lane).find(
    ({ program, entry }) =>
      tag !== "" && program?.tag === tag && entry.reachable.value !== "no" && sameMaps(program.map_ids, place),
  );
  if (twin === undefined || place.entry.reachable.value === "no") return null;
  const other = all.find((one) => one.place === twin)?.staleness.score ?? 0;
  const spoken = staleness.score === other ? runsBefore(twin, place, lane) : staleness.score > other;
  return spoken ? twin : null;
}

/** True when the other of a pair is spoken of, so that this one is not named again. */
export function isOtherOfPair(look: Look, looks: readonly Look[]): boolean {
  return looks.some((one) => one !== look && duplicateOf(one) === look.place);
}

function sameMaps(ids: readonly number[], { program }: Look["place"]): boolean {
  const own = program?.map_ids ?? [];
  return own.length === ids.length && own.every((id) => ids.includes(id));
}

export function duplicate(look: Look, twin: Look["place"]): Draft {
  const { place, figures, drops, lane, datapath, why } = look;
  const what = `${nameOf(place)} and ${nameOf(twin)} are one version (tag ${place.program?.tag}) with the same maps`;
  const once = place.entry.prog_id === twin.entry.prog_id;
  const other = figures?.programs.get(twin.entry.prog_id ?? -1)?.runs ?? null;
  if (!once && figures !== null && drops.runs !== null && drops.runs > 0 && other !== null && other > 0) {
    const meaning = `${what}, and both run: each packet is handled and counted twice. The second decides as the first would, so drops of either are what this version is to do; they are not a conflict of versions.`;
    return { kind: KIND, verdict: "confirmed", meaning, missing: [] };
  }
  const certain = [place, twin].every(({ entry }) => entry.reachable.value === "yes");
  if (drops.runs === 0 || other === 0 || (why !== null && !certain)) {
    const meaning = `${what}. No packet was seen to run both.`;
    const missing = why === null ? [trafficHint(lane, datapath)] : [`${why.why} ${why.hint}`];
    return { kind: KIND, verdict: "cannot_tell", meaning, missing };
  }
  const meaning = `${what}. ${once ? "Runs of one program attached twice are counted together, so it" : "It"} was not seen that both run; nothing in the chain keeps the second from it.`;
  return { kind: KIND, verdict: "likely", meaning, missing: why === null ? [] : [`${why.why} ${why.hint}`] };
}
