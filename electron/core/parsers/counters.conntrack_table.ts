/**
 * `count N`, `max N` of a namespace's table of connections, and `/proc/net/stat/nf_conntrack`: a line of names, then one
 * of hexadecimal counters a CPU (ct_cpu_seq_show in net/netfilter/nf_conntrack_standalone.c). Counters are 32 bits and wrap.
 * The column `entries` is the table's size in each line and no counter.
 */
import { defineParser, type Parsed } from "../parse.ts";
import { splitLines, toInt } from "./lib/lines.ts";
import { quote, Warnings } from "./lib/warnings.ts";

export interface ConntrackTable {
  /** Null where connection tracking is not in use. */
  count: number | null;
  max: number | null;
  /** `drop`, `early_drop`, `insert_failed`, …, once a CPU; empty where the kernel has no such file. */
  counters: { name: string; value: number }[];
}

declare module "../parse.ts" {
  interface SectionFacts {
    "counters.conntrack_table": ConntrackTable;
  }
}

export default defineParser({ section: "counters.conntrack_table", lines: true, parse: table });

function table(text: string): Parsed<ConntrackTable> {
  const warnings = new Warnings();
  const value: ConntrackTable = { count: null, max: null, counters: [] };
  let names: string[] = [];
  splitLines(text).forEach((line, index) => {
    const words = line.trim().split(/\s+/);
    const [first = "", second] = words;
    if (first === "") return;
    if (first === "count" || first === "max") {
      value[first] = toInt(second);
    } else if (first === "entries") {
      names = words.slice(1);
    } else if (
      names.length > 0 &&
      words.length === names.length + 1 &&
      words.every((word) => /^[0-9a-f]{8}$/i.test(word))
    ) {
      for (const [at, name] of names.entries()) {
        value.counters.push({ name, value: Number.parseInt(words[at + 1] ?? "0", 16) });
      }
    } else {
      warnings.add("odd-line", `Not understood: ${quote(line)}.`, `line ${index + 1}`);
    }
  });
  return { value, warnings: warnings.list() };
}
