/**
 * Directions of interfaces with all programs on them, in the order the kernel runs them. tc, tcx and netkit of one direction
 * are one lane; XDP is one of its own, because an XDP and a tc program are often one pipeline.
 */
import type { StackedEntry } from "../../../findings/lib/stacks.ts";
import { hookLabel } from "../../../model/label.ts";
import type { Datapath, Hook, HookEntry, HookName, Iface, Key, Program } from "../../../model/types.ts";

/** As the verdict tracer calls a hook. */
export type LaneDirection = "xdp" | "ingress" | "egress";

export type Place = StackedEntry;

export interface Lane {
  /** Stable for an interface and direction, `if:4026531840:7 egress`. */
  id: string;
  iface: Iface;
  direction: LaneDirection;
  /** `lxc1a2b3c egress (out → pod)`. */
  label: string;
  /** Entries with a BPF program, first to run first. */
  places: Place[];
  /** Filters that are no BPF programs, which may drop, too. */
  others: HookEntry[];
}

const HOOKS: Readonly<Record<LaneDirection, readonly HookName[]>> = {
  xdp: ["xdp"],
  // A netkit pair's peer programs run before the packet is on the host's end; its primary ones after its tc egress.
  ingress: ["netkit_peer", "tc_ingress"],
  egress: ["tc_egress", "netkit_primary"],
};
const DIRECTIONS: readonly LaneDirection[] = ["xdp", "ingress", "egress"];

const known = new WeakMap<Datapath, Lane[]>();

export function lanesOf(datapath: Datapath): Lane[] {
  const lanes = known.get(datapath) ?? findLanes(datapath);
  known.set(datapath, lanes);
  return lanes;
}

function findLanes(datapath: Datapath): Lane[] {
  const programs = new Map(datapath.programs.map((one) => [one.id, one]));
  return datapath.interfaces.flatMap((iface) =>
    DIRECTIONS.flatMap((direction) => {
      const hooks = HOOKS[direction].flatMap((name) => iface.hooks.filter(({ hook }) => hook === name));
      const [first] = hooks.filter(({ entries }) => entries.length > 0);
      if (first === undefined) return [];
      const entries = hooks.flatMap((hook) => hook.entries.map((entry) => ({ hook, entry })));
      return [
        {
          id: `${iface.key} ${direction}`,
          iface,
          direction,
          label: hookLabel(iface, first),
          places: entries.flatMap(({ hook, entry }) => placeOf(hook, entry, programs)),
          others: entries.flatMap(({ entry }) => (entry.prog_id === null ? [entry] : [])),
        },
      ];
    }),
  );
}

function placeOf(hook: Hook, entry: HookEntry, programs: ReadonlyMap<number, Program>): Place[] {
  return entry.prog_id === null ? [] : [{ entry, hook, program: programs.get(entry.prog_id) }];
}

/** True when both hold the same programs at the same places: what was measured on one holds for the other. */
export function sameChain(one: Lane, other: Lane): boolean {
  const words = (lane: Lane) => lane.places.map(({ entry }) => `${entry.key} ${entry.prog_id}`).join("\n");
  return words(one) === words(other) && one.others.length === other.others.length;
}

/** True when the first is run before the second; `order` of an entry counts within its hook only. */
export function runsBefore(one: Place, other: Place, { places }: Lane): boolean {
  return places.indexOf(one) < places.indexOf(other);
}

/** The place a key stands for, with its lane. */
export function placeAt(datapath: Datapath, key: Key): { lane: Lane; place: Place } | null {
  for (const lane of lanesOf(datapath)) {
    const place = lane.places.find(({ entry }) => entry.key === key);
    if (place !== undefined) return { lane, place };
  }
  return null;
}
