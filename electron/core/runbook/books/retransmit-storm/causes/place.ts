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

/** `means`: what a drop there means. The rest is said here. */
export function placeVerdict(
  found: Case,
  place: DropPlace,
  about: Pick<Draft, "id" | "subject" | "kind"> & { means: string; evidence?: Draft["evidence"]; missing?: string[] },
): RunbookVerdict {
  const iface = ifaceAt(found.datapath, place.netns, place.ifindex);
  const { means, evidence = [], missing = [], ...names } = about;
  const word = wordOf(place);
  const elsewhere = place.ifindex > 0 && found.datapath !== null && !isKnownNetns(found.datapath, place.netns);
  const told = elsewhere ? unseenNamespace(place.netns) : null;
  return verdict({
    ...names,
    subject_key: iface?.key ?? null,
    verdict: told !== null && word === "confirmed" ? "likely" : word,
    evidence: [...evidence, ...placeEvidence(found, place)],
    meaning: `${told ?? means} ${extent(place)}`,
    missing: told === null ? missing : [...missing, `what owns network namespace ${place.netns}`],
  });
}

export function placeEvidence({ drops, retrans, matching }: Case, place: DropPlace): NonNullable<Draft["evidence"]> {
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
      `sent again by them: ${counted(Math.round(matching.retrans), "segment")} on ${counted(matching.connections, "connection")}`,
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

const unseenNamespace = (netns: string) =>
  `They were dropped on this machine, in network namespace ${netns}, which the picture of the node does not have: not by anything the picture shows.`;
