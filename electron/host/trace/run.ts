/**
 * One run of a tracer on a node: started under the guard as root, read as it speaks, told as events, ended.
 *
 * Its lines are recorded as the command's output before they are read here; what is kept here is bounded.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { ErrorData } from "../../core/errors.ts";
import type { EventBody } from "../../core/journal/events.ts";
import type { TraceError, TraceNote, TraceStats, TraceSummary } from "../../core/trace/protocol.ts";
import { TraceReader } from "../../core/trace/reader.ts";
import { TraceRecords } from "../../core/trace/records.ts";
import { failureData } from "../session/failure.ts";
import { execChecked } from "../tools/checked.ts";
import { lastText } from "../transport/text.ts";
import type { ExecExit, Execution, NodeTransport } from "../transport/types.ts";
import { runArgv, type TraceOrder } from "./command.ts";

export interface TraceRunParts extends TraceOrder {
  node: string;
  trace_id: string;
  /** Records what is run over it. */
  transport: NodeTransport;
  /** The id that the command with this key will have. */
  reserve(record_key: string): string;
  /** Puts the tracers on the node when they are not there yet; their path. */
  lend(signal: AbortSignal): Promise<string>;
  tell(...events: EventBody[]): void;
  /** Told of the run as soon as its command has an id. */
  begins(command_id: string): void;
  /** Where its records are read from. */
  records(records: TraceRecords): void;
  /** More lines are in the record. */
  grew(): void;
}

export interface TraceRun {
  /**
   * Ends it as its time limit would, and by force when it has not after `patience_ms`. `why` is told when its
   * summary is missing then.
   */
  stop(options?: { why?: ErrorData; patience_ms?: number }): void;
  /** Settles when `trace.ended` was told. Never rejects. */
  done: Promise<void>;
}

/** Loading its programs, and their removal, beside the time it was given. */
const MARGIN_MS = 60_000;
/** A tracer that was asked to end has so long for its summary. */
const STOP_MS = 5000;
/** Stats are told about once a second, however often they come. */
const STATS_EVERY_MS = 900;
const NOTES = 200;
/** Of what it says on stderr. */
const LAST_WORDS = 4000;
/** A summary larger than this is told without its tables, which are in the recorded output. */
const SUMMARY_CHARACTERS = 256 * 1024;

