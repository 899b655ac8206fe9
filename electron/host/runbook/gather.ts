/**
 * Gathers what a run has come to so far out of the session's record: its events, the pictures, the records of its
 * traces and the outputs it read. Nothing else is remembered, so a run goes on in a reopened session as it would have.
 */
import type { JournalEvent, StepResult } from "../../core/journal/events.ts";
import { hasRoot } from "../../core/privileges.ts";
import { readingsOf } from "../../core/runbook/readings.ts";
import { changesOf, type Picture, runStateOf } from "../../core/runbook/state.ts";
import type { Reading, RunState, TraceEvidence } from "../../core/runbook/types.ts";
import { collectedOf } from "../collect/recorded.ts";
import type { Journal } from "../journal/journal.ts";
import type { TraceStore } from "../trace/store.ts";

/** Records of a name that a step is given; the newest of those that happened. */
const RECORDS = 20_000;

const CHANGES = [
  ...["change.planned", "change.approved", "change.armed", "change.detached"],
  ...["change.confirmed", "change.restored", "change.left", "change.failed"],
] as (
  | "change.planned"
  | "change.approved"
  | "change.armed"
  | "change.detached"
  | "change.confirmed"
  | "change.restored"
  | "change.left"
  | "change.failed"
)[];

type Started = Extract<JournalEvent, { type: "runbook.started" }>;

export interface Gatherer {
  /** What the run was begun with; null when the session holds no such run. */
  readonly started: Started | null;
  /** Steps that have a result, in the order they ended. */
  results(): Map<string, StepResult>;
  /** `more`: results that are not in the record yet. */
  state(more?: ReadonlyMap<string, StepResult>): Promise<RunState>;
  changes(): RunState["changes"];
}

export interface GatherParts {
  journal: Journal;
  traces: TraceStore;
  node: string;
  run_id: string;
}

/** Keeps what it has read of this run while it is kept itself. */
export function createGatherer({ journal, traces, node, run_id }: GatherParts): Gatherer {
  const started = [...journal.ofTypes(["runbook.started"], node)].find((event) => event.run_id === run_id) ?? null;
  const pictures = new Map<string, Picture>();
  const evidence = new Map<string, TraceEvidence>();
  const readings = new Map<string, readonly Reading[]>();

  function results(): Map<string, StepResult> {
    const all = new Map<string, StepResult>();
    for (const event of journal.ofTypes(["runbook.step_ended"], node)) {
      if (event.run_id !== run_id) continue;
      all.delete(event.step);
      all.set(event.step, event.result);
    }
    return all;
  }

  function answers(): Record<string, string> {
    const own = [...journal.ofTypes(["runbook.answered"], node)].filter((event) => event.run_id === run_id);
    return Object.fromEntries(own.map(({ step, answer }) => [step, answer]));
  }

  /** Pictures are large: each is unpacked once. */
  function readPictures(ids: readonly string[]): void {
    const missing = new Set(ids.filter((id) => !pictures.has(id)));
    if (missing.size === 0) return;
    const commands = new Map(
      [...journal.ofTypes(["collect.started"], node)].map(({ collect_id, command_id }) => [collect_id, command_id]),
    );
    for (const { collect_id, datapath } of journal.ofTypes(["collect.finished"], node)) {
      if (missing.has(collect_id)) pictures.set(collect_id, { datapath, command_id: commands.get(collect_id) ?? null });
    }
  }

  /** The node's last one, whoever asked for it. */
  function lastPicture(): Picture | null {
    const seq = journal.lastSeqOf(["collect.finished"], node);
    const [event] = seq === 0 ? [] : journal.read(seq - 1, 1);
    if (event?.type !== "collect.finished") return null;
    readPictures([event.collect_id]);
    return pictures.get(event.collect_id) ?? null;
  }

  async function traceEvidence(trace_id: string): Promise<TraceEvidence> {
    const known = evidence.get(trace_id);
    if (known) return known;
    const fresh = await readEvidence(trace_id);
    evidence.set(trace_id, fresh);
    return fresh;
  }

  async function readEvidence(trace_id: string): Promise<TraceEvidence> {
    const own = [...journal.ofTypes(["trace.started", "trace.schema", "trace.ended"], node)].filter(
      (event) => event.trace_id === trace_id,
    );
    const begun = own.find((event) => event.type === "trace.started");
    const schema = own.find((event) => event.type === "trace.schema")?.schema ?? null;
    const ended = own.find((event) => event.type === "trace.ended");
    const records: TraceEvidence["records"] = {};
    const dropped: TraceEvidence["dropped"] = {};
    for (const name of Object.keys(schema?.records ?? {})) {
      const query = { sort: [], filter: "", group_by: [] };
      const { total } = await traces.rows(trace_id, name, { ...query, from: 0, count: 0 });
      const from = Math.max(0, total - RECORDS);
      const page = await traces.rows(trace_id, name, { ...query, from, count: RECORDS });
      records[name] = page.rows.map((row) => Object.fromEntries(page.columns.map((column, at) => [column, row[at]])));
      dropped[name] = page.dropped + from;
    }
    const tracer = begun?.tracer ?? "";
    return { trace_id, tracer, schema, summary: ended?.summary ?? null, error: ended?.error ?? null, records, dropped };
  }

  function read(command_id: string): void {
    if (readings.has(command_id)) return;
    const collected = collectedOf(journal, command_id);
    readings.set(command_id, collected ? readingsOf(collected, command_id) : []);
  }

  function changes(): RunState["changes"] {
    const all = [...journal.ofTypes(CHANGES, node)];
    return changesOf(
      all,
      all.filter(({ seq }) => seq > (started?.seq ?? 0)),
    );
  }

  function aboutNode(): RunState["node"] {
    const [added] = journal.ofTypes(["node.added"], node);
    const ready = [...journal.ofTypes(["connection.ready"], node)].at(-1);
    return { name: node, label: added?.label ?? node, root: ready !== undefined && hasRoot(ready.privileges) };
  }

  return {
    started,
    results,
    changes,
    async state(more = new Map()) {
      const all = new Map([...results(), ...more]);
      const commands: string[] = [];
      const ids: string[] = [];
      const collects: string[] = [];
      for (const result of all.values()) {
        if (result.kind === "collected") {
          collects.push(result.collect_id);
          if (result.reading !== null) commands.push(result.reading);
        } else if (result.kind === "measured") {
          ids.push(...Object.values(result.traces));
          if (result.readings) commands.push(result.readings.before, result.readings.after);
        }
      }
      readPictures(collects);
      for (const command_id of commands) read(command_id);
      for (const trace_id of ids) await traceEvidence(trace_id);
      return runStateOf({
        node: aboutNode(),
        started_at: started?.at ?? 0,
        inputs: started?.inputs ?? {},
        results: all,
        answers: answers(),
        changes: changes(),
        before: collects.length === 0 ? lastPicture() : null,
        pictures,
        traces: evidence,
        readings,
      });
    },
  };
}
