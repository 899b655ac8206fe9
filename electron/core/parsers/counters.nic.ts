/** `/sys/class/net/<name>/statistics/<counter>:<value>`: errors and drops of the node's interfaces since they were made. */
import { defineParser } from "../parse.ts";
import { lineRows } from "./lib/lines.ts";

export interface NicCounterRow {
  ifname: string;
  /** `rx_missed_errors`, `tx_dropped`, … */
  counter: string;
  /** Decimal text: may exceed 2^53. */
  value: string;
  raw: unknown;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "counters.nic": NicCounterRow[];
  }
}

export default defineParser({
  section: "counters.nic",
  lines: true,
  parse: (text) =>
    lineRows(text, (line): NicCounterRow | undefined => {
      const [, ifname, counter, value] =
        /^\/sys\/class\/net\/([^/\s]{1,15})\/statistics\/([a-z0-9_]{1,40}):(\d{1,20})$/.exec(line) ?? [];
      if (ifname === undefined || counter === undefined || value === undefined) return undefined;
      return { ifname, counter, value, raw: line };
    }),
});
