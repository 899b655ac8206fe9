/**
 * `bpfdesk trace`: runs a tracer on its targets until its limit or an interrupt, and prints what it says as it says it:
 * its own JSON lines, or a table for a person.
 */
import { BpfdeskError } from "../core/errors.ts";
import type { TracerManifest } from "../core/trace/manifest.ts";
import { validateParams } from "../core/trace/params.ts";
import { readManifests } from "../host/trace/bundle.ts";
import { namedTerminal } from "./asker.ts";
import { EXIT } from "./exit.ts";
import { TRACERS } from "./host.ts";
import type { OpenTarget } from "./open.ts";
import { print, readerLeft } from "./out.ts";
import { errorData, report } from "./report.ts";
import { type Flags, inSession, leave, type Session } from "./run.ts";
import { TraceTable } from "./trace-table.ts";

export interface TraceFlags extends Flags {
  /** Seconds. */
  for: number;
  events?: number;
  budget: number;
  param: Record<string, string>;
}

/** Exit code 0: every trace ended as it should, 2: one did not. */
export async function traceOn(
  name: string,
  args: readonly string[],
  flags: TraceFlags,
  version: string,
): Promise<number> {
  let manifest: TracerManifest | null = null;
  async function prepare(): Promise<void> {
    manifest = await manifestOf(name);
    validateParams(manifest, flags.param);
  }
  return inSession(args, { ...flags, quiet: true }, version, prepare, async (session) => {
    if (!manifest) throw new Error("the tracer was looked up before");
    const table = flags.json ? null : new TraceTable(manifest, session.plan.one ? null : session.plan.targets, flags);
    const run = { session, manifest, flags, table };
    const codes = await Promise.all(session.targets.map((target) => traceOne(run, target)));
    await table?.end();
    return Math.max(...codes);
  });
}

/** Throws `no-such-tracer`. */
async function manifestOf(name: string): Promise<TracerManifest> {
  const all = await readManifests(TRACERS);
  const found = all.find((one) => one.name === name);
  if (found) return found;
  throw new BpfdeskError({
    code: "no-such-tracer",
    message: `There is no tracer called ${JSON.stringify(name)}.`,
    hint:
      all.length === 0
        ? "This installation holds no tracers: make them with npm run build:tracers (on Debian)."
        : `There are: ${all.map((one) => one.name).join(", ")}.`,
  });
}

interface Run {
  session: Session;
  manifest: TracerManifest;
  flags: TraceFlags;
  /** Null for JSON. */
  table: TraceTable | null;
}

async function traceOne(run: Run, target: OpenTarget): Promise<number> {
  const { terminal: everyones, plan } = run.session;
  const terminal = plan.one ? everyones : namedTerminal(everyones, target.name);
  const name = plan.one ? undefined : target.name;
  let code: number = EXIT.ok;
  try {
    await follow(run, target);
  } catch (error) {
    code = report(error, everyones, name);
    if (!run.table) await print(errorLine(error, target.name, plan.one));
  }
  return Math.max(code, await leave(target, terminal).catch((error: unknown) => report(error, everyones, name)));
}

/** From the connection to the trace's end. Rejects with what kept it from ending as it should. */
async function follow({ session, manifest, flags, table }: Run, target: OpenTarget): Promise<void> {
  const { client, signal, terminal, plan } = session;
  const { session_id, node } = await opened(manifest, target);
  if (signal.aborted) throw cancelled(target.name);
  const { trace_id } = await client.call("trace.start", {
    session_id,
    node,
    tracer: manifest.name,
    params: flags.param,
    for_s: flags.for,
    events: flags.events ?? null,
    budget_pct: flags.budget,
  });
  const stop = () => void client.call("trace.stop", { session_id, node, trace_id }).catch(() => {});
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  let toldError = false;
  for await (const lines of client.stream("trace.lines", { session_id, trace_id })) {
    toldError ||= lines.some((line) => line.startsWith('{"record":"error"'));
    if (table) await table.lines(target.name, lines, (line) => terminal.say(line));
    else if (lines.length > 0)
      await print(lines.map((line) => `${plan.one ? line : named(line, target.name)}\n`).join(""));
    if (readerLeft()) stop();
  }
  signal.removeEventListener("abort", stop);
  const { error } = await target.traced(trace_id);
  if (error) throw Object.assign(new BpfdeskError(error), { told: toldError });
}

/** Only records with a cgroup need the node's picture, which names their pods. */
async function opened({ records }: TracerManifest, target: OpenTarget) {
  const fields = Object.values(records).flatMap((record) => record.fields);
  return fields.some(({ type }) => type === "cgroup") ? target.look() : target.ready();
}

const cancelled = (name: string) =>
  new BpfdeskError({ code: "cancelled", message: `Tracing ${name} was cancelled before it began.`, hint: "" });

/** A line of a node among others. */
const named = (line: string, name: string) => `{"node":${JSON.stringify(name)},${line.slice(line.indexOf("{") + 1)}`;

/** What went wrong, as the tracer's own errors are written; nothing where it has written one itself. */
function errorLine(error: unknown, name: string, one: boolean): string {
  if (error instanceof Error && "told" in error && error.told === true) return "";
  const { code, message, hint, cause } = errorData(error);
  const line = JSON.stringify({ record: "error", code, message, hint, ...(cause ? { cause } : {}) });
  return `${one ? line : named(line, name)}\n`;
}
