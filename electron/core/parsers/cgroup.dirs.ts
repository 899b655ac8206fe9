/** Inode, blank, path of every cgroup2 directory: the inode is the `cgroup_id` of links. */
import { defineParser } from "../parse.ts";
import { lineRows } from "./lib/lines.ts";

export interface CgroupDirRow {
  inode: string;
  path: string;
  raw: unknown;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "cgroup.dirs": CgroupDirRow[];
  }
}

export default defineParser({
  section: "cgroup.dirs",
  lines: true,
  parse: (text) =>
    lineRows(text, (line): CgroupDirRow | undefined => {
      const [, inode, path] = /^\s*(\d{1,20})[ \t]+(\S.*)$/.exec(line) ?? [];
      return inode && path ? { inode, path, raw: line } : undefined;
    }),
});
