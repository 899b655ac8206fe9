/** A node on its way to its first picture: the steps, where it stands, what it asks, why it failed. */
import { Check, Circle, CircleAlert, LoaderCircle } from "lucide-react";
import type { Phase } from "../../electron/core/errors.ts";
import type { NodeState } from "../../electron/core/journal/state.ts";
import { cancelNode, leave, tryAgain } from "../host/intents.ts";
import { Button } from "../ui/button.tsx";
import { ErrorBlock } from "../ui/message.tsx";
import { NodeText } from "../ui/node-text.tsx";
import { PHASE_NAMES, STEPS } from "../ui/phases.ts";
import { CollectProgress } from "./collect-progress.tsx";
import { ReplaceKey } from "./replace-key.tsx";

type StepState = "done" | "active" | "failed" | "waiting";

export function ConnectionScreen({ node }: { node: NodeState }) {
  const ended = node.phase === "failed" || node.phase === "closed" || node.collect?.state === "failed";
  const error = node.error ?? node.collect?.error ?? null;
  return (
    <main className="connection-screen">
      <h1>
        <NodeText text={node.label} />
      </h1>
      <ol className="steps" aria-label="Steps of the connection">
        {STEPS.map((step, at) => {
          const state = stepState(node, at);
          return (
            <li key={step} className={`step step-${state}`} aria-current={state === "active" ? "step" : undefined}>
              <StepIcon state={state} />
              <span>{PHASE_NAMES[step]}</span>
              <span className="visually-hidden">{state}</span>
              {state === "active" && node.detail ? (
                <span className="muted">
                  <NodeText text={node.detail} />
                </span>
              ) : null}
            </li>
          );
        })}
      </ol>
      <p className="visually-hidden" role="status">
        {ended ? "Stopped" : `${phaseName(node)} ${node.prompt ? "needs an answer" : ""}`}
      </p>
      {node.collect ? <CollectProgress collect={node.collect} /> : null}
      {ended && error ? <ErrorBlock error={error} actions={<AfterFailure node={node} />} /> : null}
      {ended && !error ? (
        <div className="stack">
          <p>
            Closed. <NodeText text={node.detail} className="muted" />
          </p>
          <AfterFailure node={node} />
        </div>
      ) : null}
      {ended ? null : (
        <div className="actions">
          <Button onPress={() => void cancelNode(node.node)}>Cancel</Button>
        </div>
      )}
    </main>
  );
}

function AfterFailure({ node }: { node: NodeState }) {
  const changed = node.error?.host_key;
  return (
    <>
      {changed ? <ReplaceKey node={node} changed={changed} /> : null}
      <Button variant="primary" onPress={() => void tryAgain(node)}>
        Try again
      </Button>
      <Button onPress={() => void leave(node.node)}>Back</Button>
    </>
  );
}

function phaseName(node: NodeState): string {
  if (node.phase === "waiting") return "Connection lost";
  return node.phase === "new" || node.phase === "failed" || node.phase === "closed" ? "" : PHASE_NAMES[node.phase];
}

function stepState(node: NodeState, at: number): StepState {
  const over = node.phase === "failed" || node.phase === "closed";
  const phase = over ? (node.error?.phase ?? node.last_phase) : node.phase;
  // "ready" without a picture means that the first collection is under way.
  const reached = phase === "ready" ? STEPS.length - 1 : STEPS.indexOf(phase as Phase);
  if (at < reached) return "done";
  if (at > reached) return "waiting";
  return over || node.collect?.state === "failed" ? "failed" : "active";
}

function StepIcon({ state }: { state: StepState }) {
  if (state === "done") return <Check size={16} aria-hidden />;
  if (state === "failed") return <CircleAlert size={16} aria-hidden />;
  if (state === "active") return <LoaderCircle size={16} aria-hidden className="spin" />;
  return <Circle size={16} aria-hidden />;
}
