/**
 * Runs of runbooks of a recorded session that is opened as a node: they are shown as runs of this session, with the
 * outputs their evidence names, and nothing is run. Such a run cannot be resumed: there is no node behind it.
 */
import { setImmediate as turn } from "node:timers/promises";
import type { EventBody } from "../../core/journal/events.ts";
import { isRunbookEvent, type RunbookEvent } from "../../core/journal/runbooks.ts";
import type { Journal } from "../journal/journal.ts";
import type { Recorder } from "../session/recorder.ts";

type Of<T extends EventBody["type"]> = Extract<EventBody, { type: T }>;

interface RecordedCommand {
  started: Of<"command.started">;
  ended: Of<"command.ended"> | null;
  output(): Iterable<{ stream: "stdout" | "stderr"; bytes: Uint8Array }>;
}

export interface RecordedRun {
  /** Its own events in order, the first of them `runbook.started`. */
  events: RunbookEvent[];
  /** Commands that its results and its evidence name, but those of traces. */
  commands: RecordedCommand[];
}

const RUN_EVENTS = [
  ...["runbook.started", "runbook.step_started", "runbook.measuring", "runbook.asked", "runbook.answered"],
  ...["runbook.step_ended", "runbook.paused", "runbook.resumed", "runbook.ended"],
] as RunbookEvent["type"][];

/** Of one node of a recorded session, in the order they were begun. */
export function recordedRuns(journal: Journal, node: string): RecordedRun[] {
  const runs = new Map<string, RunbookEvent[]>();
  for (const { seq: _, at: __, ...event } of journal.ofTypes(RUN_EVENTS, node)) {
    if (!isRunbookEvent(event)) continue;
    const known = runs.get(event.run_id);
    if (known) known.push(event);
    else if (event.type === "runbook.started") runs.set(event.run_id, [event]);
  }
  if (runs.size === 0) return [];
  const ended = new Map([...journal.ofTypes(["command.ended"], node)].map((event) => [event.command_id, event]));
  const started = [...journal.ofTypes(["command.started"], node)];
  return [...runs.values()].map((events) => {
    const named = textsIn(events);
    const own = started.filter(
      ({ command_id, record_key = "" }) => named.has(command_id) && !record_key.startsWith("trace:"),
    );
    return {
      events,
      commands: own.map((event) => ({
        started: event,
        ended: ended.get(event.command_id) ?? null,
        output: () => journal.blobs(event.command_id),
      })),
    };
  });
}

export interface PlayingRuns {
  node: string;
  recorder: Recorder;
  runId(): string;
  tell(...events: EventBody[]): void;
  /** Ids of the record's traces in this session. */
  traces: ReadonlyMap<string, string>;
}

/** Writes them into this session's record. Never rejects: ends where the record it reads or writes is closed. */
export async function playRuns(runs: readonly RecordedRun[], playing: PlayingRuns): Promise<void> {
  try {
    for (const run of runs) await play(run, playing);
  } catch {
    // It was left meanwhile; what was written stays.
  }
}

async function play(
  { events, commands }: RecordedRun,
  { node, recorder, runId, tell, traces }: PlayingRuns,
): Promise<void> {
  const ids = new Map(traces);
  for (const { started, ended, output } of commands) {
    // Its place in the record it was in is none in the one it is written to.
    const { text, shell_line, host, user, root, purpose, record_key } = started;
    const key = record_key === undefined ? {} : { record_key: `recorded ${record_key}` };
    const again = recorder.started({ text, shell_line, host, user, root, purpose, ...key });
    ids.set(started.command_id, again.command_id);
    for (const { stream, bytes } of output()) {
      again.wrote(stream, bytes);
      // Megabytes may be copied; others have their turn between the pieces.
      await turn();
    }
    again.ended({ exit: ended?.exit ?? null, signal: ended?.signal ?? null, error: ended?.error ?? null });
  }
  const about = { node, run_id: runId() };
  tell(...events.map((event) => ({ ...renamed(event, ids), ...about })));
  const last = events.at(-1)?.type;
  if (last === "runbook.ended" || last === "runbook.paused") return;
  const error = {
    code: "cut-off",
    message: "The recording ends before this run did.",
    hint: "What it found until then is here.",
  };
  tell({ type: "runbook.paused", ...about, error });
}

/** The same, with each text that is an id of the record being this session's. */
function renamed<T>(value: T, ids: ReadonlyMap<string, string>): T {
  if (typeof value === "string") return (ids.get(value) ?? value) as T;
  if (Array.isArray(value)) return value.map((one) => renamed(one, ids)) as T;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, renamed(one, ids)])) as T;
}

function textsIn(value: unknown, found = new Set<string>()): Set<string> {
  if (typeof value === "string") found.add(value);
  else if (typeof value === "object" && value !== null) for (const one of Object.values(value)) textsIn(one, found);
  return found;
}
