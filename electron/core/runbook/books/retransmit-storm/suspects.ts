/** Shares of what is sent again, by destination and by pod, and which of them stand out. */
import { type Destination, KINDS, type Kind } from "./records.ts";
import { OUTLIER_FACTOR, STALLED_PCT, STALLED_TIMEOUTS, type Thresholds } from "./thresholds.ts";

export interface Figures {
  sent: number;
  retrans: number;
  refused: number;
  /** Of all segments sent, those sent again included. */
  ratio_pct: number;
  connections: number;
  kinds: Record<Kind, number>;
}

export interface Suspect {
  /** Stable over runs: `10.0.0.7:443`, `shop/cart-1`, `all`. */
  id: string;
  scope: "destination" | "pod" | "all";
  /** `10.0.0.7:443 from shop/cart-1`. */
  title: string;
  rows: Destination[];
  figures: Figures;
  /** `storm`: the share says it alone. `outlier`: less, and far more than everywhere else. `stalled`: few, and hardly anything else. */
  word: "storm" | "outlier" | "stalled";
  /** Share of all that is not of this suspect. */
  baseline_pct: number;
}

export function figuresOf(rows: readonly Destination[]): Figures {
  const sum = (of: (row: Destination) => number) => rows.reduce((so, row) => so + of(row), 0);
  const [sent, retrans] = [sum((row) => row.sent), sum((row) => row.retrans)];
  return {
    ...{ sent, retrans, refused: sum((row) => row.refused), connections: sum((row) => row.connections) },
    ratio_pct: sent === 0 ? 0 : (100 * retrans) / sent,
    kinds: Object.fromEntries(KINDS.map((kind) => [kind, sum((row) => row.kinds[kind])])) as Record<Kind, number>,
  };
}

/** Most segments sent again first. A pod only when its destinations do not show it, all together only when no pod does. */
export function suspectsOf(rows: readonly Destination[], limits: Thresholds): Suspect[] {
  const destinations = destinationsThatStandOut(rows, limits);
  const told = new Set(destinations.flatMap((one) => one.rows));
  const pods = standOut(groupsOf(rows, podOf), "pod", rows, limits).filter(
    (pod) => figuresOf(pod.rows.filter((row) => told.has(row))).retrans < pod.figures.retrans / 2,
  );
  const found = [...destinations, ...pods];
  if (found.length > 0) return found.toSorted((a, b) => b.figures.retrans - a.figures.retrans);
  return standOut(new Map([["all", [...rows]]]), "all", rows, limits);
}

/** As a whole, or for one pod when other pods' traffic to it is well and hides that. */
function destinationsThatStandOut(rows: readonly Destination[], limits: Thresholds): Suspect[] {
  const whole = standOut(groupsOf(rows, destinationId), "destination", rows, limits);
  const known = new Set(whole.map(({ id }) => id));
  const ofPods = [...groupsOf(rows, destinationId)].flatMap(([id, own]) => {
    if (known.has(id)) return [];
    const bad = standOut(groupsOf(own, podOf), "destination", rows, limits).flatMap((one) => one.rows);
    return bad.length === 0 ? [] : standOut(new Map([[id, bad]]), "destination", rows, limits);
  });
  return [...whole, ...ofPods];
}

function standOut(
  groups: ReadonlyMap<string, Destination[]>,
  scope: Suspect["scope"],
  all: readonly Destination[],
  limits: Thresholds,
): Suspect[] {
  const total = figuresOf(all);
  return [...groups].flatMap(([id, rows]): Suspect[] => {
    const figures = figuresOf(rows);
    const rest = total.sent - figures.sent;
    const baseline_pct = rest <= 0 ? 0 : (100 * (total.retrans - figures.retrans)) / rest;
    const word = wordOf(figures, baseline_pct, limits);
    return word === null ? [] : [{ id, scope, title: titleOf(id, scope, rows), rows, figures, word, baseline_pct }];
  });
}

function wordOf(figures: Figures, baseline_pct: number, limits: Thresholds): Suspect["word"] | null {
  if (figures.retrans < limits.min_retrans) return isStalled(figures) ? "stalled" : null;
  if (figures.ratio_pct >= limits.storm_pct) return "storm";
  return figures.ratio_pct >= limits.notice_pct && figures.ratio_pct >= OUTLIER_FACTOR * baseline_pct
    ? "outlier"
    : null;
}

/** Of connections that stood: SYNs to nobody are no loss. */
function isStalled({ ratio_pct, kinds }: Figures): boolean {
  return ratio_pct >= STALLED_PCT && kinds.timeout + kinds.after_timeout >= STALLED_TIMEOUTS;
}

export function groupsOf(rows: readonly Destination[], of: (row: Destination) => string): Map<string, Destination[]> {
  const groups = new Map<string, Destination[]>();
  for (const row of rows) {
    const key = of(row);
    const group = groups.get(key);
    if (group) group.push(row);
    else groups.set(key, [row]);
  }
  return groups;
}

/** The peer and the port of the service, which may be on this side: `10.0.0.7:443`, `10.0.0.7 (port 8080 here)`. */
export function destinationId({ daddr, dport, lport }: Destination): string {
  if (dport !== null) return daddr.includes(":") ? `[${daddr}]:${dport}` : `${daddr}:${dport}`;
  return lport === null ? daddr : `${daddr} (port ${lport} here)`;
}

/** The pod, or the network namespace where it is of none. */
export const podOf = ({ pod, netns }: Destination): string => pod ?? `network namespace ${netns}`;

/** Names, most retransmissions first, and how many more there are. */
export function named(rows: readonly Destination[], of: (row: Destination) => string | null, most: number): string {
  const groups = groupsOf(
    rows.filter((row) => of(row) !== null),
    (row) => of(row) ?? "",
  );
  const names = [...groups]
    .map(([name, own]) => ({ name, retrans: figuresOf(own).retrans }))
    .toSorted((a, b) => b.retrans - a.retrans)
    .map(({ name }) => name);
  const rest = names.length - most;
  return `${names.slice(0, most).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}

function titleOf(id: string, scope: Suspect["scope"], rows: readonly Destination[]): string {
  if (scope === "all") return "all connections of this node";
  if (scope === "pod") return `all connections of ${id}`;
  const pods = named(rows, ({ pod }) => pod, 1);
  return pods === "" ? id : `${id} from ${pods}`;
}
