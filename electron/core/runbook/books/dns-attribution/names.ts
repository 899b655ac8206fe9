/** Domain names as the dns tracer writes them: compared without case and last dot. */

/** As names are compared. */
export function plain(name: string): string {
  const lower = name.toLowerCase();
  return lower.endsWith(".") ? lower.slice(0, -1) : lower;
}

/** True for the domain itself and what is below it. Both plain. */
export function within(name: string, domain: string): boolean {
  return domain !== "" && (name === domain || name.endsWith(`.${domain}`));
}

/** What a person asked about: `example.com` with all below it, or a pattern with `*`. */
export interface NameMatcher {
  text: string;
  /** The domain that holds all it can match, as the tracer filters; null where it has none. */
  suffix: string | null;
  matches(name: string): boolean;
}

export function nameMatcher(text: string): NameMatcher {
  const wanted = plain(text.trim());
  if (!wanted.includes("*")) return { text: wanted, suffix: wanted, matches: (name) => within(plain(name), wanted) };
  const parts = wanted.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  const pattern = new RegExp(`^${parts.join(".*")}$`, "s");
  // `*.example.com` and `a*.example.com`: behind the last star from a dot on.
  const tail = wanted.slice(wanted.lastIndexOf("*") + 1);
  const dot = tail.indexOf(".");
  const suffix = dot < 0 ? "" : tail.slice(dot + 1);
  return { text: wanted, suffix: suffix === "" ? null : suffix, matches: (name) => pattern.test(plain(name)) };
}

/** Names that are asked for an address: no domain of the outside. */
export function isReverse(name: string): boolean {
  return within(name, "in-addr.arpa") || within(name, "ip6.arpa");
}

/**
 * The name a program meant: without the domain of its search list that the library put behind it. A name that was
 * given in full looks the same as one that was completed.
 */
export function withoutSearch(name: string, search: readonly string[]): string {
  const domain = search
    .filter((one) => one !== "" && name.endsWith(`.${one}`))
    .reduce((longest, one) => (one.length > longest.length ? one : longest), "");
  return domain === "" ? name : name.slice(0, -domain.length - 1);
}

/** Its domains from the longest on, itself left out: `a.b.c` has `b.c` and `c`. */
export function parentsOf(name: string): string[] {
  const labels = labelsOf(name);
  return labels.slice(1).map((_, at) => labels.slice(at + 1).join("."));
}

/** A dot within a label is written `\.` by the tracer. */
export function labelsOf(name: string): string[] {
  return name.match(/(?:\\.|[^.\\])+/g) ?? [];
}
