/** All that the two measurements brought, put together once for everything that concludes from it. */
import type { Datapath, Iface } from "../../../model/types.ts";
import type { RunState, TraceEvidence } from "../../types.ts";
import { destinationOf, holds } from "./addresses.ts";
import { crossedBy, ifaceOf, type Routes } from "./interfaces.ts";
import { type Matching, matchingOf, type Storm } from "./matches.ts";
import { type Readings, readingsOf } from "./readings.ts";
import {
  type Destination,
  destinationsOf,
  dropFlowsOf,
  gapOf,
  type Retransmission,
  retransmissionsOf,
} from "./records.ts";
import { type Suspect, suspectsOf } from "./suspects.ts";
import { type Thresholds, thresholdsOf } from "./thresholds.ts";

export const WATCH = "watch";
export const HOOKS = "hooks";

export interface Case {
  state: RunState;
  limits: Thresholds;
  datapath: Datapath | null;
  retrans: TraceEvidence | null;
  drops: TraceEvidence | null;
  /** Null when the tracer of drops saw every drop it can see; otherwise what it may have missed and why. */
  drops_gap: string | null;
  /** The same for what TCP itself drops, which kernels without reasons do not tell. */
  tcp_drops_gap: string | null;
  readings: Readings;
  routes: Routes;
  /** All of them, for comparison; and of those that were asked for. */
  destinations: Destination[];
  asked: Destination[];
  suspects: Suspect[];
  /** Retransmissions of the suspects that were told one by one, and what was dropped of the same connections. */
  events: Retransmission[];
  matching: Matching;
  /** Of this node, that the suspects' connections cross. */
  crossed: Iface[];
}

const known = new WeakMap<RunState, Case>();

/** The same for the same state: several steps ask. */
export function caseOf(state: RunState): Case {
  const found = known.get(state) ?? put(state);
  known.set(state, found);
  return found;
}

function put(state: RunState): Case {
  const limits = thresholdsOf(state.inputs);
  const { datapath } = state;
  const retrans = traceOf(state, WATCH, "retrans");
  const drops = traceOf(state, WATCH, "drops");
  const readings = readingsOf(state, WATCH);
  const routes = routesOf(readings, datapath);
  const destinations = destinationsOf(retrans).map((row) => ({ ...row, pod: row.pod ?? podAt(datapath, row.netns) }));
  const asked = destinations.filter(askedFor(state, routes));
  const suspects = suspectsOf(asked, limits);
  const events = eventsOf(retransmissionsOf(retrans), suspects);
  return {
    ...{ state, limits, datapath, retrans, drops, readings, routes, destinations, asked, suspects, events },
    ...dropsGaps(drops),
    matching: matchingOf(
      stormsOf(suspects, retransmissionsOf(retrans), destinations),
      dropFlowsOf(drops),
      ownAddresses(datapath),
    ),
    crossed: crossedBy(events, datapath, routes),
  };
}

/**
 * The retransmissions of each suspect in a measurement. Only some of very many are told one by one; taken for all they
 * would be explained by few drops, so each stands for as many as there were.
 */
export function stormsOf(
  suspects: readonly Suspect[],
  events: readonly Retransmission[],
  destinations: readonly Destination[],
): Storm[] {
  return suspects.map((suspect) => {
    const own = eventsOf(events, [suspect]);
    const told = own.reduce((so, { segments }) => so + segments, 0);
    const all = sameRows(destinations, [suspect]).reduce((so, { retrans }) => so + retrans, 0);
    return { events: own, each: told === 0 ? 1 : Math.max(1, all / told) };
  });
}

function routesOf(readings: Readings, datapath: Datapath | null): Routes {
  return new Map(
    readings.scopes("net.route").map((scope) => {
      const netns = scope === "node" ? (datapath?.node.host_netns ?? "") : scope.slice("netns:".length);
      return [netns, readings.after("net.route", scope)?.facts ?? []];
    }),
  );
}

/** Of the node itself: what a pod's address is translated to. */
function ownAddresses(datapath: Datapath | null): Set<string> {
  const own = (datapath?.interfaces ?? []).filter(({ host_netns }) => host_netns);
  return new Set(own.flatMap(({ addresses }) => addresses.map((one) => one.split("/")[0] ?? "")));
}

/** A process may be in a pod's network without being in its cgroup. */
function podAt(datapath: Datapath | null, netns: string): string | null {
  const pod = datapath?.pods.find((one) => one.netns === netns && !one.host_network);
  return pod?.name ? `${pod.namespace ?? "?"}/${pod.name}` : null;
}

export function traceOf(state: RunState, step: string, id: string): TraceEvidence | null {
  return state.traces[step]?.[id] ?? null;
}

function rowsOf(suspects: readonly Suspect[]): Set<Destination> {
  return new Set(suspects.flatMap(({ rows }) => rows));
}

function dropsGaps(drops: TraceEvidence | null): Pick<Case, "drops_gap" | "tcp_drops_gap"> {
  const drops_gap = gapOf(drops, "the tracer of dropped packets");
  const untold = drops?.schema?.variant === "reasons" ? null : "this kernel does not tell what TCP itself drops";
  return { drops_gap, tcp_drops_gap: drops_gap ?? untold };
}

/** Retransmissions of the suspects. With no suspects none. */
export function eventsOf(all: readonly Retransmission[], suspects: readonly Suspect[]): Retransmission[] {
  const wanted = new Set([...rowsOf(suspects)].flatMap(rowKeys));
  return all.filter(
    ({ netns, daddr, dport, sport }) =>
      wanted.has(`${netns} ${daddr} to ${dport}`) ||
      wanted.has(`${netns} ${daddr} at ${sport}`) ||
      wanted.has(`${netns} ${daddr}`),
  );
}

/** Those of another measurement that are of the suspects. */
function sameRows(rows: readonly Destination[], suspects: readonly Suspect[]): Destination[] {
  const wanted = new Set([...rowsOf(suspects)].flatMap(rowKeys));
  return rows.filter((row) => rowKeys(row).some((key) => wanted.has(key)));
}

function rowKeys({ netns, daddr, dport, lport }: Destination): string[] {
  if (dport === null && lport === null) return [`${netns} ${daddr}`];
  return [
    ...(dport === null ? [] : [`${netns} ${daddr} to ${dport}`]),
    ...(lport === null ? [] : [`${netns} ${daddr} at ${lport}`]),
  ];
}

/** Whether a destination is of those that the inputs name. */
function askedFor({ inputs, datapath }: RunState, routes: Routes): (row: Destination) => boolean {
  const to = destinationOf(inputs.destination ?? "");
  const iface = datapath?.interfaces.find(({ name }) => name === inputs.interface) ?? null;
  const ofIface = iface?.pod ? datapath?.pods.find(({ key }) => key === iface.pod) : undefined;
  return (row) => {
    if (to && !holds(to.prefix, row.daddr)) return false;
    if (to && to.port !== null && row.dport !== to.port && row.lport !== to.port) return false;
    if (inputs.pod && row.pod !== inputs.pod && row.pod?.split("/").at(-1) !== inputs.pod) return false;
    if (!iface) return true;
    if (ofIface) return row.netns === ofIface.netns || row.netns === iface.netns;
    const from = ifaceOf(datapath, row.daddr);
    return (
      crossedBy([{ saddr: "", daddr: row.daddr, netns: row.netns }], datapath, routes).includes(iface) || from === iface
    );
  };
}
