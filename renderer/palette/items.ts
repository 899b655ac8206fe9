/** Everything the palette can go to, from the picture, the views and the actions. */
import type { NodeState } from "../../electron/core/journal/state.ts";
import type { Datapath } from "../../electron/core/model/types.ts";
import { visibleText } from "../../electron/core/text/visible.ts";
import { actionsFor } from "../shell/actions.ts";
import { findingKey, indexOf, podLabel, programLabel } from "../stores/datapath-index.ts";
import { booksStore, usable } from "../stores/runbooks/books.ts";
import { openBook } from "../stores/runbooks/form-store.ts";
import { reveal, selectionStore } from "../stores/selection.ts";
import { openForm } from "../stores/traces/form-store.ts";
import { type Offer, offersFor } from "../stores/traces/offers.ts";
import { tracersStore } from "../stores/traces/tracers.ts";
import { showView } from "../stores/view-request.ts";
import { keyTitle } from "../things/names.ts";
import { views } from "../views/registry.ts";

export interface PaletteItem {
  id: string;
  /** `interface`, `program`, …: shown in front. */
  kind: string;
  /** Safe to show; what the search looks at first. */
  title: string;
  /** More words to find it by, also shown. */
  detail: string;
  run: () => void;
}

/** All items for a node, actions and views first. */
export function paletteItems(node: NodeState): PaletteItem[] {
  const actions = actionsFor(node)
    .filter((action) => action.id !== "palette")
    .map(({ id, title, keys, run }) => ({ id: `action:${id}`, kind: "action", title, detail: keys ?? "", run }));
  const panels = views.map((view) => ({
    id: `view:${view.id}`,
    kind: "view",
    title: view.title,
    detail: "",
    run: () => showView(view.id),
  }));
  return [
    ...actions,
    ...bookItems(),
    ...tracerItems(node),
    ...panels,
    ...(node.datapath ? thingsOf(node.datapath) : []),
  ];
}

function bookItems(): PaletteItem[] {
  return usable(booksStore.getState().list).map(({ id, title, symptom }) => ({
    id: `book:${id}`,
    kind: "runbook",
    title: visibleText(`Runbook: ${title}`),
    detail: visibleText(symptom),
    run: () => openBook(id),
  }));
}

/** Every tracer, and before them those that can be asked about what is selected. */
function tracerItems(node: NodeState): PaletteItem[] {
  const { list } = tracersStore.getState();
  const item = (id: string, title: string, { tracer, params }: Offer): PaletteItem => ({
    id: `tracer:${id}:${tracer.name}`,
    kind: "tracer",
    title: visibleText(title),
    detail: tracer.question,
    run: () => openForm(tracer, params),
  });
  const { selected } = selectionStore.getState();
  const index = node.datapath ? indexOf(node.datapath) : null;
  const thing = selected === null ? undefined : index?.things.get(selected);
  const here = thing && index ? offersFor(thing, index, list) : [];
  return [
    ...here.map((offer) =>
      item("here", `Trace: ${offer.tracer.title} of ${index ? keyTitle(index, thing?.key ?? "") : ""}`, offer),
    ),
    ...list.map((tracer) => item("all", `Trace: ${tracer.title}`, { tracer, params: {} })),
  ];
}

function thingsOf(datapath: Datapath): PaletteItem[] {
  const index = indexOf(datapath);
  const item = (kind: string, key: string, title: string, detail: string): PaletteItem => ({
    id: key,
    kind,
    title: visibleText(title),
    detail: visibleText(detail),
    run: () => {
      showView("inspector");
      reveal(key);
    },
  });
  const podName = (key: string | null) => {
    const thing = key === null ? undefined : index.things.get(key);
    return thing?.kind === "pod" ? podLabel(thing.value) : "";
  };
  return [
    ...datapath.findings.map((it) => item("finding", findingKey(it), it.subject_name, `${it.severity} ${it.id}`)),
    ...datapath.interfaces.map((it) => item("interface", it.key, it.name, `${it.kind} ${podName(it.pod)}`.trim())),
    ...datapath.pods.map((it) => item("pod", it.key, podLabel(it), it.uid)),
    ...datapath.programs.map((it) => item("program", it.key, programLabel(it), `id ${it.id} ${it.type} ${it.tag}`)),
    ...datapath.maps.map((it) => item("map", it.key, it.name || `map ${it.id}`, `id ${it.id} ${it.type}`)),
  ];
}
