/** Everything this book judges from, read once out of what the run has gathered. */
import type { SectionFacts } from "../../../parse.ts";
import type { Reading, RunState } from "../../types.ts";
import { type Asker, askersOf } from "./askers.ts";
import { type Connections, readConnections } from "./connections.ts";
import { type Forwarding, forwardingOf } from "./forwarders.ts";
import { type Process, type ProcessTable, processOf, readProcessTable } from "./processes.ts";
import { type Query, readWatch, type Watch } from "./queries.ts";
import { type Question, questionOf } from "./question.ts";
import { type Resolvers, readResolvers } from "./resolvers.ts";

/** Ids of the book's steps and measurements; they are in the journal. */
export const LOOK = "look";
export const WATCH = "watch";

export interface Ground {
  state: RunState;
  question: Question;
  watch: Watch;
  connections: Connections;
  table: ProcessTable;
  /** Of both looks, the later first. */
  readings: readonly Reading[];
  resolvers: Resolvers;
  crictl: SectionFacts["k8s.crictl"] | null;
  forwarding: Forwarding;
  /** Names that anybody asked while the watch was young: taken for usual. */
  early: ReadonlySet<string>;
  /** Everybody who asked, whatever was asked about; the busiest first. */
  askers: Asker[];
}

/** Of a state that was read before: a step asks whether it is to be done, and then does it. */
const read = new WeakMap<RunState, Ground | null>();

/** Null where queries could not be watched at all; {@link whyNot} says why. */
export function groundOf(state: RunState): Ground | null {
  const before = read.get(state);
  if (before !== undefined) return before;
  const ground = makeGround(state);
  read.set(state, ground);
  return ground;
}

function makeGround(state: RunState): Ground | null {
  const trace = state.traces[WATCH]?.dns;
  if (!trace?.schema) return null;
  const question = questionOf(state);
  const { before = [], after = [] } = state.readings[WATCH] ?? {};
  const look = state.readings[LOOK]?.after ?? [];
  const readings = [...after, ...before, ...look];
  const table = readProcessTable(before, after);
  const watch = placed(readWatch(trace, question.seconds), table);
  const crictl = look.find(({ section }) => section === "k8s.crictl")?.facts as SectionFacts["k8s.crictl"] | undefined;
  const found = {
    state,
    question,
    watch,
    connections: readConnections(state.traces[WATCH]?.connect),
    table,
    readings,
    resolvers: readResolvers(readings),
    crictl: crictl ?? null,
    forwarding: forwardingOf(watch.queries),
    early: earlyNames(watch, question.thresholds.baseline_s),
  };
  return { ...found, askers: askersOf(found) };
}

function earlyNames({ queries, from_us }: Watch, baseline_s: number): Set<string> {
  const until_us = from_us + baseline_s * 1e6;
  return new Set(queries.flatMap(({ name, time_us }) => (name !== null && time_us < until_us ? [name] : [])));
}

/**
 * The tracer reads cgroups of the unified hierarchy. Where pods are named by the older ones only, the table of processes
 * knows them.
 */
function placed(watch: Watch, table: ProcessTable): Watch {
  const known = new Map<number, Process | null>();
  const processFor = (pid: number): Process | null => {
    const before = known.get(pid);
    if (before !== undefined) return before;
    const totals = watch.totals.get(pid) ?? [];
    const found = totals.length > 1 ? null : processOf(table, pid, totals[0]?.start ?? null);
    known.set(pid, found);
    return found;
  };
  const queries = watch.queries.map((query) => {
    if (query.place.pod_uid !== null || query.pid === null) return query;
    const place = processFor(query.pid)?.place ?? null;
    return place === null ? query : { ...query, place };
  });
  return { ...watch, queries };
}

export function whyNot({ traces, left_out }: RunState): string {
  const error = traces[WATCH]?.dns?.error;
  return error?.message ?? left_out[WATCH] ?? "the dns tracer was not run";
}

/** Those who asked what was asked about. */
export function concerned({ askers, question }: Ground): Asker[] {
  return askers.filter(({ queries }) => queries.some(question.asks));
}

/** A filter of the trace's table for these queries of an asker. */
export function filterOf(asker: Asker, name: Query["name"] = null): string {
  const quoted = (text: string) => (/^[\w.:/-]+$/.test(text) ? text : `"${text.replaceAll('"', "")}"`);
  const [pid, ...others] = asker.pids;
  const who =
    pid !== undefined && others.length === 0
      ? [`pid=${pid}`]
      : [`comm=${quoted(asker.comm)}`, ...(asker.place.cgroup === "" ? [] : [`cgroup=${quoted(asker.place.cgroup)}`])];
  return ["role=client", ...who, ...(name === null ? [] : [`name=${quoted(name)}`])].join(" ");
}
