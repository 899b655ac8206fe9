/** `/proc/net/netstat`: protocol counters of the node's network namespace since it was made. */
import { defineParser } from "../parse.ts";
import { type CounterRow, pairedLines } from "./lib/paired-lines.ts";

declare module "../parse.ts" {
  interface SectionFacts {
    "counters.netstat": CounterRow[];
  }
}

export default defineParser({ section: "counters.netstat", lines: true, parse: pairedLines });
