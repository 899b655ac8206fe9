/** With what a program is compared: those of its name on the same direction, beside it and on other interfaces of the node. */
import { sharePackets } from "../../../findings/lib/stacks.ts";
import type { Datapath, Link } from "../../../model/types.ts";
import { type Lane, lanesOf, type Place } from "./lanes.ts";
import { MOST } from "./weights.ts";

/** Places of the same name, or of the same program, in the same lane that see the same packets. */
export function twinsOf(place: Place, lane: Lane): Place[] {
  return lane.places.filter(
    (other) =>
      other !== place &&
      sharePackets(place, other) &&
      (other.entry.prog_id === place.entry.prog_id || (nameOf(place) !== "" && nameOf(other) === nameOf(place))),
  );
}

/** Places of the same name and direction on other interfaces. */
export function siblingsOf(place: Place, lane: Lane, datapath: Datapath): Place[] {
  const name = nameOf(place);
  if (name === "") return [];
  return lanesOf(datapath)
    .filter((other) => other.iface !== lane.iface && other.direction === lane.direction)
    .flatMap((other) => other.places.filter((one) => nameOf(one) === name));
}

const nameOf = ({ program }: Place): string => program?.name ?? "";

export function linkOf({ entry }: Place, { links }: Datapath): Link | undefined {
  return entry.link_id ? links.find(({ id }) => id === entry.link_id) : undefined;
}

/** Processes that hold the program or its link. */
export function holdersOf(place: Place, datapath: Datapath): { pid: number; comm: string }[] {
  return [...(place.program?.pids ?? []), ...(linkOf(place, datapath)?.pids ?? [])];
}

export function pinsOf(place: Place, datapath: Datapath): string[] {
  return [...(place.program?.pinned ?? []), ...(linkOf(place, datapath)?.pinned ?? [])];
}

/** What most of them have in common, with how many do; null when they do not agree. */
export function commonest<T>(
  places: readonly Place[],
  of: (place: Place) => T,
): { value: T; count: number; of: number } | null {
  const counts = new Map<T, number>();
  for (const value of places.map(of)) counts.set(value, (counts.get(value) ?? 0) + 1);
  const [first] = [...counts].toSorted((a, b) => b[1] - a[1]);
  if (first === undefined || first[1] < MOST * places.length) return null;
  return { value: first[0], count: first[1], of: places.length };
}
