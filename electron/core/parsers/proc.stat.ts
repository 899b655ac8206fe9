/**
 * `/proc/<pid>/stat` of every process. The process chooses `comm`: it may hold blanks, parentheses
 * and newlines, so a record is not a line. What ends it cannot be forged: comm has at most 15
 * characters (kernel threads 63), far fewer than the 40 numbers that must follow the closing one.
 */
import { defineParser, type Parsed } from "../parse.ts";
import { splitLines, toInt } from "./lib/lines.ts";
import { quote, Warnings } from "./lib/warnings.ts";

export interface ProcRow {
  pid: number;
  comm: string;
  /** `R`, `S`, `D`, `Z`, `I`, … */
  state: string;
  ppid: number;
  /** `PF_…` flags of the task. */
  flags: number;
  /** Clock ticks (100 a second) between boot and the start of the process. */
  starttime: string;
  kernel_thread: boolean;
  raw: unknown;
}

declare module "../parse.ts" {
  interface SectionFacts {
    "proc.stat": ProcRow[];
  }
}

/** From include/linux/sched.h. */
const PF_KTHREAD = 0x00200000;
/** Lines a record can take: one more than the newlines a name can hold. */
const MAX_LINES = 16;
const START = /^\d{1,10} \(/;
const END = /\) [A-Za-z](?: -?\d{1,20}){40,60} ?$/;

export default defineParser({ section: "proc.stat", lines: true, parse });

function parse(text: string): Parsed<ProcRow[]> {
  const warnings = new Warnings();
  const value: ProcRow[] = [];
  const lines = splitLines(text);
  for (let i = 0; i < lines.length; i += 1) {
    const record = recordAt(lines, i);
    const row = record && rowOf(record.text);
    if (row) {
      value.push(row);
      i += record.lines - 1;
    } else if (lines[i]?.trim()) {
      warnings.add("odd-line", `Not understood: ${quote(lines[i] ?? "")}.`, `line ${i + 1}`);
    }
  }
  return { value, warnings: warnings.list() };
}

/** The record that starts on line `first`, or null when none does or its end is missing. */
function recordAt(lines: readonly string[], first: number): { text: string; lines: number } | null {
  if (!START.test(lines[first] ?? "")) return null;
  for (let count = 1; count <= MAX_LINES; count += 1) {
    const last = lines[first + count - 1];
    if (last === undefined) return null;
    if (END.test(last)) return { text: lines.slice(first, first + count).join("\n"), lines: count };
  }
  return null;
}

function rowOf(record: string): ProcRow | null {
  const open = record.indexOf("(");
  const close = record.lastIndexOf(") ");
  const numbers = record.slice(close + 2).split(" ");
  // Numbered as in proc_pid_stat(5): state is field 3, the first behind the name.
  const field = (number: number): string | undefined => numbers[number - 3];
  const pid = toInt(record.slice(0, open - 1));
  const ppid = toInt(field(4));
  const flags = toInt(field(9));
  const starttime = field(22);
  const comm = record.slice(open + 1, close);
  if (pid === null || ppid === null || flags === null || starttime === undefined) return null;
  // Only kernel threads have long names, and theirs hold no newline: this is half a record and another one.
  if (comm.length > (comm.includes("\n") ? 15 : 63)) return null;
  // A bitwise AND in doubles: flags may use bit 31.
  const kernel_thread = Math.floor(flags / PF_KTHREAD) % 2 === 1;
  return { pid, comm, state: field(3) ?? "", ppid, flags, starttime, kernel_thread, raw: record };
}
