/** `/proc/<pid>/cgroup` lines as `grep -H` prints them; one row a line, v1 controllers and the v2 line alike. */
import { defineParser } from "../parse.ts";
import { lineRows, toInt } from "./lib/lines.ts";

export interface ProcCgroupRow {
  pid: number;
  /** 0 is the v2 hierarchy. */
  hierarchy: number;
  /** v1 only; `name=systemd` is one too. */
  controllers: string[];
  /** Relative to the reader's cgroup namespace: may start with `/../`; may end in ` (deleted)`. */
  path: string;
  raw: unknown;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "proc.cgroup": ProcCgroupRow[];
  }
}

const LINE = /^\/proc\/(\d{1,10})\/cgroup:(\d{1,10}):([^:]*):(\/.*)$/;

export default defineParser({
  section: "proc.cgroup",
  lines: true,
  parse: (text) =>
    lineRows(text, (line): ProcCgroupRow | undefined => {
      const [, pid, hierarchy, controllers, path] = LINE.exec(line) ?? [];
      if (path === undefined) return undefined;
      return {
        pid: toInt(pid) ?? 0,
        hierarchy: toInt(hierarchy) ?? 0,
        controllers: (controllers ?? "").split(",").filter((name) => name !== ""),
        path,
        raw: line,
      };
    }),
});
