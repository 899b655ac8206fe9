/** `ip -j route show` of both families: routes of the main table of one network namespace. */
import { defineParser } from "../parse.ts";
import { jsonRows } from "./lib/rows.ts";

export interface RouteRow {
  /** `default`, an address, or a prefix. */
  dst: string;
  /** `unicast` unless said otherwise: `blackhole`, `unreachable`, … */
  type: string;
  gateway: string | null;
  dev: string | null;
  metric: number | null;
  /** Several next hops that share the route. */
  nexthops: { gateway: string | null; dev: string | null }[];
  raw: unknown;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "net.route": RouteRow[];
  }
}

export default defineParser({
  section: "net.route",
  parse: (text) =>
    jsonRows(
      text,
      (row): RouteRow | null => ({
        dst: row.needText("dst"),
        type: row.text("type") ?? "unicast",
        // `via` is a gateway of the other family.
        gateway: row.text("gateway") ?? row.object("via")?.text("host") ?? null,
        dev: row.text("dev"),
        metric: row.int("metric"),
        nexthops: row.rows("nexthops", (hop) => ({
          gateway: hop.text("gateway") ?? hop.object("via")?.text("host") ?? null,
          dev: hop.text("dev"),
        })),
        raw: row.raw,
      }),
      { empty_is_none: true },
    ),
});