export function startTrace(parts: TraceRunParts): TraceRun {
  const { node, trace_id, transport, tell } = parts;
  const about = { node, trace_id };
  const starting = new AbortController();
  let records: TraceRecords | null = null;
  let execution: Execution | null = null;
  let stopped: { why: ErrorData | null; patience_ms: number } | null = null;
  let summary: TraceSummary | null = null;
  let refused: TraceError | null = null;
  let held: TraceStats | null = null;
  let toldAt = Number.NEGATIVE_INFINITY;
  let notes = 0;

  const rows = () => records?.arrived() ?? {};
  const over = new AbortController();

  function tellStats(stats: TraceStats): void {
    held = null;
    toldAt = performance.now();
    tell({ type: "trace.stats", ...about, stats, rows: rows() });
  }
  function tellNote(note: TraceNote): void {
    notes += 1;
    if (notes <= NOTES) tell({ type: "trace.note", ...about, note });
  }

  function readerOf(command_id: string): TraceReader {
    return new TraceReader(
      {
        schema(schema) {
          records = new TraceRecords(schema);
          parts.records(records);
          tell({ type: "trace.schema", ...about, command_id, schema });
        },
        record: (name, members) => records?.add(name, members),
        stats(stats) {
          if (performance.now() - toldAt >= STATS_EVERY_MS) tellStats(stats);
          else held = stats;
        },
        note: tellNote,
        summary: (last) => {
          summary = last;
        },
        error: (why) => {
          refused = why;
        },
      },
      () => Date.now() * 1000,
    );
  }

  async function run(): Promise<ExecExit & { stderr: string }> {
    const path = await parts.lend(starting.signal);
    const record_key = `trace:${parts.tracer} ${trace_id}`;
    const command_id = parts.reserve(record_key);
    parts.begins(command_id);
    execution = await execChecked(transport, {
      argv: runArgv(path, parts),
      root: true,
      timeout_ms: parts.limits.for_s * 1000 + MARGIN_MS,
      signal: starting.signal,
      record_key,
    });
    if (stopped) askToEnd(execution, stopped.patience_ms);
    const stderr = lastText(execution.stderr, LAST_WORDS);
    // What arrived before a loss is read to its end.
    const [exit] = await Promise.allSettled([execution.exited, read(execution.stdout, command_id), stderr]);
    if (exit.status === "rejected") throw exit.reason;
    return { ...exit.value, stderr: await stderr };
  }

  async function read(stdout: Execution["stdout"], command_id: string): Promise<void> {
    const reader = readerOf(command_id);
    try {
      for await (const chunk of stdout) {
        reader.push(chunk as Uint8Array);
        parts.grew();
      }
    } finally {
      reader.finish();
    }
  }

  function askToEnd(running: Execution, patience_ms: number): void {
    running.interrupt();
    sleep(patience_ms, null, { signal: over.signal, ref: false }).then(
      () => running.cancel(),
      () => {},
    );
  }

  /** Null when it ended as it should. */
  function whyNot(outcome: { exit: ExecExit & { stderr: string } } | { failure: unknown }): ErrorData | null {
    if (refused) return { ...refusal(refused, transport.host) };
    if (summary) return null;
    if (stopped?.why) return stopped.why;
    if ("exit" in outcome) return died(outcome.exit, transport.host);
    const data = failureData(outcome.failure, "ready", transport.host);
    return stopped && data.code === "cancelled" ? stuck(transport.host, records !== null) : data;
  }

  async function whole(): Promise<void> {
    const outcome = await run().then(
      (exit) => ({ exit }),
      (failure: unknown) => ({ failure }),
    );
    over.abort();
    if (held) tellStats(held);
    if (notes > NOTES) {
      const message = `${notes - NOTES} more notes are only in the recorded output.`;
      tell({
        type: "trace.note",
        ...about,
        note: { record: "note", time_us: Date.now() * 1000, code: "notes-cut", message },
      });
    }
    const told = summary && withoutTables(summary);
    tell({ type: "trace.ended", ...about, summary: told, rows: rows(), error: whyNot(outcome) });
  }

  return {
    done: whole(),
    stop({ why, patience_ms = STOP_MS } = {}) {
      stopped = { why: stopped?.why ?? why ?? null, patience_ms };
      if (execution) askToEnd(execution, patience_ms);
      else starting.abort();
    },
  };
}

/** In the tracer's own words, which name what the kernel lacks and what to do. */
function refusal({ code, message, hint }: TraceError, node: string): ErrorData {
  return { code, message: `${node}: ${message}`, hint, node };
}

function died({ code, signal, stderr }: ExecExit & { stderr: string }, node: string): ErrorData {
  const said = stderr.trim().slice(-LAST_WORDS);
  const cause = said === "" ? {} : { cause: said };
  if (code === 126 || code === 127) {
    return {
      code: "tracer-unusable",
      message: `The tracer lent to ${node} cannot be started there (exit code ${code}).`,
      hint: "The node may forbid programs that are not installed (SELinux, fapolicyd).",
      node,
      ...cause,
    };
  }
  return {
    code: "tracer-died",
    message: `The tracer on ${node} ended without a summary (${signal ? `signal ${signal}` : `exit code ${code}`}).`,
    hint: "It may have been killed there (out of memory). What it had said until then is kept. Its programs ended with it.",
    node,
    ...cause,
  };
}

function stuck(node: string, began: boolean): ErrorData {
  if (!began)
    return { code: "cancelled", message: `The tracer on ${node} was stopped before it began.`, hint: "", node };
  return {
    code: "tracer-stuck",
    message: `The tracer on ${node} did not end when it was asked to, and was killed; its summary is missing.`,
    hint: "What it had said until then is kept. Its programs ended with it.",
    node,
  };
}

function withoutTables(summary: TraceSummary): TraceSummary {
  if (JSON.stringify(summary).length <= SUMMARY_CHARACTERS) return summary;
  const small = Object.entries(summary).filter(([, value]) => typeof value !== "object" || value === null);
  return { ...(Object.fromEntries(small) as TraceSummary), cost: summary.cost };
}
