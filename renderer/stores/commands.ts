/** Which command the list of commands shows, so that other views can lead to one. */
import { createStore } from "zustand/vanilla";
import { showView } from "./view-request.ts";

export const shownCommandStore = createStore<{ command_id: string | null; tab: "sections" | "log" }>(() => ({
  command_id: null,
  tab: "sections",
}));

/** Brings a command into view. */
export function showCommand(command_id: string): void {
  shownCommandStore.setState({ command_id, tab: "log" });
  showView("commands");
}
