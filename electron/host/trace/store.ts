/**
 * The records of a session's traces, to be read page by page: of those that run, and of those that ended, which are
 * read from the session's file again when somebody asks. Nothing is kept that the file does not hold.
 */
import { setImmediate as turn } from "node:timers/promises";
import { BpfdeskError } from "../../core/errors.ts";
import { cgroupFields, joinLine } from "../../core/trace/join-line.ts";
import { namesOf, type TraceNames } from "../../core/trace/names.ts";
import { type TraceSchema, traceSchema } from "../../core/trace/protocol.ts";
import type { RowPage, RowQuery } from "../../core/trace/query.ts";
import { objectOf, TraceReader } from "../../core/trace/reader.ts";
import { TraceRecords } from "../../core/trace/records.ts";
import { LineSplitter } from "../../core/trace/split-lines.ts";
import type { Journal } from "../journal/journal.ts";

/** What a run tells of itself. */
export interface RunningTrace {
  begins(command_id: string): void;
  records(records: TraceRecords): void;
  grew(): void;
  ended(): void;
}

export interface TraceStore {
  /** A trace was started; its events are the caller's to tell. */
  started(trace_id: string): RunningTrace;
  /** Throws `no-such-trace` or `no-such-record`. */
  rows(trace_id: string, record: string, query: RowQuery): Promise<RowPage>;
  /** Its own lines from the first to the last, joined with the node's picture; of one that runs until it ends. */
  lines(trace_id: string, signal: AbortSignal): AsyncGenerator<string[], void>;
}

interface Running {
  command_id: string | null;
  records: TraceRecords | null;
  ended: boolean;
  waiting: Set<() => void>;
}

/** Traces that are not running and are held in memory. */
const KEPT = 3;
const EMPTY: RowPage = { columns: [], rows: [], total: 0, matching: 0, dropped: 0 };

export function createTraceStore(journal: Journal): TraceStore {
  const running = new Map<string, Running>();
  /** The least lately used first. */
  const kept = new Map<string, Promise<TraceRecords | null>>();
  const names = new Map<string, { seq: number; names: TraceNames }>();

  function keep(trace_id: string, records: Promise<TraceRecords | null>): void {
    kept.delete(trace_id);
    kept.set(trace_id, records);
    for (const old of kept.keys()) if (kept.size > KEPT) kept.delete(old);
  }

  function nodeOf(trace_id: string): string {
    for (const event of journal.ofTypes(["trace.started"])) if (event.trace_id === trace_id) return event.node;
    throw new BpfdeskError({
      code: "no-such-trace",
      message: "This session holds no such trace.",
      hint: "Start it again.",
    });
  }

  function schemaOf(trace_id: string, node: string): { schema: TraceSchema; command_id: string } | null {
    for (const event of journal.ofTypes(["trace.schema"], node)) if (event.trace_id === trace_id) return event;
    return null;
  }

  /** Of the node's last picture; a later one names earlier records. */
  function namesFor(node: string): TraceNames {
    const seq = journal.lastSeqOf(["collect.finished"], node);
    const known = names.get(node);
    if (known?.seq === seq) return known.names;
    const [event] = seq === 0 ? [] : journal.read(seq - 1, 1);
    const fresh = namesOf(event?.type === "collect.finished" ? event.datapath : null);
    names.set(node, { seq, names: fresh });
    return fresh;
  }

  async function readAgain(trace_id: string, node: string): Promise<TraceRecords | null> {
    const found = schemaOf(trace_id, node);
    if (!found) return null;
    const records = new TraceRecords(found.schema);
    const ignored = () => {};
    const reader = new TraceReader(
      {
        record: (name, members) => records.add(name, members),
        ...{ schema: ignored, stats: ignored, note: ignored, summary: ignored, error: ignored },
      },
      () => 0,
    );
    for (const { stream, bytes } of journal.blobs(found.command_id)) {
      if (stream === "stdout") reader.push(bytes);
      // Many megabytes may be read; others have their turn between the pieces.
      await turn();
    }
    reader.finish();
    return records;
  }

  async function recordsOf(trace_id: string, node: string): Promise<TraceRecords | null> {
    const live = running.get(trace_id);
    if (live) return live.records;
    const known = kept.get(trace_id) ?? readAgain(trace_id, node);
    keep(trace_id, known);
    known.catch(() => kept.delete(trace_id));
    return known;
  }

  return {
    started(trace_id) {
      const live: Running = { command_id: null, records: null, ended: false, waiting: new Set() };
      running.set(trace_id, live);
      const grew = () => {
        for (const wake of [...live.waiting]) wake();
      };
      return {
        begins(command_id) {
          live.command_id = command_id;
        },
        records(records) {
          live.records = records;
        },
        grew,
        ended() {
          live.ended = true;
          running.delete(trace_id);
          if (live.records) keep(trace_id, Promise.resolve(live.records));
          grew();
        },
      };
    },

    async rows(trace_id, record, query) {
      const node = nodeOf(trace_id);
      const records = await recordsOf(trace_id, node);
      if (!records) return EMPTY;
      const page = records.query(record, query, namesFor(node));
      if (page) return page;
      throw new BpfdeskError({
        code: "no-such-record",
        message: `This tracer has no records called "${record}".`,
        hint: "Its schema names those it has.",
        node,
      });
    },

    async *lines(trace_id, signal) {
      const node = nodeOf(trace_id);
      const live = running.get(trace_id);
      const splitter = new LineSplitter();
      const join = joiner();
      for (let after = 0; !signal.aborted; ) {
        // Looked at before the record is: what is written until it ends is read then.
        const ended = live?.ended ?? true;
        const command_id = live ? live.command_id : schemaOf(trace_id, node)?.command_id;
        for (const { id, stream, bytes } of command_id ? journal.blobs(command_id, after) : []) {
          after = id;
          if (stream === "stdout") yield join(splitter.push(bytes), namesFor(node));
          if (signal.aborted) return;
        }
        if (ended) {
          yield join(splitter.finish(), namesFor(node));
          return;
        }
        if (live) await woken(live, signal);
      }
    },
  };
}

/** Until more is in the record, or it ended. */
function woken({ waiting, ended }: Running, signal: AbortSignal): Promise<void> {
  if (ended) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      waiting.delete(done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    waiting.add(done);
    signal.addEventListener("abort", done, { once: true });
  });
}

/** Knows which records have a cgroup from the schema line. A line that is no record is left out. */
function joiner(): (lines: readonly string[], names: TraceNames) => string[] {
  let declared: TraceSchema["records"] | null = null;
  const fields = new Map<string, ReturnType<typeof cgroupFields>>();
  return (lines, names) =>
    lines.flatMap((line) => {
      const members = objectOf(line);
      const record = members?.record;
      if (members === null || typeof record !== "string") return [];
      const schema = declared === null && record === "schema" ? traceSchema.safeParse(members) : null;
      if (schema?.success) {
        declared = schema.data.records;
        for (const [name, one] of Object.entries(declared)) fields.set(name, cgroupFields(one));
      }
      const known = fields.get(record);
      return known?.length ? joinLine(line, members, known, names) : line;
    });
}
