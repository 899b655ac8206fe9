/**
 * What a tracer prints, line by line: checked, never trusted. A line that is not what the contract says is counted
 * and told as a note; it never stops the reading.
 */
import type { z } from "zod";
import {
  type TraceError,
  type TraceNote,
  type TraceSchema,
  type TraceStats,
  type TraceSummary,
  traceError,
  traceNote,
  traceSchema,
  traceStats,
  traceSummary,
} from "./protocol.ts";
import { LineSplitter } from "./split-lines.ts";

export interface TraceSink {
  /** Once, before any record. */
  schema(schema: TraceSchema): void;
  /** A record that the schema declares; its members are not checked. */
  record(name: string, members: Readonly<Record<string, unknown>>): void;
  stats(stats: TraceStats): void;
  note(note: TraceNote): void;
  summary(summary: TraceSummary): void;
  error(error: TraceError): void;
}

type Reserved = "schema" | "stats" | "note" | "summary" | "error";

const RESERVED: Record<Reserved, z.ZodType> = {
  schema: traceSchema,
  stats: traceStats,
  note: traceNote,
  summary: traceSummary,
  error: traceError,
};

/** What is wrong with a line, in words. */
const TROUBLES = {
  "line-too-long": "longer than a line may be",
  "line-no-json": "no JSON object with a record name",
  "line-unknown": "of a record that the tracer did not declare",
  "line-malformed": "not of the form that its record name stands for",
  "line-again": "a second schema",
} as const;
type Trouble = keyof typeof TROUBLES;

/** Of a bad line so much is shown. */
const SHOWN = 120;

export class TraceReader {
  private readonly lines: LineSplitter;
  private readonly sink: TraceSink;
  private readonly now_us: () => number;
  private declared: ReadonlySet<string> | null = null;
  private readonly troubles = new Map<Trouble, number>();

  /** `now_us`: epoch µs, for notes of its own. */
  constructor(sink: TraceSink, now_us: () => number, maxLineBytes?: number) {
    this.sink = sink;
    this.now_us = now_us;
    this.lines = new LineSplitter(maxLineBytes);
  }

  push(bytes: Uint8Array): void {
    const tooLong = this.lines.tooLong;
    for (const line of this.lines.push(bytes)) this.read(line);
    for (let n = tooLong; n < this.lines.tooLong; n++) this.trouble("line-too-long", "");
  }

  /** Nothing comes any more: a last line without an end is read, and what was wrong is summed up. */
  finish(): void {
    for (const line of this.lines.finish()) this.read(line);
    for (const [code, count] of this.troubles) {
      if (count > 1) this.note(code, `${count} lines were ${TROUBLES[code]}; they are only in the recorded output.`);
    }
    this.troubles.clear();
  }

  private read(line: string): void {
    const members = objectOf(line);
    const name = members?.record;
    if (members === null || typeof name !== "string") this.trouble("line-no-json", line);
    else if (this.declared?.has(name)) this.sink.record(name, members);
    // It says what follows; whoever splits the lines heeds it.
    else if (name === "frames") return;
    else if (!isReserved(name)) this.trouble("line-unknown", line);
    else {
      const checked = RESERVED[name].safeParse(members);
      if (checked.success) this.tell(name, checked.data, line);
      else this.trouble("line-malformed", line);
    }
  }

  private tell(name: Reserved, data: unknown, line: string): void {
    const { sink } = this;
    if (name === "stats") sink.stats(data as TraceStats);
    else if (name === "note") sink.note(data as TraceNote);
    else if (name === "summary") sink.summary(data as TraceSummary);
    else if (name === "error") sink.error(data as TraceError);
    else if (this.declared) this.trouble("line-again", line);
    else {
      const schema = data as TraceSchema;
      this.declared = new Set(Object.keys(schema.records).filter((record) => !isReserved(record)));
      sink.schema(schema);
    }
  }

  /** The first of a kind is told at once, with what it was; how many there were at the end. */
  private trouble(code: Trouble, line: string): void {
    const count = (this.troubles.get(code) ?? 0) + 1;
    this.troubles.set(code, count);
    if (count > 1) return;
    const shown = line === "" ? "" : `: ${line.slice(0, SHOWN)}${line.length > SHOWN ? "…" : ""}`;
    this.note(code, `A line was ${TROUBLES[code]}${shown}`);
  }

  private note(code: Trouble, message: string): void {
    this.sink.note({ record: "note", time_us: this.now_us(), code, message });
  }
}

const isReserved = (name: string): name is Reserved => Object.hasOwn(RESERVED, name);

/** Null for what is no JSON object. */
export function objectOf(line: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
