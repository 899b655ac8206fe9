/** Approving a plan: its word is typed, exactly. Until then the button does nothing, and neither does Enter. */
import { type SubmitEvent, useState } from "react";
import { Input, Label, TextField } from "react-aria-components";
import { useStore } from "zustand";
import type { ChangeState } from "../../electron/core/journal/changes.ts";
import { approveChange, changeDialogStore, closeChange, planChange } from "../stores/change/dialog.ts";
import { approves, whyNoChange } from "../stores/change/text.ts";
import { sessionStore } from "../stores/session.ts";
import { Button } from "../ui/button.tsx";
import { ErrorBlock } from "../ui/message.tsx";
import { NodeText } from "../ui/node-text.tsx";

export function Approval({ change }: { change: ChangeState }) {
  const { plan, node } = change;
  const why = useStore(sessionStore, ({ nodes }) => whyNoChange(nodes[node]));
  const { sending, refused } = useStore(changeDialogStore);
  const [typed, setTyped] = useState("");
  const ready = approves(plan, typed) && why === null && !sending;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (ready) void approveChange(node, plan.plan_id, typed);
  };
  return (
    <form className="approval" onSubmit={submit}>
      {refused ? (
        <ErrorBlock
          error={refused}
          actions={<Button onPress={() => void planChange(node, plan.attachment.entry)}>Plan it again</Button>}
        />
      ) : null}
      {why === null ? (
        <TextField
          className="field"
          value={typed}
          onChange={setTyped}
          autoFocus
          autoComplete="off"
          spellCheck="false"
          maxLength={512}
        >
          <Label>
            Type <NodeText text={plan.confirm} mono className="confirm-word" /> to approve exactly this
          </Label>
          <Input className="input mono" />
        </TextField>
      ) : (
        <p className="strong-note">{why}</p>
      )}
      <div className="actions actions-end">
        <Button onPress={closeChange}>Leave as it is</Button>
        <Button type="submit" variant="danger" isDisabled={!ready}>
          {sending ? "Sending…" : "Take it off"}
        </Button>
      </div>
    </form>
  );
}
