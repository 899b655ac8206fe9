/** What a person can do with a node in view, written once for the menu, the palette and the keyboard. */
import type { NodeState } from "../../electron/core/journal/state.ts";
import { cancelNode, disconnect, exportSnapshot, leave, refresh } from "../host/intents.ts";
import { clearFilter } from "../stores/filter.ts";
import { openPalette, openShortcuts } from "../stores/overlay.ts";
import { clearSelection, goBack, goForward } from "../stores/selection.ts";
import { sessionStore, showNode, showNodes } from "../stores/session.ts";
import { setTheme, toggleTheme } from "../stores/theme.ts";
import { goesOn } from "../stores/traces/run-state.ts";
import { stopShownRun } from "../stores/traces/runs.ts";
import { resetViews } from "../stores/view-request.ts";
import { modKey } from "./shortcuts.ts";

export interface Action {
  id: string;
  title: string;
  /** As shown; the keyboard handler matches by id. */
  keys?: string;
  run: () => void;
}

/** Actions that make sense for the node as it is now. */
export function actionsFor(node: NodeState): Action[] {
  const open = node.phase === "ready" || node.phase === "collecting";
  const collecting = node.collect?.state === "running";
  const list: (Action | null)[] = [
    { id: "palette", title: "Search and commands", keys: `${modKey} K`, run: openPalette },
    open && !collecting
      ? { id: "refresh", title: "Refresh the picture", keys: `${modKey} R`, run: () => void refresh(node.node) }
      : null,
    collecting ? { id: "cancel", title: "Cancel the refresh", run: () => void cancelNode(node.node) } : null,
    node.datapath
      ? { id: "export", title: "Save a snapshot file", keys: `${modKey} S`, run: () => void exportSnapshot(node.node) }
      : null,
    anyGoesOn() ? { id: "stop-trace", title: "Stop the tracer in view", keys: `${modKey} .`, run: stopShownRun } : null,
    { id: "clear-filter", title: "Show everything (clear the filter)", run: clearFilter },
    { id: "back", title: "Back", keys: "Alt ←", run: goBack },
    { id: "forward", title: "Forward", keys: "Alt →", run: goForward },
    { id: "theme", title: "Switch between dark and light", run: toggleTheme },
    { id: "theme-system", title: "Use the system's theme", run: () => setTheme("system") },
    { id: "layout", title: "Put all views back in place", run: resetViews },
    { id: "shortcuts", title: "Keyboard shortcuts", keys: "?", run: openShortcuts },
    {
      id: "first-screen",
      title: "Open another node",
      run: () => {
        clearSelection();
        showNode(null);
      },
    },
    { id: "nodes", title: "All nodes of this session", run: showNodes },
    open ? { id: "disconnect", title: "Disconnect", run: () => void disconnect(node.node) } : null,
    { id: "leave", title: "Disconnect and go to the first screen", run: () => void leave(node.node) },
  ];
  return list.filter((action) => action !== null);
}

function anyGoesOn(): boolean {
  const { traces, nodes } = sessionStore.getState();
  return traces.some((trace) => goesOn(trace, nodes));
}
