/** The dialog of a change: being worked out, to be approved, or under way. Focus stays inside; Escape leaves without approving. */
import { useStore } from "zustand";
import type { ChangeState } from "../../electron/core/journal/changes.ts";
import { visibleText } from "../../electron/core/text/visible.ts";
import { type ChangeDialogState, changeDialogStore, closeChange, planChange } from "../stores/change/dialog.ts";
import { nodeLabel } from "../stores/node-name.ts";
import { sessionStore } from "../stores/session.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { ErrorBlock, Loading } from "../ui/message.tsx";
import { Approval } from "./approval.tsx";
import { PlanFacts } from "./plan-facts.tsx";
import { ChangeProgress } from "./progress.tsx";

/** Nothing while no change is looked at. */
export function ChangeDialog() {
  const shown = useStore(changeDialogStore, (state) => state.shown);
  return shown ? <OneChange shown={shown} /> : null;
}

function OneChange({ shown }: { shown: NonNullable<ChangeDialogState["shown"]> }) {
  const nodes = useStore(sessionStore, (state) => state.nodes);
  const changes = useStore(sessionStore, (state) => state.changes);
  const label = visibleText(nodeLabel(nodes, shown.node));
  if (shown.state === "planning") {
    return (
      <Dialog title={`A change of ${label}`} onCancel={closeChange}>
        <Loading what="Working out what it would mean. Nothing is changed." />
        <Close text="Cancel" />
      </Dialog>
    );
  }
  if (shown.state === "not-planned") {
    return (
      <Dialog title={`No change of ${label} was planned`} onCancel={closeChange}>
        <ErrorBlock
          error={shown.error}
          actions={<Button onPress={() => void planChange(shown.node, shown.entry)}>Plan it again</Button>}
        />
        <Close text="Close" />
      </Dialog>
    );
  }
  const change = changes.findLast(({ node, plan }) => node === shown.node && plan.plan_id === shown.plan_id);
  if (!change) {
    return (
      <Dialog title={`A change of ${label}`} onCancel={closeChange}>
        <p>This plan was replaced by another one, or is still on its way here.</p>
        <Close text="Close" />
      </Dialog>
    );
  }
  // What was typed for one plan is not there for the next.
  return <Planned key={change.plan.plan_id} change={change} label={label} />;
}

function Planned({ change, label }: { change: ChangeState; label: string }) {
  const { plan, phase } = change;
  const name = plan.attachment.prog_name === "" ? `program ${plan.attachment.prog_id}` : plan.attachment.prog_name;
  const title = visibleText(`Take ${name} off ${plan.affects.hook} on ${label}${phase === "planned" ? "?" : ""}`);
  return (
    <Dialog title={title} wide role={phase === "planned" ? "alertdialog" : "dialog"} onCancel={closeChange}>
      {phase === "planned" ? (
        <>
          <PlanFacts plan={plan} />
          <Approval change={change} />
        </>
      ) : (
        <>
          <ChangeProgress change={change} />
          <details className="part">
            <summary>
              <h3>The plan that was approved</h3>
            </summary>
            <PlanFacts plan={plan} />
          </details>
          <Close text="Close" />
        </>
      )}
    </Dialog>
  );
}

function Close({ text }: { text: string }) {
  return (
    <div className="actions actions-end">
      <Button autoFocus onPress={closeChange}>
        {text}
      </Button>
    </div>
  );
}
