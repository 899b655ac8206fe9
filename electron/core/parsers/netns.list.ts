/** A line a network namespace other than the node's own: inode, TAB, pid or empty, TAB, name or empty. */
import { defineParser } from "../parse.ts";
import { lineRows, toInt } from "./lib/lines.ts";
import { netnsInode } from "./lib/netns-inode.ts";

export interface NetnsRow {
  inode: string;
  /** A process in it. */
  pid: number | null;
  /** Name under /run/netns. */
  name: string | null;
  raw: unknown;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "netns.list": NetnsRow[];
  }
}

export default defineParser({
  section: "netns.list",
  lines: true,
  parse: (text) =>
    lineRows(text, (line): NetnsRow | undefined => {
      const [first, pid, name] = line.split("\t");
      const inode = netnsInode(first);
      return inode === null ? undefined : { inode, pid: toInt(pid), name: name || null, raw: line };
    }),
});
