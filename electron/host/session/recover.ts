/**
 * Brings a session that was not closed to a state that is true again.
 *
 * Its process was killed, so no connection, command, collection or trace of it runs any more; the events that
 * would have said so are added, with what is known: the output that came until then. What happened on the
 * nodes is not known and not claimed; connecting again (`node.reconnect`) finds what was left there.
 */
import type { ErrorData } from "../../core/errors.ts";
import type { EventBody } from "../../core/journal/events.ts";
import { changesOf } from "../change/record.ts";
import type { Journal } from "../journal/journal.ts";

const stopped = (node: string): ErrorData => ({
  code: "bpfdesk-stopped",
  message: "Interrupted: bpfdesk was stopped before this ended. What came until then is kept.",
  hint: "Connect to the node again. What ran there ends by itself when its connection is lost; what did not is shown then.",
  node,
});

const OVER = ["connection.failed", "connection.closed"] as const;
const UNDER_WAY = ["connection.phase", "connection.prompt", "connection.ready", "connection.lost"] as const;

/** Appends what is missing; returns how many connections had been open. */
export function recoverSession(journal: Journal): number {
  const events: EventBody[] = [];
  const running = new Map<string, string>();
  for (const event of journal.ofTypes(["command.started", "command.ended"])) {
    if (event.type === "command.started") running.set(event.command_id, event.node);
    else running.delete(event.command_id);
  }
  for (const [command_id, node] of running) {
    events.push({
      type: "command.ended",
      node,
      command_id,
      exit: null,
      signal: null,
      duration_ms: 0,
      ...bytesOf(journal, command_id),
      error: stopped(node),
    });
  }
  let open = 0;
  for (const { node } of journal.ofTypes(["node.added"])) {
    const collect = journal.lastSeqOf(["collect.started"], node);
    if (collect > journal.lastSeqOf(["collect.finished", "collect.failed"], node)) {
      const [started] = [...journal.ofTypes(["collect.started"], node)].filter(({ seq }) => seq === collect);
      if (started) events.push({ type: "collect.failed", node, collect_id: started.collect_id, error: stopped(node) });
    }
    events.push(...endsOfTraces(journal, node), ...pausesOfRuns(journal, node), ...endsOfChanges(journal, node));
    // A node can be connected to again after it was left.
    if (journal.lastSeqOf(OVER, node) > journal.lastSeqOf(UNDER_WAY, node)) continue;
    open += 1;
    const reason = "bpfdesk was stopped";
    events.push({ type: "connection.closed", node, reason, error: stopped(node), residue: [] });
  }
  if (events.length > 0) journal.append(events);
  return open;
}

/** With the records that were counted until then; they can be read from the output that came. */
function endsOfTraces(journal: Journal, node: string): EventBody[] {
  const rows = new Map<string, Record<string, number>>();
  for (const event of journal.ofTypes(["trace.started", "trace.stats", "trace.ended"], node)) {
    if (event.type === "trace.ended") rows.delete(event.trace_id);
    else rows.set(event.trace_id, event.type === "trace.stats" ? event.rows : {});
  }
  const error = stopped(node);
  return [...rows].map(([trace_id, of]) => ({ type: "trace.ended", node, trace_id, summary: null, rows: of, error }));
}

/** What was confirmed stays. What was not, the node puts back by itself: the next picture of it tells. */
function endsOfChanges(journal: Journal, node: string): EventBody[] {
  return changesOf(journal, node).flatMap(({ phase, plan: { plan_id } }): EventBody[] => {
    if (phase === "confirmed") return [{ type: "change.left", node, plan_id }];
    const under_way = phase === "approved" || phase === "armed" || phase === "detached";
    return under_way ? [{ type: "change.failed", node, plan_id, error: stopped(node), unsure: true }] : [];
  });
}

/** A run that was at work is paused: it can be resumed. */
function pausesOfRuns(journal: Journal, node: string): EventBody[] {
  const running = new Set<string>();
  const types = ["runbook.started", "runbook.resumed", "runbook.paused", "runbook.ended"] as const;
  for (const { type, run_id } of journal.ofTypes(types, node)) {
    if (type === "runbook.started" || type === "runbook.resumed") running.add(run_id);
    else running.delete(run_id);
  }
  return [...running].map((run_id) => ({ type: "runbook.paused", node, run_id, error: stopped(node) }));
}

function bytesOf(journal: Journal, command_id: string): { stdout_bytes: number; stderr_bytes: number } {
  const bytes = { stdout: 0, stderr: 0 };
  for (const blob of journal.blobs(command_id)) bytes[blob.stream] += blob.bytes.length;
  return { stdout_bytes: bytes.stdout, stderr_bytes: bytes.stderr };
}
