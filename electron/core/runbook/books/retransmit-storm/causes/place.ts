/** A verdict about a place of this node that was seen dropping packets of the very connections that retransmit. */
import type { RunbookVerdict, VerdictWord } from "../../../types.ts";
import type { Case } from "../case.ts";
import { ifaceAt, isKnownNetns } from "../interfaces.ts";
import type { DropPlace } from "../matches.ts";
import { EXPLAINS, PART } from "../thresholds.ts";
import { counted, type Draft, percent, seen, verdict } from "../words.ts";

/** How far drops account for what was sent again, as a verdict on them being the cause. */
export function wordOf({ explained, explained_back }: Pick<DropPlace, "explained" | "explained_back">): VerdictWord {
  if (explained >= EXPLAINS) return "confirmed";
  return explained + explained_back >= PART ? "likely" : "ruled_out";
}

/** Kind of a verdict on drops in a network namespace that the picture of the node does not have. */
export const OUT_OF_SIGHT = "dropped-out-of-sight";

/** On this machine, and by nothing the picture shows: nothing of the node's own is to blame. */
export function isOutOfSight({ datapath }: Case, { ifindex, netns }: DropPlace): boolean {
  return ifindex > 0 && datapath !== null && !isKnownNetns(datapath, netns);
}

export function outOfSightVerdicts(found: Case): RunbookVerdict[] {
  return found.matching.places
    .filter((place) => isOutOfSight(found, place))
    .map((place) => {
      const word = wordOf(place);
      return verdict({
        id: `unseen:${place.class}:${place.netns}:${place.ifindex}`,
        subject: `${place.device ?? "an interface"} in network namespace ${place.netns}`,
        verdict: word === "confirmed" ? "likely" : word,
        kind: OUT_OF_SIGHT,
        evidence: placeEvidence(found, place),
        meaning: `They were dropped on this machine, in a network namespace that the picture of the node does not have: by nothing of the node's own. ${extent(place)}`,
        missing: [`what owns network namespace ${place.netns}`],
      });
    });
}

/** Places the picture has, or that have no interface. */
export function ownPlaces(found: Case): DropPlace[] {
  return found.matching.places.filter((place) => !isOutOfSight(found, place));
}

/** `means`: what a drop there means. The rest is said here. */
export function placeVerdict(
  found: Case,
  place: DropPlace,
  about: Pick<Draft, "id" | "subject" | "kind"> & { means: string; evidence?: Draft["evidence"]; missing?: string[] },
): RunbookVerdict {
  const iface = ifaceAt(found.datapath, place.netns, place.ifindex);
  const { means, evidence = [], ...names } = about;
  return verdict({
    ...names,
    subject_key: iface?.key ?? null,
    verdict: wordOf(place),
    evidence: [...evidence, ...placeEvidence(found, place)],
    meaning: `${means} ${extent(place)}`,
  });
}

function placeEvidence({ drops, retrans }: Case, place: DropPlace): NonNullable<Draft["evidence"]> {
  const { towards, back, reasons, locations, device, ifindex, netns } = place;
  const ways = [
    ...(towards > 0 ? [`${towards} towards the peer`] : []),
    ...(back > 0 ? [`${back} on the way back`] : []),
  ].join(", ");
  const at = `${locations.slice(0, 3).join(", ")}${device === null ? "" : ` at ${device}`}`;
  const filter = `netns=${netns} ifindex=${ifindex}`;
  return [
    ...seen(`dropped of these connections: ${ways}; ${[...reasons, at].join(", ")}`, drops, "flow", filter),
    ...seen(
      `sent again to the same destinations: ${counted(place.retrans, "segment")} on ${counted(place.connections, "connection")}`,
      retrans,
      "retransmit",
    ),
  ];
}

function extent({ explained, explained_back }: DropPlace): string {
  const part = `These drops account for ${percent(Math.min(1, explained))} of what was sent again`;
  if (explained >= EXPLAINS) return `${part}.`;
  if (explained + explained_back < PART) return `${part}: the storm comes from elsewhere.`;
  const back = explained_back > 0 ? `, and lost answers for ${percent(explained_back)} at most` : "";
  return `${part}${back}: it may be a part of the cause, not all of it.`;
}
