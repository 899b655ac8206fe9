/** A change in one line, wherever it is mentioned: how it stands, its details, the way back. */
import { Wrench } from "lucide-react";
import { useStore } from "zustand";
import type { ChangeState } from "../../electron/core/journal/changes.ts";
import { showChange } from "../stores/change/dialog.ts";
import { changeText, isUnderWay, leaseText } from "../stores/change/text.ts";
import { sessionStore } from "../stores/session.ts";
import { Button } from "../ui/button.tsx";
import { useNow } from "../views/traces/use-now.ts";
import { Undo } from "./undo.tsx";

export function ChangeLine({ change }: { change: ChangeState }) {
  const recorded = useStore(sessionStore, ({ nodes }) => nodes[change.node]?.transport === "replay");
  const now = useNow(isUnderWay(change.phase) && !recorded);
  const lease = leaseText(change, now);
  return (
    <div className={`change-line change-${change.phase}`}>
      <p role="status">
        <Wrench size={14} aria-hidden /> {changeText(change)}
      </p>
      {lease === "" ? null : <span>{lease}</span>}
      <Undo change={change} />
      <Button variant="quiet" onPress={() => showChange(change.node, change.plan.plan_id)}>
        Details of the change
      </Button>
    </div>
  );
}
