/** Listens for the shortcuts while a node is in view. */
import { useEffect } from "react";
import type { NodeState } from "../../electron/core/journal/state.ts";
import { overlayStore } from "../stores/overlay.ts";
import { actionsFor } from "./actions.ts";
import { shortcut } from "./shortcuts.ts";

export function useShortcuts(node: NodeState | null): void {
  useEffect(() => {
    if (!node) return;
    const listen = (event: KeyboardEvent) => {
      if (event.defaultPrevented || overlayStore.getState().open !== null || node.prompt) return;
      if (event.key === "F6") {
        event.preventDefault();
        return focusPanel(event.shiftKey ? -1 : 1);
      }
      const id = shortcut(event, isTyping(event.target));
      if (id === null) return;
      event.preventDefault();
      if (id === "filter") document.querySelector<HTMLInputElement>("[data-filter-text] input")?.focus();
      else
        actionsFor(node)
          .find((action) => action.id === id)
          ?.run();
    };
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, [node]);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input, textarea, select, [contenteditable=true]");
}

/** Moves the focus to the selected tab of the next tab set, or to the bar above them. */
function focusPanel(step: 1 | -1): void {
  const stops = [
    ...document.querySelectorAll<HTMLElement>("[data-filter-text] input, .dock [role=tab][aria-selected=true]"),
  ];
  const panels = stops.map((stop) => stop.closest(".flexlayout__tabset_container") ?? stop.closest(".filter-bar"));
  const at = panels.findIndex((panel) => panel?.contains(document.activeElement));
  stops.at((at + step + stops.length) % stops.length)?.focus();
}
