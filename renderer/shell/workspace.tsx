/** The workspace of one node: bars around docked views. Knows no view by name. */
import "flexlayout-react/style/light.css";
import { type IIcons, type ITabRenderValues, Layout, type Model, type TabNode } from "flexlayout-react";
import { ChevronDown } from "lucide-react";
import { Suspense, useEffect, useMemo, useState } from "react";
import type { NodeState } from "../../electron/core/journal/state.ts";
import { viewRequestStore } from "../stores/view-request.ts";
import { Loading } from "../ui/message.tsx";
import { viewById, views } from "../views/registry.ts";
import { FilterBar } from "./filter-bar.tsx";
import { loadLayout, openView, resetLayout, saveLayout } from "./layout-model.ts";
import { StatusBar } from "./status-bar.tsx";
import { TopBar } from "./top-bar.tsx";
import { ViewBoundary } from "./view-boundary.tsx";

/** The last request that was answered; a workspace of another node answers no old one. */
let answered = 0;

export default function Workspace({ node }: { node: NodeState }) {
  const [model, setModel] = useState<Model>(() => loadLayout(views));
  useEffect(() => {
    const answer = ({ id, nonce }: { id: string | null; nonce: number }) => {
      if (nonce === answered) return;
      answered = nonce;
      if (id === "") return setModel(resetLayout(views));
      const view = id === null ? undefined : viewById(id);
      if (view) openView(model, view);
    };
    // A view may have been asked for on the first screen, before there was a workspace to show it.
    answer(viewRequestStore.getState());
    return viewRequestStore.subscribe(answer);
  }, [model]);
  // The views read stores themselves: a new event must not re-render the docked tree.
  const docked = useMemo(
    () => (
      <Layout
        model={model}
        factory={renderView}
        onRenderTab={renderTab}
        icons={icons}
        onModelChange={saveLayout}
        supportsPopout={false}
        invalidateTabContentOnParentRender={false}
      />
    ),
    [model],
  );
  return (
    <div className="workspace">
      <TopBar node={node} />
      <FilterBar />
      <main className="dock" aria-label="Views">
        {docked}
      </main>
      <StatusBar node={node} />
    </div>
  );
}

/** The library's own shows a number that is not in the button's name. */
const icons: IIcons = {
  more: (_tabs, hidden) => (
    <span aria-hidden className="hidden-tabs">
      <ChevronDown size={12} /> {hidden.length}
    </span>
  ),
};

function renderView(tab: TabNode) {
  const view = viewById(tab.getId());
  if (!view) return null;
  return (
    <ViewBoundary title={view.title}>
      <Suspense fallback={<Loading what={`Opening ${view.title}…`} />}>
        <div className="view" data-view={view.id}>
          <view.Component />
        </div>
      </Suspense>
    </ViewBoundary>
  );
}

function renderTab(tab: TabNode, values: ITabRenderValues) {
  const view = viewById(tab.getId());
  if (view) values.leading = <view.icon size={13} aria-hidden />;
}
