/** All views, found by listing the folders. Deliberately knows none of them by name. */
import type { View } from "./define.ts";

const modules = import.meta.glob<View>("./*/index.tsx", { eager: true, import: "default" });

/** Every view, in display order. */
export const views: readonly View[] = Object.values(modules).sort((a, b) => a.order - b.order);

/** The view with that id, or undefined for one of an older layout that is gone. */
export function viewById(id: string): View | undefined {
  return views.find((view) => view.id === id);
}
