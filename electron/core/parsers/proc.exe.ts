/** `/proc/<pid>/exe`, TAB, target: the program file of every process that has one. */
import { defineParser } from "../parse.ts";
import { lineRows } from "./lib/lines.ts";

export interface ProcExeRow {
  pid: number;
  /** Path in the process's own mount namespace, without the kernel's ` (deleted)`. */
  exe: string;
  deleted: boolean;
  raw: unknown;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "proc.exe": ProcExeRow[];
  }
}

const DELETED = " (deleted)";

export default defineParser({
  section: "proc.exe",
  lines: true,
  parse: (text) =>
    lineRows(text, (line): ProcExeRow | null | undefined => {
      const [, pid, target] = /^\/proc\/(\d{1,10})\/exe\t(.*)$/.exec(line) ?? [];
      if (target === undefined) return undefined;
      // Kernel threads have no program file.
      if (target === "") return null;
      const deleted = target.endsWith(DELETED);
      return { pid: Number(pid), exe: deleted ? target.slice(0, -DELETED.length) : target, deleted, raw: line };
    }),
});
