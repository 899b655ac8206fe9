/** What a step of a run left behind that can be looked at: commands with their outputs, and traces. Pure. */
import type { RunbookRunState, RunbookStepState } from "../../../electron/core/journal/runbooks.ts";
import type { CommandRecord, SessionState, TraceState } from "../../../electron/core/journal/state.ts";

export interface StepEvidence {
  /** Those the step's own result names, then what else ran on its node while it was under way. */
  commands: readonly { command: CommandRecord; own: boolean }[];
  traces: readonly { name: string; trace_id: string; trace: TraceState | null }[];
  /** Measurements that could not be started, and why. */
  refused: readonly { name: string; tracer: string; message: string }[];
}

/** `session` is looked up by what the step's result names and by the time it took. */
export function evidenceOf(
  session: Pick<SessionState, "commands" | "traces">,
  run: Pick<RunbookRunState, "node">,
  step: RunbookStepState,
): StepEvidence {
  const traces = Object.entries(step.traces).map(([name, trace_id]) => ({
    name,
    trace_id,
    trace: session.traces.findLast((one) => one.trace_id === trace_id) ?? null,
  }));
  const named = new Set([...readingsOf(step), ...traces.flatMap(({ trace }) => trace?.command_id ?? [])]);
  const meanwhile = session.commands.filter(
    (command) =>
      command.node === run.node &&
      (named.has(command.command_id) ||
        (command.started_at >= step.started_at && (step.ended_at === null || command.started_at <= step.ended_at))),
  );
  const commands = meanwhile.map((command) => ({ command, own: named.has(command.command_id) }));
  const refused = step.result?.kind === "measured" ? Object.entries(step.result.refused ?? {}) : [];
  return {
    commands: [...commands.filter(({ own }) => own), ...commands.filter(({ own }) => !own)],
    traces,
    refused: refused.map(([name, { tracer, error }]) => ({ name, tracer, message: error.message })),
  };
}

function readingsOf({ result }: RunbookStepState): string[] {
  if (result?.kind === "collected") return result.reading === null ? [] : [result.reading];
  if (result?.kind === "measured") return result.readings ? [result.readings.before, result.readings.after] : [];
  return [];
}
