/** `bpftool -j perf show`: programs attached through a perf or raw tracepoint descriptor, with its process. */
import { defineParser } from "../parse.ts";
import { jsonRows } from "./lib/rows.ts";

export interface PerfRow {
  pid: number;
  fd: number | null;
  prog_id: number;
  /** `raw_tracepoint`, `tracepoint`, `kprobe`, `kretprobe`, `uprobe` or `uretprobe`. */
  fd_type: string | null;
  tracepoint: string | null;
  /** Kernel function of a kprobe. */
  func: string | null;
  /** Binary of a uprobe. */
  filename: string | null;
  raw: unknown;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "bpf.perf": PerfRow[];
  }
}

export default defineParser({
  section: "bpf.perf",
  parse: (text) =>
    jsonRows(
      text,
      (row): PerfRow => ({
        pid: row.needInt("pid"),
        fd: row.int("fd"),
        prog_id: row.needInt("prog_id"),
        fd_type: row.text("fd_type"),
        tracepoint: row.text("tracepoint"),
        func: row.text("func"),
        filename: row.text("filename"),
        raw: row.raw,
      }),
    ),
});
