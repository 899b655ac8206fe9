/**
 * Processes that answer queries ask, too: for others. Which of their queries has whose behind it: the forwarder was asked
 * for the same name and type before and had not answered yet (its own view, role `server`), and somebody on this node
 * sent that very query (same transaction, name and type, from the same address and port where no translation is between).
 */
import type { Query } from "./queries.ts";

export interface Behind {
  /** What the forwarder was asked. */
  served: Query;
  /** Who asked it, null when that was no process of this node that was seen. */
  asker: Query | null;
}

export interface Forwarding {
  /** Processes that were seen to answer. */
  forwarders: ReadonlySet<number>;
  /** Of a query that a forwarder sent. */
  behind(query: Query): Behind | null;
  /** What forwarders of this node asked because of this query. */
  relayed(query: Query): readonly Query[];
  /** What forwarders were asked by nobody of this node. */
  fromElsewhere: readonly Query[];
}

/** A query waits for so long at most where its answer did not come. */
const LONGEST_US = 10_000_000;
/** From the asker's socket to the resolver's, on one node. */
const HANDOVER_US = 1_000_000;
/** The two views of one query are stamped by the same clock, not in the same instant. */
const SLACK_US = 2_000;

export function forwardingOf(queries: readonly Query[]): Forwarding {
  const served = queries.filter(({ role }) => role === "server");
  const sent = queries.filter(({ role }) => role === "client");
  const forwarders = new Set([
    ...served.flatMap(({ pid }) => pid ?? []),
    ...sent.flatMap(({ pid, forwarder }) => (forwarder && pid !== null ? [pid] : [])),
  ]);
  const servedBy = grouped(served, ({ pid, name, type }) => `${pid} ${name} ${type}`);
  const sentAs = grouped(sent, ({ name, type, transaction }) => `${transaction} ${name} ${type}`);

  const askerOf = (query: Query): Query | null => {
    const near = (sentAs.get(`${query.transaction} ${query.name} ${query.type}`) ?? []).filter(
      ({ pid, time_us }) =>
        pid !== query.pid && time_us <= query.time_us + SLACK_US && query.time_us - time_us <= HANDOVER_US,
    );
    const exact = near.filter((one) => one.client === query.client && one.client_port === query.client_port);
    if (exact.length > 0) return exact.at(-1) ?? null;
    // Translated on the way: unambiguous, or not known.
    return near.length === 1 ? (near[0] ?? null) : null;
  };
  const askers = new Map(served.map((query) => [query, askerOf(query)]));
  const behind = new Map<Query, Behind>();
  const relayed = new Map<Query, Query[]>();
  for (const query of sent) {
    if (query.pid === null || !forwarders.has(query.pid)) continue;
    const last = lastOpen(servedBy.get(`${query.pid} ${query.name} ${query.type}`) ?? [], query.time_us);
    if (last === null) continue;
    const asker = askers.get(last) ?? null;
    behind.set(query, { served: last, asker });
    if (asker !== null) relayed.set(asker, [...(relayed.get(asker) ?? []), query]);
  }
  return {
    forwarders,
    behind: (query) => behind.get(query) ?? null,
    relayed: (query) => relayed.get(query) ?? [],
    fromElsewhere: served.filter((query) => askers.get(query) === null),
  };
}

/** The last of them that came before and had no answer then. `served`: by time. */
function lastOpen(served: readonly Query[], time_us: number): Query | null {
  for (let at = firstAfter(served, time_us + SLACK_US) - 1; at >= 0; at -= 1) {
    const one = served[at];
    if (one === undefined || time_us - one.time_us > LONGEST_US) return null;
    if (time_us <= one.time_us + (one.latency_us ?? LONGEST_US) + SLACK_US) return one;
  }
  return null;
}

/** Of a list by time: the index of the first that is later. */
function firstAfter(list: readonly Query[], time_us: number): number {
  let [from, to] = [0, list.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((list[middle]?.time_us ?? 0) <= time_us) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** Who asked first, through as many forwarders as there are on this node; null when that is not known. */
export function originOf(query: Query, forwarding: Forwarding): Query | null {
  let at = query;
  for (let hops = 0; hops < 4; hops += 1) {
    const asker = forwarding.behind(at)?.asker ?? null;
    if (asker === null) return null;
    if (asker.pid === null || !forwarding.forwarders.has(asker.pid)) return asker;
    at = asker;
  }
  return null;
}

function grouped<T>(list: readonly T[], key: (one: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of list) {
    const group = groups.get(key(one));
    if (group) group.push(one);
    else groups.set(key(one), [one]);
  }
  return groups;
}
