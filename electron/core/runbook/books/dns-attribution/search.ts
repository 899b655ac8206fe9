/**
 * Domains that a resolver's library puts behind a name: those that are configured, and those that show in what was asked.
 * A container's resolv.conf is not always there to be read, and a program may have a list of its own.
 */
import { labelsOf } from "./names.ts";
import type { Query } from "./queries.ts";

/** `known`: what is configured or usual. Plain. */
export function searchOf(queries: readonly Query[], known: readonly string[]): string[] {
  const names = new Set(queries.flatMap(({ name }) => name ?? []));
  const absent = new Set(queries.flatMap(({ name, rcode }) => (rcode === "NXDOMAIN" && name !== null ? [name] : [])));
  const found = new Set(known);
  for (const name of absent) {
    const labels = labelsOf(name);
    for (let at = 1; at < labels.length - 1; at += 1) {
      const base = labels.slice(0, at).join(".");
      const domain = labels.slice(at).join(".");
      if (found.has(domain)) continue;
      // The same name was asked by itself, or with another domain of the list, as the next one that is tried.
      if (names.has(base) || known.some((other) => domain.endsWith(`.${other}`) && names.has(`${base}.${other}`))) {
        found.add(domain);
      }
    }
  }
  return [...found];
}
