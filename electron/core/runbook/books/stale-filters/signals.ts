/**
 * Signs that a program was left behind, each from the picture alone, with its weight and the facts it rests on. None of them
 * says that it does harm: that is measured.
 */
import { isoTime, olderThanAgent } from "../../../findings/lib/evidence.ts";
import { entryLabel, placeOf } from "../../../model/label.ts";
import type { BpfMap, Datapath, Key } from "../../../model/types.ts";
import { type Lane, lanesOf, type Place, runsBefore } from "./lanes.ts";
import { commonest, holdersOf, linkOf, pinsOf, siblingsOf, twinsOf } from "./peers.ts";
import { ESTABLISHED, MIN_SIBLINGS, type SignalId, SUSPECTED, WEIGHTS } from "./weights.ts";

export interface Signal {
  id: SignalId;
  weight: number;
  text: string;
  /** What it is about, first the thing to look at. */
  key: Key;
}

export interface Staleness {
  signals: Signal[];
  score: number;
  /** `current`: what its agent uses now, whatever else is odd about it. */
  word: "none" | "suspected" | "established" | "current";
  /** Why it is taken for the agent's current one. */
  current: string | null;
}

interface Looked {
  place: Place;
  lane: Lane;
  datapath: Datapath;
  twins: Place[];
  siblings: Place[];
}

type Sign = (looked: Looked) => { text: string; key?: Key | undefined } | null;

const SIGNS: Record<SignalId, Sign> = {
  "older-than-agent": ({ place, datapath }) => {
    const { program } = place;
    const agent = program === undefined ? null : olderThanAgent(program, datapath);
    // With none newer the agent was only restarted and has not loaded anything again.
    if (program === undefined || agent === null || !othersAreNewer(place, datapath)) return null;
    return {
      text: `loaded ${isoTime(program.loaded_at ?? 0)}, before ${agent.comm} (pid ${agent.pid}) started ${agent.at}; others of ${program.owner?.family} here were loaded after it`,
      key: program.key,
    };
  },
  "old-mechanism": ({ place, siblings, twins }) => {
    const own = place.entry.mechanism;
    const common = siblings.length < MIN_SIBLINGS ? null : commonest(siblings, ({ entry }) => entry.mechanism);
    if (common !== null && common.value !== own) {
      return {
        text: `on ${own}, while ${common.count} of ${common.of} of its name on other interfaces are on ${common.value}`,
      };
    }
    const newer = twins.find((twin) => twin.entry.mechanism !== own && loadedAfter(twin, place));
    return newer === undefined
      ? null
      : { text: `on ${own}, while the newer ${labelOf(newer)} is on ${newer.entry.mechanism}` };
  },
  "same-name": ({ place, lane, twins }) => {
    const newer = twins.find((twin) => loadedAfter(twin, place));
    if (newer !== undefined) {
      return {
        text: `${labelOf(newer)} has its name and was loaded later, ${isoTime(newer.program?.loaded_at ?? 0)}`,
        key: newer.entry.key,
      };
    }
    const again = twins.find((twin) => twin.entry.prog_id === place.entry.prog_id && runsBefore(twin, place, lane));
    return again === undefined
      ? null
      : { text: `the same program is attached before it, too, at ${placeOf(again.entry)}` };
  },
  "other-place": ({ place, siblings }) => {
    if (place.entry.mechanism !== "clsact") return null;
    const same = siblings.filter(({ entry }) => entry.mechanism === "clsact");
    const common = same.length < MIN_SIBLINGS ? null : commonest(same, ({ entry }) => placeOf(entry));
    const own = placeOf(place.entry);
    if (common === null || common.value === own) return null;
    return {
      text: `at ${own}, while ${common.count} of ${common.of} of its name on other interfaces are at ${common.value}`,
    };
  },
  "tag-differs": ({ place, siblings }) => {
    const common = siblings.length < MIN_SIBLINGS ? null : commonest(siblings, ({ program }) => program?.tag ?? "");
    const own = place.program?.tag ?? "";
    if (common === null || common.value === "" || own === "" || common.value === own) return null;
    return {
      text: `tag ${own}, while ${common.count} of ${common.of} of its name on other interfaces have tag ${common.value}`,
    };
  },
  "pin-gone": ({ place, siblings, twins, datapath }) => {
    // Pins below a covered mount are there and not seen.
    if (datapath.node.bpf_mounts.some(({ shadowed }) => shadowed)) return null;
    const others = comparable(siblings, twins);
    const common = others === null ? null : commonest(others, (one) => pinsOf(one, datapath).length > 0);
    if (common?.value !== true || pinsOf(place, datapath).length > 0) return null;
    return { text: `neither it nor its link is pinned, while ${common.count} of ${common.of} of its name are` };
  },
  "loader-gone": ({ place, siblings, twins, datapath }) => {
    const others = comparable(siblings, twins);
    const common = others === null ? null : commonest(others, (one) => holdersOf(one, datapath).length > 0);
    if (common?.value !== true || holdersOf(place, datapath).length > 0) return null;
    return { text: `no process holds it, while ${common.count} of ${common.of} of its name are held` };
  },
  "own-policy-map": ({ place, twins, datapath }) => {
    const mine = policyMaps(place, datapath);
    const theirs = new Set(twins.flatMap((twin) => policyMaps(twin, datapath).map(({ id }) => id)));
    const alone = mine.filter(
      ({ id, used_by }) => !theirs.has(id) && used_by.every((one) => one === place.entry.prog_id),
    );
    const [first] = alone;
    if (first === undefined || theirs.size === 0) return null;
    return { text: `its policy map ${first.name} (map ${first.id}) is used by no other program`, key: first.key };
  },
  "second-bpf-mount": ({ twins, datapath }) => {
    const mounts = datapath.node.bpf_mounts;
    const filesystems = new Set(mounts.map((one) => one.device ?? `mount ${one.mount_id}`));
    if (twins.length === 0 || (filesystems.size < 2 && !mounts.some(({ shadowed }) => shadowed))) return null;
    return { text: `${mounts.length} mounts of a bpf filesystem: ${mounts.map((one) => one.mount_point).join(", ")}` };
  },
};

