/**
 * A tracer's binary run as the host runs it: lines read and checked as they come, ended by the end of its standard
 * input, and watched for what it leaves in the kernel. Needs root. Knows nothing of any tracer.
 *
 *     const tracer = await startTracer("drops", { reasons: "TC_INGRESS" });
 *     await tracer.waitFor("drop", (line) => line.dport === 53);
 *     const { totals, summary } = await tracer.end();
 *
 * BPFDESK_TRACER names another binary than the one that is built (one of `build:tracers --only`).
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import * as fs from "node:fs";
import * as path from "node:path";
import { createInterface } from "node:readline";
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
} from "../../electron/core/trace/protocol.ts";
import { buildLab } from "../lab/node/build.ts";
import { must, until } from "../lab/node/exec.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const ARCH = process.arch === "arm64" ? "arm64" : "x86_64";
/** Loading on a busy machine. */
const START_MS = 60_000;
const WAIT_MS = 30_000;

/** A line of the tracer's own records. */
type Line = { record: string } & Record<string, unknown>;
type Params = Record<string, string | number | boolean>;

interface StartOptions {
  /** Limits of the run; it ends by itself after two minutes when nobody ends it. */
  for_s?: number;
  events?: number;
  budget_pct?: number;
  /** Objects it opens that are not its own and stay, such as `map 12`. */
  foreign?: readonly string[];
  /** Words before the command, such as `["ip", "netns", "exec", "pod"]`. */
  within?: readonly string[];
}

interface Ended {
  /** Null when a signal ended it. */
  code: number | null;
  /** Of every record but the reserved ones, in order. */
  lines: Line[];
  notes: TraceNote[];
  stats: TraceStats[];
  /** Null when it was killed. */
  summary: TraceSummary | null;
  /** The last line of each total, by the values of its key fields. */
  totals(record: string): Line[];
}

interface RunningTracer {
  pid: number;
  schema: TraceSchema;
  /** What came so far, without the reserved records. */
  lines: readonly Line[];
  /** Resolves with the first such line, also one that came before. Rejects after half a minute or when it ends. */
  waitFor(record: string, holds?: (line: Line) => boolean): Promise<Line>;
  /** The same of a note of that code. */
  waitForNote(code: string): Promise<TraceNote>;
  /** Resolves once figures of a later second than now have come: all that happened before now is in `lines`. */
  settled(): Promise<TraceStats>;
  /** Ends its standard input and waits for its last line; then for the kernel to have freed all it made. Throws when something stays. */
  end(): Promise<Ended>;
  /** The same by SIGKILL. */
  kill(): Promise<Ended>;
  /** Waits for it to end by itself. */
  over(): Promise<Ended>;
}

/** It said why it could not. */
export class TracerRefused extends Error {
  override name = "TracerRefused";
  readonly error: TraceError;
  readonly exit_code: number | null;
  constructor(error: TraceError, exitCode: number | null) {
    super(`${error.code}: ${error.message}`);
    this.error = error;
    this.exit_code = exitCode;
  }
}

let built: Promise<string> | null = null;

/** The binary of this machine, built when its sources have changed. */
export function tracerBinary(): Promise<string> {
  const chosen = process.env.BPFDESK_TRACER;
  if (chosen !== undefined) return Promise.resolve(chosen);
  built ??= must([process.execPath, path.join(ROOT, "scripts/build-tracers.mjs"), "--arch", ARCH]).then(() =>
    path.join(ROOT, "resources/tracers", ARCH, "bpfdesk-tracer"),
  );
  return built;
}

/** Runs it until its schema line. Rejects with TracerRefused when it says that it cannot. */
export async function startTracer(
  name: string,
  params: Params = {},
  options: StartOptions = {},
): Promise<RunningTracer> {
  const { for_s = 120, events, budget_pct, within = [], foreign = [] } = options;
  const words = [
    ...within,
    await tracerBinary(),
    ...["run", name, "--for", `${for_s}`],
    ...(events === undefined ? [] : ["--events", `${events}`]),
    ...(budget_pct === undefined ? [] : ["--budget", `${budget_pct}`]),
    ...Object.entries(params).flatMap(([param, value]) => ["--param", `${param}=${value}`]),
  ];
  const [command = "", ...args] = words;
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  const reading = read(child);
  try {
    await reading.until(() => reading.schema !== null, `the schema line of ${name}`, START_MS);
    if (reading.schema === null) throw new Error(`${name} has no schema line.`);
    return running(child, reading, reading.schema, foreign);
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
}

interface Reading {
  schema: TraceSchema | null;
  lines: Line[];
  notes: TraceNote[];
  stats: TraceStats[];
  summary: TraceSummary | null;
  /** Resolves when it holds after some line; rejects when it ended, or the time is over, before. */
  until(holds: () => boolean, what: string, ms: number): Promise<void>;
  closed: Promise<number | null>;
}

function read(child: ChildProcess): Reading {
  let said = "";
  let wrong: Error | null = null;
  let ended: { code: number | null } | null = null;
  const waiting = new Set<() => void>();
  const tell = () => {
    for (const look of waiting) look();
  };
  const reading: Reading = {
    schema: null,
    lines: [],
    notes: [],
    stats: [],
    summary: null,
    until(holds, what, ms) {
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => settle(new Error(`${what} did not come within ${ms} ms. ${said}`)), ms);
        function settle(error: Error | null): void {
          clearTimeout(timer);
          waiting.delete(look);
          if (error) reject(error);
          else resolve();
        }
        function look(): void {
          if (wrong) settle(wrong);
          else if (holds()) settle(null);
          else if (ended) settle(new Error(`It ended with ${ended.code} before ${what} came. ${said}`));
        }
        waiting.add(look);
        look();
      });
    },
    closed: once(child, "close").then(([code]) => {
      ended = { code: code as number | null };
      if (wrong instanceof TracerRefused) wrong = new TracerRefused(wrong.error, ended.code);
      tell();
      if (wrong) throw wrong;
      return ended.code;
    }),
  };
  // Whoever waits for it is told; nobody has to.
  reading.closed.catch(() => undefined);
  let refused: TraceError | null = null;
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-4000);
  });
  if (child.stdout) {
    createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY }).on("line", (text) => {
      try {
        refused ??= take(reading, text);
      } catch (error) {
        wrong ??= new Error(`A wrong line: ${text}`, { cause: error });
      }
      // Its exit code is told with it, once it is known.
      if (refused) wrong ??= new TracerRefused(refused, null);
      else tell();
    });
  }
  child.on("error", (error) => {
    wrong ??= error;
    tell();
  });
  child.stdin?.on("error", () => undefined); // it ended first: its last line tells
  return reading;
}

