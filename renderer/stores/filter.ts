/** The filter all views share: what to show of the node in view. Matching itself is in filter-match.ts. */
import { useDeferredValue, useMemo } from "react";
import { useStore } from "zustand";
import { createStore } from "zustand/vanilla";
import type { Key } from "../../electron/core/model/types.ts";
import { visibleKeys } from "./filter-match.ts";
import { emptyFilter, type FilterState } from "./filter-state.ts";
import { useDatapath } from "./use-node.ts";

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
  // Typing stays quick on a node of any size: what the views show may come a moment later.
  const filter = useDeferredValue(useFilter());
  return useMemo(() => (datapath ? visibleKeys(datapath, filter) : null), [datapath, filter]);
}
