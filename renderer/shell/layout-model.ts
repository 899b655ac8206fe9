/**
 * The docked layout: where views are at first, and how a saved layout is read back.
 * A saved layout is only a preference: one that does not fit any more is dropped, never repaired.
 */
import { Actions, DockLocation, type IJsonModel, type IJsonTabNode, Model, type TabNode } from "flexlayout-react";
import type { View } from "../views/define.ts";

const STORAGE_KEY = "bpfdesk.layout.4";

/** Ids of the tab sets of the first layout; a view that is opened again goes back to its place. */
const PLACES = ["main", "right", "bottom"] as const;

/** The saved layout, or the first one. */
export function loadLayout(views: readonly View[]): Model {
  try {
    const saved = localStorage.getItem(STORAGE_KEY);
    if (saved !== null) return prune(Model.fromJson(JSON.parse(saved) as IJsonModel), views);
  } catch {
    localStorage.removeItem(STORAGE_KEY);
  }
  return Model.fromJson(firstLayout(views));
}

/** Remembers the layout. */
export function saveLayout(model: Model): void {
  localStorage.setItem(STORAGE_KEY, JSON.stringify(model.toJson()));
}

/** Forgets the saved layout and gives the first one. */
export function resetLayout(views: readonly View[]): Model {
  localStorage.removeItem(STORAGE_KEY);
  return Model.fromJson(firstLayout(views));
}

/** Brings a view to the front, adding its tab when it was closed. */
export function openView(model: Model, view: View): void {
  const tab = model.getNodeById(view.id);
  if (tab) {
    // Selecting the tab that is selected already would take the keyboard focus from where it is.
    if (!(tab as TabNode).isVisible()) model.doAction(Actions.selectTab(view.id));
    return;
  }
  const place = model.getNodeById(view.place) ?? model.getFirstTabSet();
  if (!place) return;
  model.doAction(Actions.addTab(tabOf(view), place.getId(), DockLocation.CENTER, -1, true));
}

function firstLayout(views: readonly View[]): IJsonModel {
  const tabs = Map.groupBy(views, (view) => view.place);
  const set = (place: (typeof PLACES)[number], weight: number) => ({
    type: "tabset" as const,
    id: place,
    name: { main: "Picture and tables", right: "Details", bottom: "Logs" }[place],
    weight,
    enableDeleteWhenEmpty: false,
    children: (tabs.get(place) ?? []).map(tabOf),
  });
  return {
    global: {
      tabEnableRename: false,
      tabEnableClose: true,
      tabSetEnableMaximize: true,
      tabSetMinWidth: 160,
      tabSetMinHeight: 60,
    },
    borders: [],
    layout: {
      type: "row",
      children: [{ type: "row", weight: 74, children: [set("main", 74), set("bottom", 26)] }, set("right", 26)],
    },
  };
}

function tabOf(view: View): IJsonTabNode {
  return { type: "tab", id: view.id, name: view.title, component: view.id };
}

/** Takes out tabs of views that do not exist any more. */
function prune(model: Model, views: readonly View[]): Model {
  const gone: string[] = [];
  model.visitNodes((node) => {
    if (node.getType() === "tab" && !views.some((view) => view.id === node.getId())) gone.push(node.getId());
  });
  for (const id of gone) model.doAction(Actions.deleteTab(id));
  return model;
}
