/**
 * `/proc/net/softnet_stat`: a line an online CPU, hexadecimal columns whose number grew with kernels
 * (softnet_seq_show in net/core/net-procfs.c): 9 at first, 10 with RPS, 11 with flow limits, 13 with
 * the CPU number (5.10), 15 today. Counters are 32 bits and wrap.
 */
import { defineParser } from "../parse.ts";
import { lineRows } from "./lib/lines.ts";

export interface SoftnetRow {
  /** Null before 5.10: then the line number is not the CPU number when CPUs are offline. */
  cpu: number | null;
  processed: number;
  dropped: number;
  time_squeeze: number;
  received_rps: number | null;
  flow_limit_count: number | null;
  backlog_len: number | null;
  raw: unknown;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "counters.softnet": SoftnetRow[];
  }
}

export default defineParser({
  section: "counters.softnet",
  lines: true,
  parse: (text) =>
    lineRows(text, (line): SoftnetRow | undefined => {
      const words = line.trim().split(/\s+/);
      if (words.length < 9 || !words.every((word) => /^[0-9a-f]{8}$/i.test(word))) return undefined;
      const column = (index: number): number | null => {
        const word = words[index];
        return word === undefined ? null : Number.parseInt(word, 16);
      };
      return {
        cpu: column(12),
        processed: column(0) ?? 0,
        dropped: column(1) ?? 0,
        time_squeeze: column(2) ?? 0,
        received_rps: column(9),
        flow_limit_count: column(10),
        backlog_len: column(11),
        raw: line,
      };
    }),
});
