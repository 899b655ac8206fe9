/**
 * `conntrack -S`: `name=value` words, a line a CPU. The set of names changes with versions (`ignore`
 * up to 1.4.5, `clash_resolve` and `chaintoolong` later), so all are kept under their own names.
 */
import { defineParser } from "../parse.ts";
import { lineRows, toInt } from "./lib/lines.ts";

export interface ConntrackRow {
  cpu: number | null;
  counters: { name: string; value: string }[];
  raw: unknown;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "counters.conntrack": ConntrackRow[];
  }
}

export default defineParser({
  section: "counters.conntrack",
  lines: true,
  parse: (text) =>
    lineRows(text, (line): ConntrackRow | undefined => {
      const counters: ConntrackRow["counters"] = [];
      let cpu: number | null = null;
      for (const word of line.trim().split(/\s+/)) {
        const [, name, value] = /^([a-z_]{1,40})=(\d{1,20})$/.exec(word) ?? [];
        if (name === undefined || value === undefined) return undefined;
        if (name === "cpu") cpu = toInt(value);
        else counters.push({ name, value });
      }
      return { cpu, counters, raw: line };
    }),
});
