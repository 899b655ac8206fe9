/** Keyboard shortcuts: which keys mean which action. Pure; use-shortcuts.ts listens. */

/** The name of the main modifier on this machine. */
export const modKey = /mac/i.test(globalThis.navigator?.platform ?? "") ? "⌘" : "Ctrl";

/** The part of a keyboard event that is looked at. */
export interface Keystroke {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
}

/** The id of the action a keystroke means, or null. `typing`: the focus is where text is entered. */
export function shortcut(event: Keystroke, typing: boolean): string | null {
  const mod = event.ctrlKey || event.metaKey;
  const key = event.key.toLowerCase();
  if (mod && !event.altKey && !event.shiftKey) {
    if (key === "k") return "palette";
    if (key === "r") return "refresh";
    if (key === "s") return "export";
    if (key === ".") return "stop-trace";
    return null;
  }
  if (typing) return null;
  if (event.altKey && !mod && key === "arrowleft") return "back";
  if (event.altKey && !mod && key === "arrowright") return "forward";
  if (!mod && !event.altKey && event.key === "?") return "shortcuts";
  if (!mod && !event.altKey && event.key === "/") return "filter";
  return null;
}

/** What the list of shortcuts shows. */
export const shortcutHelp: readonly { keys: string; what: string }[] = [
  { keys: `${modKey} K`, what: "Search programs, interfaces, pods, maps, findings, views and commands" },
  { keys: "/", what: "Go to the filter" },
  { keys: `${modKey} R`, what: "Refresh the picture" },
  { keys: `${modKey} S`, what: "Save a snapshot file" },
  { keys: `${modKey} .`, what: "Stop the tracer in view" },
  { keys: "Alt ← / Alt →", what: "Selected before / after" },
  { keys: "?", what: "This list" },
  { keys: "↑ ↓ ← → Home End PageUp PageDown", what: "Move in a table" },
  { keys: "Enter", what: "Select the row; on a column title: sort" },
  { keys: `Shift ↑ ↓, ${modKey} A`, what: "Mark rows in a table" },
  { keys: `${modKey} C`, what: "Copy the marked rows" },
  { keys: "Space", what: "Pause a table of records, and let it go on" },
  { keys: "F6 / Shift F6", what: "Next or previous panel" },
];
