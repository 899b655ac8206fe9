/** `<pid>` TAB `replaced` or `missing` TAB file: processes whose program file was removed. */
import { defineParser } from "../parse.ts";
import { lineRows } from "./lib/lines.ts";

export interface ProcGoneRow {
  pid: number;
  /** As the kernel names it, without ` (deleted)`; `/memfd:…` never was on a disk. */
  exe: string;
  /** True where another file has that name now, as after an upgrade. */
  replaced: boolean;
  raw: unknown;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "proc.gone": ProcGoneRow[];
  }
}

export default defineParser({
  section: "proc.gone",
  lines: true,
  parse: (text) =>
    lineRows(text, (line): ProcGoneRow | undefined => {
      const [, pid, there, exe] = /^(\d{1,10})\t(replaced|missing)\t(.+)$/.exec(line) ?? [];
      return exe === undefined ? undefined : { pid: Number(pid), exe, replaced: there === "replaced", raw: line };
    }),
});
