/** What is behind a step: what it does, its traces, the exact commands and their raw outputs. */
import { Activity, ScrollText } from "lucide-react";
import { useStore } from "zustand";
import type { RunbookRunState } from "../../../electron/core/journal/runbooks.ts";
import type { CommandRecord } from "../../../electron/core/journal/state.ts";
import { showCommand } from "../../stores/commands.ts";
import type { StepView } from "../../stores/runbooks/run-state.ts";
import { evidenceOf } from "../../stores/runbooks/step-evidence.ts";
import { sessionStore } from "../../stores/session.ts";
import { showRun as showTrace } from "../../stores/traces/runs.ts";
import { stateWord, tracerTitle } from "../../stores/traces/text.ts";
import { useTracers } from "../../stores/traces/tracers.ts";
import { Button } from "../../ui/button.tsx";
import { bytesText, durationText } from "../../ui/format.ts";
import { ErrorBlock } from "../../ui/message.tsx";
import { NodeText } from "../../ui/node-text.tsx";

export function StepDetails({ step, run }: { step: StepView; run: RunbookRunState }) {
  const commands = useStore(sessionStore, (state) => state.commands);
  const traces = useStore(sessionStore, (state) => state.traces);
  const tracers = useTracers().list;
  const { state } = step;
  const evidence = state ? evidenceOf({ commands, traces }, run, state) : null;
  const result = state?.result ?? null;
  const error = result?.kind === "failed" ? result.error : null;
  const problem = result?.kind === "collected" || result?.kind === "measured" ? (result.problem ?? null) : null;
  return (
    <div className="step-details">
      {step.text === "" ? null : (
        <p className="muted">
          <NodeText text={step.text} />
        </p>
      )}
      {error ? <ErrorBlock error={error} /> : null}
      {problem ? (
        <p className="strong-note">
          Not everything could be read: <NodeText text={problem.message} /> <NodeText text={problem.hint} />
        </p>
      ) : null}
      {evidence?.refused.map(({ name, tracer, message }) => (
        <p key={name} className="strong-note">
          {tracerTitle(
            tracers.find((one) => one.name === tracer),
            tracer,
          )}{" "}
          could not be started: <NodeText text={message} />
        </p>
      ))}
      {evidence && evidence.traces.length > 0 ? (
        <ul className="step-links" aria-label="Traces">
          {evidence.traces.map(({ name, trace_id, trace }) => (
            <li key={name}>
              <Button variant="quiet" icon={Activity} isDisabled={trace === null} onPress={() => showTrace(trace_id)}>
                Trace{" "}
                {trace
                  ? tracerTitle(
                      tracers.find((one) => one.name === trace.tracer),
                      trace.tracer,
                    )
                  : name}
              </Button>
              <span className="muted">{trace ? stateWord(trace) : "not in this session"}</span>
            </li>
          ))}
        </ul>
      ) : null}
      {evidence && evidence.commands.length > 0 ? (
        <ul className="step-links" aria-label="Commands">
          {evidence.commands.map(({ command, own }) => (
            <CommandLine key={command.command_id} command={command} own={own} />
          ))}
        </ul>
      ) : (
        <p className="muted">{state ? "It ran no command: it looks at what is here." : "Nothing was run yet."}</p>
      )}
    </div>
  );
}

function CommandLine({ command, own }: { command: CommandRecord; own: boolean }) {
  const ms = command.ended_at === null ? null : command.ended_at - command.started_at;
  const came = command.ended_at === null ? "running" : `exit ${command.exit ?? command.signal ?? "unknown"}`;
  return (
    <li>
      <details className="step-command">
        <summary>
          <NodeText text={command.purpose} />{" "}
          <span className="muted">
            {command.root ? "as root" : "not as root"} · {came}
            {ms === null ? "" : ` · ${durationText(ms)}`} · {bytesText(command.stdout_bytes)}
            {own ? "" : " · ran on the node meanwhile"}
          </span>
        </summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a block that scrolls must be reachable by keyboard */}
        <pre className="code" tabIndex={0}>
          <NodeText text={command.text} lines />
        </pre>
      </details>
      <Button variant="quiet" icon={ScrollText} onPress={() => showCommand(command.command_id)}>
        Raw output
      </Button>
    </li>
  );
}