/** Puts a line where it belongs; returns the error line. Throws when it is not what the schema promised. */
function take(reading: Reading, text: string): TraceError | null {
  const line = JSON.parse(text) as Line;
  if (reading.summary) throw new Error("It comes after the summary.");
  if (line.record === "error") return traceError.parse(line);
  if (line.record === "schema") {
    reading.schema = traceSchema.parse(line);
    return null;
  }
  if (!reading.schema) throw new Error("It comes before the schema.");
  if (line.record === "stats") reading.stats.push(traceStats.parse(line));
  else if (line.record === "note") reading.notes.push(traceNote.parse(line));
  else if (line.record === "summary") reading.summary = traceSummary.parse(line);
  else reading.lines.push(declared(reading.schema, line));
  return null;
}

function declared(schema: TraceSchema, line: Line): Line {
  const known = schema.records[line.record]?.fields.map(({ name }) => name);
  if (!known) throw new Error(`The schema has no record ${line.record}.`);
  const unknown = Object.keys(line).filter((name) => name !== "record" && !known.includes(name));
  if (unknown.length > 0) throw new Error(`The schema has no ${unknown.join(", ")} in ${line.record}.`);
  return line;
}

function running(
  child: ChildProcess,
  reading: Reading,
  schema: TraceSchema,
  foreign: readonly string[],
): RunningTracer {
  const { pid } = child;
  if (pid === undefined) throw new Error("It has no pid.");
  const own = ownObjects(pid);
  async function finish(how: () => void): Promise<Ended> {
    for (const one of ownObjects(pid ?? 0)) own.add(one);
    how();
    const code = await reading.closed;
    for (const one of foreign) own.delete(one);
    await gone(own);
    const { lines, notes, stats, summary } = reading;
    return { code, lines, notes, stats, summary, totals: (record) => lastOf(schema, lines, record) };
  }
  return {
    pid,
    schema,
    lines: reading.lines,
    async waitFor(record, holds = () => true) {
      const found = () => reading.lines.find((line) => line.record === record && holds(line));
      await reading.until(() => found() !== undefined, `such a ${record}`, WAIT_MS);
      return found() as Line;
    },
    async waitForNote(code) {
      const found = () => reading.notes.find((note) => note.code === code);
      await reading.until(() => found() !== undefined, `the note ${code}`, WAIT_MS);
      return found() as TraceNote;
    },
    async settled() {
      const now = Date.now() * 1000;
      const found = () => reading.stats.findLast(({ time_us }) => time_us > now);
      await reading.until(() => found() !== undefined, "the figures of a second", WAIT_MS);
      return found() as TraceStats;
    },
    end: () => finish(() => child.stdin?.end()),
    kill: () => finish(() => child.kill("SIGKILL")),
    over: () => finish(() => undefined),
  };
}

/** The BPF objects its descriptors hold, as `prog 12`. */
export function ownObjects(pid: number): Set<string> {
  const found = new Set<string>();
  const folder = `/proc/${pid}/fdinfo`;
  if (!fs.existsSync(folder)) return found;
  for (const fd of fs.readdirSync(folder)) {
    let text = "";
    try {
      text = fs.readFileSync(path.join(folder, fd), "utf8");
    } catch {
      continue; // closed meanwhile
    }
    const id = (kind: string) => new RegExp(`^${kind}_id:\\s*(\\d+)`, "m").exec(text)?.[1];
    // A link's says which program it runs, which may be somebody else's.
    const [link, prog, map] = [id("link"), id("prog"), id("map")];
    if (link !== undefined) found.add(`link ${link}`);
    else if (prog !== undefined && /^prog_type:/m.test(text)) found.add(`prog ${prog}`);
    if (map !== undefined) found.add(`map ${map}`);
  }
  return found;
}

/** Waits for the kernel to free them: programs go after a grace period. */
export async function gone(own: ReadonlySet<string>): Promise<void> {
  let left: string[] = [];
  await until(async () => {
    const ids = new Set((await must([path.join(buildLab(), "lab-agent"), "--ids"])).split("\n"));
    left = [...own].filter((one) => ids.has(one));
    return left.length === 0;
  }, WAIT_MS);
  if (left.length > 0) throw new Error(`The tracer left in the kernel: ${left.join(", ")}`);
}

function lastOf(schema: TraceSchema, lines: readonly Line[], record: string): Line[] {
  const keys = schema.records[record]?.fields.filter(({ key }) => key).map(({ name }) => name) ?? [];
  const last = new Map<string, Line>();
  for (const line of lines) {
    if (line.record === record) last.set(JSON.stringify(keys.map((key) => line[key])), line);
  }
  return [...last.values()];
}
