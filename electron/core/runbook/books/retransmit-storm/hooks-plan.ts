/** Which hooks the second measurement looks at: where programs were seen or may be dropping these connections' packets. */
import type { MeasurePlan, RunState } from "../../types.ts";
import { type Case, caseOf } from "./case.ts";
import { type Direction, type HookPlace, hookPlaces, ifaceAt } from "./interfaces.ts";
import { directionOf } from "./matches.ts";

/** Side by side; each is a process on the node. */
const MOST = 4;

export interface Candidate {
  place: HookPlace;
  why: string;
}

/** Id of the measurement of a hook. */
export function hookId({ iface, direction }: Pick<HookPlace, "iface" | "direction">): string {
  return `${iface.netns}:${iface.ifindex}:${direction}`;
}

export interface Candidates {
  chosen: Candidate[];
  /** For which there was no room. */
  left: Candidate[];
}

/**
 * First the hooks that dropped packets of the connections, then those of which no tracer of drops can tell: native XDP,
 * which drops before there is a packet, netkit, which has no drop reason, and everything where the tracer of drops was
 * not whole.
 */
export function candidatesOf(found: Case): Candidates {
  const all = new Map<string, Candidate>();
  const add = (place: HookPlace | undefined, why: string) => {
    if (place && !all.has(hookId(place))) all.set(hookId(place), { place, why });
  };
  for (const place of found.matching.places) {
    if (place.class !== "tc" && place.class !== "xdp" && place.class !== "tx") continue;
    const iface = ifaceAt(found.datapath, place.netns, place.ifindex);
    const first = place.flows[0];
    const direction: Direction | null =
      place.class === "xdp" ? "xdp" : place.class === "tx" ? "egress" : first ? directionOf(first) : null;
    for (const one of iface ? hookPlaces(iface) : []) {
      if (direction === null || one.direction === direction) add(one, "dropped packets of these connections");
    }
  }
  for (const place of found.crossed.flatMap(hookPlaces)) {
    const { direction, hooks } = place;
    if (direction === "xdp") add(place, "XDP may drop before there is a packet to be seen");
    else if (hooks.some(({ hook }) => hook.startsWith("netkit"))) add(place, "netkit drops without a reason");
    else if (found.drops_gap !== null) add(place, "drops could not all be seen");
  }
  const ordered = [...all.values()];
  return { chosen: ordered.slice(0, MOST), left: ordered.slice(MOST) };
}

/** The tracer of retransmissions again: what hooks drop is compared with what is sent again meanwhile. */
export function hooksPlan(state: RunState): MeasurePlan {
  const found = caseOf(state);
  const { chosen } = candidatesOf(found);
  return {
    for_s: found.limits.seconds,
    traces: [
      { id: "retrans", tracer: "retrans", params: { quiet: "true" } },
      ...chosen.map(({ place }) => ({
        id: hookId(place),
        tracer: "verdict",
        params: { ifname: place.iface.name, direction: place.direction, netns: place.iface.netns },
      })),
    ],
    sections: [],
  };
}

export function needsHooks(state: RunState): true | { skip: string } {
  const found = caseOf(state);
  if (found.suspects.length === 0) return { skip: "No storm was seen." };
  const { chosen } = candidatesOf(found);
  return (
    chosen.length > 0 || {
      skip: "No program of a hook was seen dropping these connections, and none is there that could do so unseen.",
    }
  );
}
