/** `/proc/net/snmp`: protocol counters of the node's network namespace since it was made. */
import { defineParser } from "../parse.ts";
import { type CounterRow, pairedLines } from "./lib/paired-lines.ts";

declare module "../parse.ts" {
  interface SectionFacts {
    "counters.snmp": CounterRow[];
  }
}

export default defineParser({ section: "counters.snmp", lines: true, parse: pairedLines });
