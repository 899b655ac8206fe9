/** `/proc/<pid>/ns/net <inode>`: the network namespace of every process. */
import { defineParser } from "../parse.ts";
import { lineRows } from "./lib/lines.ts";
import { netnsInode } from "./lib/netns-inode.ts";

export interface ProcNetnsRow {
  pid: number;
  inode: string;
  raw: unknown;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "proc.netns": ProcNetnsRow[];
  }
}

export default defineParser({
  section: "proc.netns",
  lines: true,
  parse: (text) =>
    lineRows(text, (line): ProcNetnsRow | undefined => {
      const [, pid, rest] = /^\/proc\/(\d{1,10})\/ns\/net[ \t]+(\S+)$/.exec(line) ?? [];
      const inode = netnsInode(rest);
      return inode === null ? undefined : { pid: Number(pid), inode, raw: line };
    }),
});
