/**
 * Traces of a recorded session that is opened as a node: they are shown as traces of this session, with the lines that
 * were recorded, and nothing is run.
 */
import { setImmediate as turn } from "node:timers/promises";
import type { EventBody } from "../../core/journal/events.ts";
import type { Journal } from "../journal/journal.ts";
import type { Recorder } from "../session/recorder.ts";

type Of<T extends EventBody["type"]> = Extract<EventBody, { type: T }>;
type TraceEvent = Of<(typeof TRACE_EVENTS)[number]>;

export interface RecordedTrace {
  /** Its own events in order, the first of them `trace.started`. */
  events: TraceEvent[];
  /** The command whose output its lines are; null when it never came to one. */
  command: Of<"command.started"> | null;
  ended: Of<"command.ended"> | null;
  output(): Iterable<{ stream: "stdout" | "stderr"; bytes: Uint8Array }>;
}

const TRACE_EVENTS = ["trace.started", "trace.schema", "trace.stats", "trace.note", "trace.ended"] as const;

/** Of one node of a recorded session, in the order they were started. */
export function recordedTraces(journal: Journal, node: string): RecordedTrace[] {
  const traces = new Map<string, TraceEvent[]>();
  for (const { seq: _, at: __, ...event } of journal.ofTypes(TRACE_EVENTS, node)) {
    const known = traces.get(event.trace_id);
    if (known) known.push(event);
    else traces.set(event.trace_id, [event]);
  }
  // Its place in the record it was in is none in the one it is written to.
  const commands = [...journal.ofTypes(["command.started", "command.ended"], node)].map(
    ({ seq: _, at: __, ...event }) => event,
  );
  return [...traces.values()].map((events) => {
    const id = events.find((event) => event.type === "trace.schema")?.command_id;
    const own = commands.filter(({ command_id }) => command_id === id);
    return {
      events,
      command: own.find((event) => event.type === "command.started") ?? null,
      ended: own.find((event) => event.type === "command.ended") ?? null,
      output: () => (id === undefined ? [] : journal.blobs(id)),
    };
  });
}

export interface Playing {
  node: string;
  recorder: Recorder;
  traceId(): string;
  tell(...events: EventBody[]): void;
}

/**
 * Writes them into this session's record; resolves with the id each of the record's has here. Never rejects: ends where
 * the record it reads or writes is closed.
 */
export async function playTraces(traces: readonly RecordedTrace[], playing: Playing): Promise<Map<string, string>> {
  const ids = new Map<string, string>();
  try {
    for (const trace of traces) {
      const [first] = trace.events;
      const trace_id = await play(trace, playing);
      if (first) ids.set(first.trace_id, trace_id);
    }
  } catch {
    // It was left meanwhile; what was written stays.
  }
  return ids;
}

async function play({ events, command, ended, output }: RecordedTrace, playing: Playing): Promise<string> {
  const { node, recorder, tell } = playing;
  const about = { node, trace_id: playing.traceId() };
  const [started] = events;
  if (started) tell({ ...started, ...about });
  let command_id = "";
  if (command) {
    const { type: _, node: __, command_id: ___, ...fields } = command;
    const again = recorder.started(fields);
    command_id = again.command_id;
    for (const { stream, bytes } of output()) {
      again.wrote(stream, bytes);
      // Many megabytes may be copied; others have their turn between the pieces.
      await turn();
    }
    again.ended({ exit: ended?.exit ?? null, signal: ended?.signal ?? null, error: ended?.error ?? null });
  }
  const others = events.slice(1).map((event): EventBody => {
    return event.type === "trace.schema" ? { ...event, ...about, command_id } : { ...event, ...about };
  });
  if (others.length > 0) tell(...others);
  if (!events.some(({ type }) => type === "trace.ended")) tell(cutOff(about));
  return about.trace_id;
}

/** Its session was never opened again after bpfdesk was stopped. */
function cutOff(about: { node: string; trace_id: string }): EventBody {
  const error = {
    code: "cut-off",
    message: "The recording ends before this trace did.",
    hint: "What came until then is here.",
  };
  return { type: "trace.ended", ...about, summary: null, rows: {}, error };
}
