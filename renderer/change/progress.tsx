/** A change that was approved: how far it is, what was checked, the chain before and after, and the way back. */
import { Circle, CircleAlert, CircleCheck, LoaderCircle, ScrollText } from "lucide-react";
import { useStore } from "zustand";
import type { ChangeState } from "../../electron/core/journal/changes.ts";
import { closeChange } from "../stores/change/dialog.ts";
import { type ChangeStep, changeText, isUnderWay, leaseText, progressOf } from "../stores/change/text.ts";
import { showCommand } from "../stores/commands.ts";
import { sessionStore } from "../stores/session.ts";
import { Button } from "../ui/button.tsx";
import { ErrorBlock } from "../ui/message.tsx";
import { NodeText } from "../ui/node-text.tsx";
import { useNow } from "../views/traces/use-now.ts";
import { Chain } from "./plan-facts.tsx";
import { Undo } from "./undo.tsx";

const SIGNS = {
  done: { icon: CircleCheck, className: "severity-good" },
  running: { icon: LoaderCircle, className: "spin severity-info" },
  "to-come": { icon: Circle, className: "muted" },
  failed: { icon: CircleAlert, className: "severity-critical" },
};

const STEP_WORDS: Record<ChangeStep["state"], string> = {
  done: "done",
  running: "under way",
  "to-come": "to come",
  failed: "not done",
};

export function ChangeProgress({ change }: { change: ChangeState }) {
  const recorded = useStore(sessionStore, ({ nodes }) => nodes[change.node]?.transport === "replay");
  const now = useNow(isUnderWay(change.phase) && !recorded);
  const lease = leaseText(change, now);
  const { command_id } = change;
  return (
    <div className="stack">
      <p role="status" className="change-text">
        {changeText(change)}
      </p>
      {lease === "" ? null : <p>{lease}</p>}
      <ol className="steps change-steps" aria-label="What happens">
        {progressOf(change).map(({ text, state }) => {
          const { icon: Icon, className } = SIGNS[state];
          return (
            <li key={text} className="step">
              <Icon size={15} aria-hidden className={className} />
              <span>{text}</span> <span className="muted">{STEP_WORDS[state]}</span>
            </li>
          );
        })}
      </ol>
      {change.error ? <ErrorBlock error={change.error} /> : null}
      {change.checks.length > 0 ? (
        <section aria-label="Checks">
          <h3>Checked</h3>
          <ul className="evidence">
            {[...new Set(change.checks)].map((one) => (
              <li key={one}>
                <NodeText text={one} />
              </li>
            ))}
          </ul>
        </section>
      ) : null}
      {change.chain_before.length > 0 ? (
        <div className="chains">
          <section aria-label="Before">
            <h3>Before, as the node said</h3>
            <Chain chain={change.chain_before} nothing="Nothing was attached." />
          </section>
          <section aria-label="Now">
            <h3>{change.phase === "restored" ? "After it was put back" : "After"}</h3>
            <Chain
              chain={change.chain_after}
              nothing={change.detached_at === null ? "Not yet." : "Nothing is attached."}
            />
          </section>
        </div>
      ) : null}
      {change.exact === false ? (
        <p className="strong-warning">Something else of the chain changed at the same time.</p>
      ) : null}
      <Undo change={change} />
      {command_id === null ? null : (
        <div className="actions">
          <Button
            variant="quiet"
            icon={ScrollText}
            onPress={() => {
              closeChange();
              showCommand(command_id);
            }}
          >
            Its command and raw output
          </Button>
        </div>
      )}
    </div>
  );
}
