/** Queries in lines to read: by name, resolver and outcome, with when each was asked first. */
import { withoutSearch } from "./names.ts";
import { type Query, since, type Watch } from "./queries.ts";

/** Names that are told one by one. */
const NAMES_TOLD = 10;

export interface NameLine {
  name: string;
  queries: Query[];
  text: string;
}

/** One line a name, those asked most first; then how many more there are. */
export function nameLines(
  queries: readonly Query[],
  search: readonly string[],
  watch: Watch,
): { told: NameLine[]; more: number } {
  const asked = new Set(queries.map(({ name }) => name));
  // What the search list makes of a name is told with it, where that was asked by itself, too.
  const groups = by(queries, ({ name }) => {
    const base = name === null ? null : withoutSearch(name, search);
    return (asked.has(base) ? base : name) ?? "(no sound message)";
  });
  const told = groups
    .slice(0, NAMES_TOLD)
    .map(([name, own]) => ({ name, queries: own, text: lineOf(name, own, watch) }));
  return { told, more: groups.length - told.length };
}

/** "evil.example: A ×12, AAAA ×12; NOERROR ×24; asked of 10.96.0.10 over udp; first +3.2 s". */
function lineOf(name: string, queries: readonly Query[], watch: Watch): string {
  const first = queries[0]?.time_us ?? 0;
  const addresses = [...new Set(queries.flatMap((one) => one.addresses))];
  const retries = queries.reduce((sum, one) => sum + one.retries, 0);
  return [
    `${name}: ${counted(queries, ({ type }) => type || "no type")}`,
    counted(queries, outcomeOf),
    ...(addresses.length === 0
      ? []
      : [`answers ${addresses.slice(0, 4).join(", ")}${addresses.length > 4 ? ", …" : ""}`]),
    ...(retries === 0 ? [] : [`${retries} sent again`]),
    resolversText(queries),
    `first ${since(watch, first)}`,
  ].join("; ");
}

/** "asked of 10.96.0.10 over udp ×12, 8.8.8.8 over tcp ×1". */
export function resolversText(queries: readonly Query[]): string {
  const [only, ...others] = by(queries, ({ resolver, transport }) => `${resolver ?? "?"} over ${transport}`);
  if (only !== undefined && others.length === 0) return `asked of ${only[0]}`;
  return `asked of ${counted(queries, ({ resolver, transport }) => `${resolver ?? "?"} over ${transport}`)}`;
}

export function outcomeOf({ outcome, rcode }: Query): string {
  return outcome === "answered" ? (rcode ?? "answered") : outcome;
}

/** "A ×12, AAAA ×12"; what there is most of first. */
export function counted(queries: readonly Query[], key: (one: Query) => string): string {
  const groups = by(queries, key);
  const told = groups.slice(0, 6).map(([name, own]) => `${name} ×${own.length}`);
  return groups.length > told.length ? `${told.join(", ")}, ${groups.length - told.length} more` : told.join(", ");
}

/** Groups, the largest first. */
export function by<T>(list: readonly T[], key: (one: T) => string): [string, T[]][] {
  const groups = new Map<string, T[]>();
  for (const one of list) {
    const group = groups.get(key(one));
    if (group) group.push(one);
    else groups.set(key(one), [one]);
  }
  return [...groups].sort(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1));
}

/** One that a person would call one lookup: a name with all that the library made of it, asked within two seconds. */
export interface Lookup {
  /** The name without a search domain. */
  base: string;
  queries: Query[];
}

const ONE_LOOKUP_US = 2_000_000;

/** Queries of one asker as lookups: A beside AAAA, the domains of the search list, repetitions. By time. */
export function lookupsOf(queries: readonly Query[], search: readonly string[]): Lookup[] {
  const open = new Map<string, { last_us: number; lookup: Lookup }>();
  const lookups: Lookup[] = [];
  for (const query of queries) {
    if (query.name === null) continue;
    const base = withoutSearch(query.name, search);
    const key = `${query.pid} ${base}`;
    const known = open.get(key);
    if (known && query.time_us - known.last_us <= ONE_LOOKUP_US && !repeats(known.lookup, query)) {
      known.lookup.queries.push(query);
      known.last_us = query.time_us;
      continue;
    }
    const lookup = { base, queries: [query] };
    lookups.push(lookup);
    open.set(key, { last_us: query.time_us, lookup });
  }
  return lookups;
}

/** The same question that was answered already is the next lookup. */
function repeats({ queries }: Lookup, { name, type }: Query): boolean {
  return queries.some((one) => one.name === name && one.type === type && one.outcome === "answered");
}

/** Nothing of it exists: each of its answers says so. One without an answer is not known. */
export function failed({ queries }: Lookup): boolean {
  return queries.every(({ outcome, rcode }) => outcome === "answered" && rcode === "NXDOMAIN");
}
