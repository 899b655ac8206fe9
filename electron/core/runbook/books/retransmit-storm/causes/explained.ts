/** Whether drops on this node account for a suspect already, so that the rest of the world need not. */
import { type Case, eventsOf } from "../case.ts";
import { againOf, isOf, shareOf } from "../matches.ts";
import type { Suspect } from "../suspects.ts";
import { EXPLAINS } from "../thresholds.ts";
import { explainedByHooks } from "./looked.ts";
import { ownPlaces } from "./place.ts";

/** Places where the remote end itself drops, when it is on this node, too: its socket has no room, or is not there. */
const REMOTE_END = ["memory", "no-socket", "listen"];
/** What is freed there may be no loss at all, such as a frame for another host. */
const NO_EXPLANATION = "other";

/** `remote_end`: drops of a receiver on this node count as well. */
export function isExplained(found: Case, suspect: Suspect, remote_end: boolean): boolean {
  const again = againOf(eventsOf(found.events, [suspect]));
  const places = ownPlaces(found).filter(
    ({ class: its }) => its !== NO_EXPLANATION && (remote_end || !REMOTE_END.includes(its)),
  );
  const flows = places.flatMap((place) => place.flows).filter((flow) => isOf(flow, again));
  return shareOf(flows, [again]).explained >= EXPLAINS || explainedByHooks(found, suspect) >= EXPLAINS;
}

/** Those for which no place of this node was found. */
export function unexplained(found: Case): Suspect[] {
  return found.suspects.filter((suspect) => !isExplained(found, suspect, true));
}
