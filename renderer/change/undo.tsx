/** The way back: a button as long as there is one, and words when there is none any more. */
import { Undo2 } from "lucide-react";
import { useState } from "react";
import { useStore } from "zustand";
import type { ChangeState } from "../../electron/core/journal/changes.ts";
import { undoChange } from "../stores/change/dialog.ts";
import { undoState } from "../stores/change/text.ts";
import { sessionStore } from "../stores/session.ts";
import { Button } from "../ui/button.tsx";

export function Undo({ change }: { change: ChangeState }) {
  const node = useStore(sessionStore, (state) => state.nodes[change.node]);
  const [sent, setSent] = useState(false);
  const state = undoState(change, node);
  if (state === null) return null;
  const undo = async () => {
    setSent(true);
    await undoChange(change.node, change.plan.plan_id);
    setSent(false);
  };
  return (
    <div className="undo">
      {state.can ? (
        <Button icon={Undo2} isDisabled={sent} onPress={() => void undo()}>
          Undo: put it back
        </Button>
      ) : null}
      <span className="muted">{state.text}</span>
    </div>
  );
}
