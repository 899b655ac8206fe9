/** Which overlay is open: the palette or the list of shortcuts. At most one. */
import { createStore } from "zustand/vanilla";

export const overlayStore = createStore<{ open: "palette" | "shortcuts" | null }>(() => ({ open: null }));

export function openPalette(): void {
  overlayStore.setState({ open: "palette" });
}

export function openShortcuts(): void {
  overlayStore.setState({ open: "shortcuts" });
}

export function closeOverlay(): void {
  overlayStore.setState({ open: null });
}
