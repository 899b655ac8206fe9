/**
 * What the dropper's policy says about the packets it dropped: its policy map and the node's ipcache, read with mapdump, where
 * their layout is known (Cilium's). A map that was not read whole says what it holds, never what it does not.
 */
import type { BpfMap, Datapath } from "../../../../model/types.ts";
import type { Evidence, MeasurePlan, RunState, TraceEvidence } from "../../../types.ts";
import { type DroppedFlow, type Figures, measured } from "../figures.ts";
import type { Lane, Place } from "../lanes.ts";
import { lanesToMeasure } from "../plan.ts";
import { policyMaps } from "../signals.ts";
import { FLOWS_TOLD, MAP_ENTRIES, MAP_SECONDS } from "../weights.ts";
import {
  IPCACHE_KEYS,
  identityOf,
  ipcacheEntry,
  isAbout,
  POLICY_KEYS,
  type PolicyEntry,
  type Prefix,
  policyEntry,
} from "./layout.ts";

export const MAPS_STEP = "maps";
const MAPS_AT_ONCE = 3;
const PROTOCOLS: Readonly<Record<string, number>> = { icmp: 1, tcp: 6, udp: 17, icmpv6: 58, sctp: 132 };

/** Maps of programs that were seen to drop, and the ipcache that their keys come from. */
export function mapsPlan(state: RunState, measureStep: string): MeasurePlan {
  const { datapath } = state;
  const policies = lanesToMeasure(state).flatMap((lane) => {
    const found = measured(state, measureStep, lane);
    if (datapath === null || !("figures" in found)) return [];
    return lane.places.flatMap((place) =>
      flowsOf(place, found.figures).length === 0 ? [] : policiesOf(place, datapath),
    );
  });
  const ids = [...new Set(policies.map(({ id }) => id))].slice(0, MAPS_AT_ONCE);
  const ipcache =
    datapath === null || ids.length === 0
      ? []
      : ipcachesOf(datapath)
          .slice(0, 1)
          .map(({ id }) => id);
  const traces = [...ids, ...ipcache].map((id) => ({
    id: `map ${id}`,
    tracer: "mapdump",
    params: { map_id: String(id), limit: String(MAP_ENTRIES) },
  }));
  return { for_s: MAP_SECONDS, traces, sections: [] };
}

export function policyEvidence(
  state: RunState,
  lane: Lane,
  place: Place,
  figures: Figures | null,
  datapath: Datapath,
): Evidence[] {
  const traces = state.traces[MAPS_STEP];
  if (figures === null || traces === undefined) return [];
  const flows = flowsOf(place, figures).slice(0, FLOWS_TOLD);
  const [map] = policiesOf(place, datapath);
  const [ipcache] = ipcachesOf(datapath);
  if (map === undefined || ipcache === undefined || flows.length === 0) return [];
  const policy = read(traces[`map ${map.id}`], policyEntry);
  const prefixes = read(traces[`map ${ipcache.id}`], ipcacheEntry);
  if (policy === null || prefixes === null) return [];
  // Of an interface's side: what leaves the host's end goes to the pod, for which it is ingress.
  const egress = lane.direction !== "egress";
  const texts = flows.flatMap((flow) => said(flow, egress, map, policy, prefixes) ?? []);
  return [...new Set(texts)].map((text) => ({
    text,
    source: { kind: "trace", trace_id: policy.trace_id, record: "entry", filter: "" },
  }));
}

interface Read<T> {
  trace_id: string;
  whole: boolean;
  entries: T[];
}

function read<T>(trace: TraceEvidence | undefined, entry: (key: unknown, value: unknown) => T | null): Read<T> | null {
  if (trace?.summary == null) return null;
  const rows = trace.records.entry ?? [];
  const entries = rows.flatMap(({ key, value }) => entry(key, value) ?? []);
  const whole = trace.summary.complete === true && entries.length === rows.length && (trace.dropped.entry ?? 0) === 0;
  return { trace_id: trace.trace_id, whole, entries };
}

function said(
  flow: DroppedFlow,
  egress: boolean,
  map: BpfMap,
  policy: Read<PolicyEntry>,
  prefixes: Read<Prefix>,
): string | null {
  const peer = egress ? flow.dst : flow.src;
  const protocol = PROTOCOLS[flow.proto];
  const held = identityOf(peer, prefixes.entries);
  if (protocol === undefined || held === null || !prefixes.whole) return null;
  const { identity } = held;
  const port = flow.dport ?? 0;
  const about = policy.entries.filter((entry) => isAbout(entry, { identity, egress, protocol, port }));
  const packet = `${egress ? "egress to" : "ingress from"} identity ${identity} (${peer}), ${flow.proto} port ${port}`;
  const where = `policy map ${map.name} (map ${map.id}), ${packet}`;
  const denies = about.filter(({ deny }) => deny === true).length;
  if (denies > 0) return `${where}: an entry denies it`;
  if (about.length > 0)
    return `${where}: ${about.length} entries ${about.every(({ deny }) => deny === false) ? "allow it" : "are about it"}`;
  return policy.whole ? `${where}: no entry, so it does not allow it` : null;
}

/** Flows of packets that this program was seen to drop. */
const flowsOf = ({ entry }: Place, { flows }: Figures): DroppedFlow[] =>
  flows.filter(({ prog_id }) => prog_id === entry.prog_id);

/** Policy maps of the program itself, or of its endpoint, of a layout that is known. */
function policiesOf(place: Place, datapath: Datapath): BpfMap[] {
  if (place.program?.owner?.family !== "cilium") return [];
  const own = policyMaps(place, datapath);
  const endpoints = new Set(
    datapath.maps.flatMap((map) =>
      place.program?.map_ids.includes(map.id) ? (endpointOf(map, /^cilium_calls_(\d+)$/) ?? []) : [],
    ),
  );
  const theirs = datapath.maps.filter((map) => endpoints.has(endpointOf(map, /^cilium_policy(?:_v\d+)?_(\d+)$/) ?? ""));
  return [...own, ...theirs].filter(
    ({ bytes_key, type }) => type !== "prog_array" && POLICY_KEYS.includes(bytes_key ?? 0),
  );
}

/** From where it is pinned: the kernel cuts names before the endpoint's number. */
function endpointOf({ pinned }: BpfMap, name: RegExp): string | null {
  for (const path of pinned) {
    const found = name.exec(path.slice(path.lastIndexOf("/") + 1));
    if (found?.[1] !== undefined) return found[1];
  }
  return null;
}

const ipcachesOf = ({ maps }: Datapath): BpfMap[] =>
  maps.filter(({ name, bytes_key }) => name.startsWith("cilium_ipcache") && IPCACHE_KEYS.includes(bytes_key ?? 0));
