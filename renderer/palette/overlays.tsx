/** The overlay that is open, if any: a change to approve, palette or shortcuts. */
import { useStore } from "zustand";
import type { NodeState } from "../../electron/core/journal/state.ts";
import { ChangeDialog } from "../change/change-dialog.tsx";
import { shortcutHelp } from "../shell/shortcuts.ts";
import { closeOverlay, overlayStore } from "../stores/overlay.ts";
import { Button } from "../ui/button.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Palette } from "./palette.tsx";

export default function Overlays({ node }: { node: NodeState }) {
  const open = useStore(overlayStore, (state) => state.open);
  return (
    <>
      <ChangeDialog />
      {open === "palette" ? <Palette node={node} /> : null}
      {open === "shortcuts" ? <Shortcuts /> : null}
    </>
  );
}

function Shortcuts() {
  return (
    <Dialog title="Keyboard shortcuts" onCancel={closeOverlay}>
      <dl className="facts shortcut-list">
        {shortcutHelp.map(({ keys, what }) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <div className="actions actions-end">
        <Button autoFocus onPress={closeOverlay}>
          Close
        </Button>
      </div>
    </Dialog>
  );
}
