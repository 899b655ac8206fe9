/**
 * BPF file descriptors of processes: `prog_id`, `map_id`, `link_id` and `btf_id` lines of
 * `/proc/<pid>/fdinfo/<fd>` as `grep -H` prints them. One row a descriptor; a link's fdinfo names its
 * program too.
 */
import { defineParser, type Parsed } from "../parse.ts";
import { splitLines, toInt } from "./lib/lines.ts";
import { quote, Warnings } from "./lib/warnings.ts";

export interface ProcBpfRow {
  pid: number;
  fd: number;
  /** What the descriptor refers to; a link also carries the id of its program. */
  kind: "prog" | "map" | "link" | "btf";
  prog_id: number | null;
  map_id: number | null;
  link_id: number | null;
  btf_id: number | null;
  /** The lines of this descriptor. */
  raw: unknown;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "proc.bpf": ProcBpfRow[];
  }
}

const LINE = /^\/proc\/(\d{1,10})\/(?:task\/\d{1,10}\/)?fdinfo\/(\d{1,10}):(prog|map|link|btf)_id:\s*(\d{1,10})\s*$/;

export default defineParser({ section: "proc.bpf", lines: true, parse });

function parse(text: string): Parsed<ProcBpfRow[]> {
  const warnings = new Warnings();
  const rows = new Map<string, Omit<ProcBpfRow, "raw"> & { raw: string[] }>();
  splitLines(text).forEach((line, index) => {
    const [, pid, fd, kind, digits] = LINE.exec(line) ?? [];
    const id = toInt(digits);
    if (id === null) {
      if (line.trim()) warnings.add("odd-line", `Not understood: ${quote(line)}.`, `line ${index + 1}`);
      return;
    }
    const key = `${pid} ${fd}`;
    const row = rows.get(key) ?? {
      pid: Number(pid),
      fd: Number(fd),
      kind: "prog" as ProcBpfRow["kind"],
      prog_id: null,
      map_id: null,
      link_id: null,
      btf_id: null,
      raw: [],
    };
    if (kind === "prog") row.prog_id = id;
    else if (kind === "map") row.map_id = id;
    else if (kind === "link") row.link_id = id;
    else row.btf_id = id;
    row.kind = kindOf(row);
    row.raw.push(line);
    rows.set(key, row);
  });
  return { value: [...rows.values()], warnings: warnings.list() };
}

function kindOf(row: Omit<ProcBpfRow, "raw">): ProcBpfRow["kind"] {
  if (row.link_id !== null) return "link";
  if (row.map_id !== null) return "map";
  return row.prog_id !== null ? "prog" : "btf";
}
