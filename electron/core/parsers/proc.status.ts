/** `Uid:` and `NSpid:` lines of `/proc/<pid>/status` as `grep -H` prints them; one row a line. */
import { defineParser } from "../parse.ts";
import { lineRows } from "./lib/lines.ts";

export interface ProcStatusRow {
  pid: number;
  /** The effective one, null in a line about the pid. */
  uid: number | null;
  /** Its pid in the innermost pid namespace, null in a line about the user. */
  inner_pid: number | null;
  /** Pid namespaces it is in; 1: only the node's. */
  depth: number | null;
  raw: unknown;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "proc.status": ProcStatusRow[];
  }
}

const LINE = /^\/proc\/(\d{1,10})\/status:(Uid|NSpid):((?:[ \t]+\d{1,10})+)[ \t]*$/;

export default defineParser({
  section: "proc.status",
  lines: true,
  parse: (text) =>
    lineRows(text, (line): ProcStatusRow | undefined => {
      const [, pid, what, list] = LINE.exec(line) ?? [];
      const numbers =
        list
          ?.trim()
          .split(/[ \t]+/)
          .map(Number) ?? [];
      const last = numbers.at(-1);
      if (last === undefined) return undefined;
      const none = { pid: Number(pid), uid: null, inner_pid: null, depth: null, raw: line };
      // Real, effective, saved and file system's: proc_pid_status(5).
      if (what === "Uid") return numbers.length === 4 ? { ...none, uid: numbers[1] ?? null } : undefined;
      return { ...none, inner_pid: last, depth: numbers.length };
    }),
});
