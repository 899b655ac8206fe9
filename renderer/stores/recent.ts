/** Targets opened before, newest first, kept in this browser. Never holds a secret. */
import { createStore } from "zustand/vanilla";

export interface RecentTarget {
  target: string;
  identity_file: string | null;
}

const STORAGE_KEY = "bpfdesk.recent";
const LIMIT = 6;

export const recentStore = createStore<{ recent: readonly RecentTarget[] }>(() => ({ recent: stored() }));

/** Puts a target on top of the list. */
export function rememberTarget(target: RecentTarget): void {
  const others = recentStore.getState().recent.filter((known) => known.target !== target.target);
  const recent = [target, ...others].slice(0, LIMIT);
  localStorage.setItem(STORAGE_KEY, JSON.stringify(recent));
  recentStore.setState({ recent });
}

/** What is stored may be of another version or edited by hand: whatever does not fit is left out. */
function stored(): RecentTarget[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? "[]");
    return Array.isArray(list) ? list.flatMap(readTarget).slice(0, LIMIT) : [];
  } catch {
    return [];
  }
}

function readTarget(value: unknown): RecentTarget[] {
  if (typeof value !== "object" || value === null || !("target" in value)) return [];
  const identity = "identity_file" in value ? value.identity_file : null;
  return typeof value.target === "string"
    ? [{ target: value.target, identity_file: typeof identity === "string" ? identity : null }]
    : [];
}
