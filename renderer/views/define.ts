/**
 * How a view is written: a folder `renderer/views/<id>/index.tsx` that default-exports one
 * {@link View}. Folders are found by listing; a new view edits nothing else.
 *
 * Deliberately no props: a view reads stores, so that any view can be docked anywhere.
 */
import type { LucideIcon } from "lucide-react";
import type { ComponentType } from "react";

export interface View {
  /** Same as the folder's name; kept in saved layouts. */
  id: string;
  title: string;
  icon: LucideIcon;
  /** Order of tabs within a place, and in the palette. */
  order: number;
  /** `node`: shows one node's picture and is empty without one. `session`: works without a picture. */
  scope: "node" | "session";
  /** Where it is docked at first. */
  place: "main" | "right" | "bottom";
  /** May be a `lazy()` component; the shell provides the fallback. */
  Component: ComponentType;
}

/** Gives a view's file its types. */
export function defineView(view: View): View {
  return view;
}
