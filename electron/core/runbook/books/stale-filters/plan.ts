/** Which hooks are measured, by which traces. */
import type { Measurement, MeasurePlan, RunState } from "../../types.ts";
import { ALL_PROGRAMS } from "./figures.ts";
import type { Lane } from "./lanes.ts";
import { isSuspect, scopeOf, urgency } from "./scope.ts";
import { DEFAULT_SECONDS, FLOWS, HOOKS_AT_ONCE, PROGRAMS_AT_ONCE } from "./weights.ts";

/** The most urgent first: those of whoever asked, or the suspects of the whole node. */
export function lanesToMeasure({ datapath, inputs }: RunState): Lane[] {
  if (datapath === null) return [];
  const { named, lanes } = scopeOf(datapath, inputs);
  const wanted = named === null ? lanes.filter((lane) => isSuspect(lane, datapath)) : [...lanes];
  return wanted
    .filter(({ places }) => places.length > 0)
    .toSorted((a, b) => urgency(b, datapath) - urgency(a, datapath));
}

export function measurePlan(state: RunState, lanes: readonly Lane[]): MeasurePlan {
  const host = state.datapath?.node.host_netns ?? "";
  const single = lanes.slice(0, HOOKS_AT_ONCE).map((lane) => oneHook(lane));
  const rest = programsOf(lanes.slice(HOOKS_AT_ONCE).filter(({ iface }) => iface.netns === host));
  const traces = rest.length === 0 ? single : [...single, manyPrograms(rest)];
  return { for_s: secondsOf(state), traces, sections: [] };
}

export function secondsOf({ inputs }: RunState): number {
  const given = Number(inputs.seconds ?? "");
  return Number.isInteger(given) && given > 0 ? given : DEFAULT_SECONDS;
}

/** Nothing is told packet by packet: the flows have it all. */
const COMMON = { packets_per_s: "0", flows: String(FLOWS) };

function oneHook({ id, iface, direction }: Lane): Measurement {
  const params: Record<string, string> = { ifname: iface.name, direction, ...COMMON };
  if (!iface.host_netns) params.netns = iface.netns;
  return { id, tracer: "verdict", params };
}

function manyPrograms(ids: readonly number[]): Measurement {
  return { id: ALL_PROGRAMS, tracer: "verdict", params: { prog_ids: ids.join(","), ...COMMON } };
}

/** Whole lanes only: of half a chain nothing follows. */
function programsOf(lanes: readonly Lane[]): number[] {
  const ids = new Set<number>();
  for (const { places } of lanes) {
    const own = places.flatMap(({ entry }) =>
      entry.prog_id === null || ids.has(entry.prog_id) ? [] : [entry.prog_id],
    );
    if (ids.size + own.length > PROGRAMS_AT_ONCE) break;
    for (const id of own) ids.add(id);
  }
  return [...ids];
}
