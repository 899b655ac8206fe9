/** Sentences that several verdicts share. */

import { verdictWords } from "../../../layout/verdicts.ts";
import { programLabel } from "../../../model/label.ts";
import type { Datapath, Iface } from "../../../model/types.ts";
import type { Lane, Place } from "./lanes.ts";
import { MIN_RUNS } from "./weights.ts";

export const nameOf = ({ entry, program }: Place): string => programLabel(entry.prog_id, program);

/** `cilium`, or that nobody knows. */
export const ownerOf = ({ program }: Place): string => program?.owner?.family ?? "an owner nobody knows";

/** What each of its verdicts does to the packet and to those behind it. */
export function returnsText(place: Place): string {
  const words = verdictWords(place.entry, place.program, place.hook.hook);
  const known = words.known ? "its code returns" : "its code does not show every verdict; the mechanism knows";
  return `${known}: ${words.details.join("; ")}`;
}

/** How packets get to this lane, for a person who has to make some. */
export function trafficHint(lane: Lane, datapath: Datapath): string {
  const inside = podEnd(lane.iface, datapath);
  const [address] = (inside?.addresses ?? []).map((one) => one.split("/")[0]);
  const few = `${MIN_RUNS} packets or more`;
  if (lane.iface.pod_host_end && lane.direction === "egress") {
    const to = address === undefined ? "the pod's address" : address;
    return `Send the pod ${few} while it is measured, as those who have the trouble do: connect to ${to} again and again, or ping -i 0.01 ${to}.`;
  }
  if (lane.iface.pod_host_end)
    return `Let the pod send ${few} while it is measured, e.g. repeat the connections that fail from within it.`;
  return `Let ${few} pass ${lane.label} while it is measured, or measure for longer.`;
}

function podEnd(iface: Iface, { interfaces }: Datapath): Iface | undefined {
  return interfaces.find(({ key }) => key === iface.peer);
}
