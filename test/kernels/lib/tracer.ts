/** A tracer on a machine, run as the host runs it; every line it prints is held against what it declared. */
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { z } from "zod";
import {
  type TraceError,
  type TraceSchema,
  type TraceSummary,
  traceError,
  traceNote,
  traceSchema,
  traceStats,
  traceSummary,
} from "../../../electron/core/trace/protocol.ts";
import { execChecked } from "../../../electron/host/tools/checked.ts";
import { runArgv } from "../../../electron/host/trace/command.ts";
import type { NodeTransport } from "../../../electron/host/transport/types.ts";
import type { Line } from "./match.ts";

/** An emulated processor is slow: here it is counted, not limited, what a tracer costs. */
const BUDGET_PCT = 10_000;
const START_MS = 120_000;
const END_MS = 60_000;

const record = z.looseObject({ record: z.string() });

export interface Running {
  /** Null when it said why it cannot. */
  schema: TraceSchema | null;
  error: TraceError | null;
  /** Resolves when it has told of figures twice more: all that has happened before is in its lines then. */
  settled(): Promise<void>;
  /** Asks it to end, and waits until it has. */
  end(): Promise<void>;
  /** Waits until it ends by itself. */
  over(): Promise<void>;
  /** Lines of a record; of a total, the last of each key. */
  lines(name: string): Line[];
  summary(): TraceSummary | null;
  /** What it should not have printed. */
  wrong: string[];
  stderr(): Promise<string>;
}

export async function runTracer(
  transport: NodeTransport,
  path: string,
  { tracer, params, for_s }: { tracer: string; params: Record<string, string>; for_s: number },
): Promise<Running> {
  const execution = await execChecked(transport, {
    argv: runArgv(path, { tracer, params, limits: { for_s, events: null, budget_pct: BUDGET_PCT } }),
    root: true,
    timeout_ms: for_s * 1000 + START_MS,
    record_key: `trace:${tracer}`,
  });
  const stderr = text(execution.stderr);
  const all = new Map<string, Line[]>();
  const wrong: string[] = [];
  let schema: TraceSchema | null = null;
  let error: TraceError | null = null;
  let summary: TraceSummary | null = null;
  let told = 0;
  let over = false;
  const waiting: { holds(): boolean; resolve(): void }[] = [];
  const look = () => {
    for (const one of waiting.filter(({ holds }) => over || holds())) {
      waiting.splice(waiting.indexOf(one), 1);
      one.resolve();
    }
  };
  const when = (holds: () => boolean, limit_ms: number, what: string) =>
    new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${tracer} ${what} in ${limit_ms} ms`)), limit_ms);
      waiting.push({
        holds,
        resolve() {
          clearTimeout(timer);
          resolve();
        },
      });
      look();
    });

  function read(text: string): void {
    const line = record.parse(JSON.parse(text));
    switch (line.record) {
      case "schema":
        schema = traceSchema.parse(line);
        break;
      case "stats":
        traceStats.parse(line);
        told += 1;
        break;
      case "note":
        traceNote.parse(line);
        break;
      case "summary":
        summary = traceSummary.parse(line);
        break;
      case "error":
        error = traceError.parse(line);
        break;
      default:
        keep(line);
    }
  }

  function keep(line: Line & { record: string }): void {
    const declared = schema?.records[line.record];
    if (!declared) throw new Error(`its schema has no record ${line.record}`);
    const names = new Set(["record", ...declared.fields.map(({ name }) => name)]);
    const unknown = Object.keys(line).filter((name) => !names.has(name));
    if (unknown.length > 0)
      throw new Error(`${line.record} has members its schema does not know: ${unknown.join(", ")}`);
    const lines = all.get(line.record) ?? [];
    all.set(line.record, lines);
    const keys = declared.fields.filter(({ key }) => key).map(({ name }) => name);
    const same = (other: Line) => keys.every((name) => JSON.stringify(other[name]) === JSON.stringify(line[name]));
    const known = declared.kind === "total" ? lines.findIndex(same) : -1;
    if (known >= 0) lines[known] = line;
    else lines.push(line);
  }

  createInterface({ input: execution.stdout })
    .on("line", (text) => {
      try {
        read(text);
      } catch (reason) {
        wrong.push(`${reason instanceof Error ? reason.message : String(reason)}: ${text.slice(0, 300)}`);
      }
      look();
    })
    .once("close", () => {
      over = true;
      look();
    });
  const exited = execution.exited.catch((reason: Error) => {
    wrong.push(reason.message);
  });
  const ended = async (limit_ms: number) => {
    await when(() => over, limit_ms, "did not end");
    await exited;
  };

  await when(() => schema !== null || error !== null, START_MS, "said nothing");
  return {
    get schema() {
      return schema;
    },
    get error() {
      return error;
    },
    wrong,
    stderr: () => stderr,
    async settled() {
      const enough = told + 2;
      await when(() => told >= enough, END_MS, "told no figures");
    },
    async end() {
      execution.interrupt();
      await ended(END_MS);
    },
    over: () => ended(for_s * 1000 + END_MS),
    lines: (name) => all.get(name) ?? [],
    summary: () => summary,
  };
}
