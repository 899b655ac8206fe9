/** The collector's sections (what runs on a node and why), asked for once per link. */
import { useEffect } from "react";
import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import type { SectionInfo } from "../../electron/shared/contract.ts";
import { errorData } from "../host/error-data.ts";
import { host } from "../host/link.ts";

interface SectionsState {
  state: "idle" | "loading" | "ready" | "failed";
  byId: ReadonlyMap<string, SectionInfo>;
  trouble: string;
}

const sectionsStore = createStore<SectionsState>(() => ({ state: "idle", byId: new Map(), trouble: "" }));

/** The sections by id, in the order they run; loads them on first use. */
export function useSections(): SectionsState {
  useEffect(load, []);
  return useStore(sectionsStore);
}

function load(): void {
  const { state } = sectionsStore.getState();
  if (state === "loading" || state === "ready") return;
  sectionsStore.setState({ state: "loading" });
  Promise.resolve()
    .then(() => host().client.call("collect.sections", {}))
    .then(
      (sections) =>
        sectionsStore.setState({ state: "ready", byId: new Map(sections.map((section) => [section.id, section])) }),
      (error: unknown) => sectionsStore.setState({ state: "failed", trouble: errorData(error).message }),
    );
}
