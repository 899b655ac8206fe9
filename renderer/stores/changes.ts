/** What the last refresh changed, by key. The comparison itself is core's. */
import { useMemo } from "react";
import { type Changes, compare } from "../../electron/core/model/compare.ts";
import type { Datapath, Key } from "../../electron/core/model/types.ts";
import { useDatapath, usePreviousDatapath } from "./use-node.ts";

const cache = new WeakMap<Datapath, { before: Datapath; changes: Changes }>();

/** Differences between the picture before and the one shown, or null before the first refresh. */
export function useChanges(): Changes | null {
  const after = useDatapath();
  const before = usePreviousDatapath();
  return useMemo(() => (before && after ? changesBetween(before, after) : null), [before, after]);
}

/** The same by key, for marks. */
export function useChangedKeys(): ReadonlyMap<Key, "new" | "changed" | "gone"> | null {
  const changes = useChanges();
  return useMemo(() => {
    if (!changes) return null;
    const marks = new Map<Key, "new" | "changed" | "gone">();
    for (const change of changes.changed) marks.set(change.key, "changed");
    for (const change of changes.came) marks.set(change.key, "new");
    for (const change of changes.went) marks.set(change.key, "gone");
    return marks;
  }, [changes]);
}

/** Every view asks for the same two pictures; they are compared once. */
function changesBetween(before: Datapath, after: Datapath): Changes {
  const known = cache.get(after);
  if (known?.before === before) return known.changes;
  const changes = compare(before, after);
  cache.set(after, { before, changes });
  return changes;
}
