/** A line a tool: name, TAB, path (empty when missing), TAB, first line of its version output. */
import { defineParser } from "../parse.ts";
import { lineRows } from "./lib/lines.ts";

export interface ToolRow {
  name: string;
  /** Null when the node does not have it. */
  path: string | null;
  /** The tool's own words, e.g. `bpftool v7.1.0`, `ip utility, iproute2-6.1.0, libbpf 1.1.2`. */
  version_line: string | null;
  /** The number in it, e.g. `7.1.0`. */
  version: string | null;
  raw: unknown;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "node.tools": ToolRow[];
  }
}

export default defineParser({
  section: "node.tools",
  lines: true,
  parse: (text) =>
    lineRows(text, (line): ToolRow | undefined => {
      const [name, path, ...rest] = line.split("\t");
      if (!name || path === undefined) return undefined;
      const version_line = rest.join("\t").trim() || null;
      return {
        name,
        path: path || null,
        version_line,
        version: version_line?.match(/\d{1,9}(?:\.\d{1,9}){1,4}/)?.[0] ?? null,
        raw: line,
      };
    }),
});
