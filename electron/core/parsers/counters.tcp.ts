/** `/proc/net/snmp` and `/proc/net/netstat` of one network namespace: protocol counters since it was made. */
import { defineParser } from "../parse.ts";
import { type CounterRow, pairedLines } from "./lib/paired-lines.ts";

declare module "../parse.ts" {
  interface SectionFacts {
    "counters.tcp": CounterRow[];
  }
}

export default defineParser({ section: "counters.tcp", lines: true, parse: pairedLines });
