/** The filter all views share: what to show of the node in view. Matching itself is in filter-match.ts. */
import { useMemo } from "react";
import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import type { HookName, Key } from "../../electron/core/model/types.ts";
import { visibleKeys } from "./filter-match.ts";
import { useDatapath } from "./use-node.ts";

export interface FilterState {
  /** Part of a name, an id or a tag; case does not matter. */
  text: string;
  pod: Key | null;
  /** Family of the owner (`cilium`, …), or `unknown`. */
  owner: string | null;
  hook: HookName | "cgroup" | "tracing" | null;
  /** Key of one finding as `findingKey` builds it. */
  finding: Key | null;
}

export const emptyFilter: FilterState = { text: "", pod: null, owner: null, hook: null, finding: null };

export const filterStore = createStore<FilterState>(() => emptyFilter);

/** Changes some of the filter. */
export function setFilter(change: Partial<FilterState>): void {
  filterStore.setState(change);
}

/** Shows everything again. */
export function clearFilter(): void {
  filterStore.setState(emptyFilter, true);
}

/** The filter as it is. */
export function useFilter(): FilterState {
  return useStore(filterStore);
}

/** Keys the filter lets through, or null when there is no filter and everything is shown. */
export function useVisibleKeys(): ReadonlySet<Key> | null {
  const datapath = useDatapath();
  const filter = useFilter();
  return useMemo(() => (datapath ? visibleKeys(datapath, filter) : null), [datapath, filter]);
}