export function stalenessOf(place: Place, lane: Lane, datapath: Datapath): Staleness {
  const twins = twinsOf(place, lane);
  const looked = { place, lane, datapath, twins, siblings: siblingsOf(place, lane, datapath) };
  const signals = Object.entries(SIGNS).flatMap(([name, sign]): Signal[] => {
    const said = sign(looked);
    const id = name as SignalId;
    return said === null ? [] : [{ id, weight: WEIGHTS[id], text: said.text, key: said.key ?? place.entry.key }];
  });
  const score = signals.reduce((sum, { weight }) => sum + weight, 0);
  const current = currentBecause(looked);
  if (current !== null) return { signals, score, word: "current", current };
  const word = score >= ESTABLISHED && signals.length > 1 ? "established" : score >= SUSPECTED ? "suspected" : "none";
  return { signals, score, word, current };
}

/** Why a running agent is taken to use this program; null when nothing says so. */
function currentBecause({ place, datapath, twins, siblings }: Looked): string | null {
  const agents = datapath.node.agents.filter(({ family }) => family === place.program?.owner?.family);
  const holders = holdersOf(place, datapath);
  const held = agents.find(({ pid }) => holders.some((one) => one.pid === pid));
  if (held !== undefined) return `held by ${held.comm} (pid ${held.pid}), which runs`;
  // Where the agent holds its programs, one that it does not hold is not its own any more.
  if ([...siblings, ...twins].some((one) => holdersOf(one, datapath).length > 0)) return null;
  const loaded = place.program?.loaded_at ?? null;
  const [agent] = agents;
  if (
    agent === undefined ||
    loaded === null ||
    agents.some(({ started_at }) => started_at === null || started_at > loaded)
  )
    return null;
  // Of two of a name the younger one is what was attached last; loaded in the same second neither is.
  if (twins.some((twin) => !loadedAfter(place, twin))) return null;
  return `loaded ${isoTime(loaded)}, after ${agent.comm} (pid ${agent.pid}) started, and nothing of its name here is younger`;
}

function othersAreNewer({ program }: Place, datapath: Datapath): boolean {
  const family = program?.owner?.family;
  return lanesOf(datapath).some(({ places }) =>
    places.some(
      (one) =>
        one.program?.owner?.family === family &&
        one.program !== undefined &&
        olderThanAgent(one.program, datapath) === null,
    ),
  );
}

function loadedAfter(one: Place, other: Place): boolean {
  const [a, b] = [one.program?.loaded_at ?? null, other.program?.loaded_at ?? null];
  return a !== null && b !== null && a > b;
}

/** Others of its name to compare with: enough of them elsewhere, or the one beside it. */
function comparable(siblings: readonly Place[], twins: readonly Place[]): Place[] | null {
  const others = [...siblings, ...twins];
  return siblings.length >= MIN_SIBLINGS || twins.length > 0 ? others : null;
}

/** Named after a policy, with entries to look up; a prog array of policy programs has none. Of the program itself only. */
export function policyMaps({ program }: Place, { maps }: Datapath): BpfMap[] {
  return maps.filter(
    ({ id, name, type }) => type !== "prog_array" && /policy/i.test(name) && program?.map_ids.includes(id),
  );
}

export const labelOf = ({ entry, program }: Place): string => entryLabel(entry, program);

/** Held or looked after by somebody unknown to the picture's families. */
export function unknownHolder(place: Place, datapath: Datapath): string | null {
  if (place.program?.owner?.family != null) return null;
  const [holder] = holdersOf(place, datapath);
  const pins = linkOf(place, datapath)?.pinned ?? place.program?.pinned ?? [];
  if (holder !== undefined) return `held by pid ${holder.pid} (${holder.comm})`;
  return pins[0] === undefined ? null : `pinned at ${pins[0]}`;
}
