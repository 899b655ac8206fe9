/** `<pid>` TAB command line: as it is read, with what looks like a secret masked and long ones cut on the node. */
import { defineParser } from "../parse.ts";
import { lineRows } from "./lib/lines.ts";

export interface ProcCmdlineRow {
  pid: number;
  /** Arguments with a space between them; in quotes where one has spaces itself. For reading, not for running. */
  command_line: string;
  raw: unknown;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "proc.cmdline": ProcCmdlineRow[];
  }
}

export default defineParser({
  section: "proc.cmdline",
  lines: true,
  parse: (text) =>
    lineRows(text, (line): ProcCmdlineRow | undefined => {
      const [, pid, command_line] = /^(\d{1,10})\t(.+)$/.exec(line) ?? [];
      return command_line === undefined ? undefined : { pid: Number(pid), command_line, raw: line };
    }),
});
