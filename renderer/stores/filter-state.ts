/** The form of the shared filter: plain data, so that matching can be tested without a screen. */
import type { HookName, Key } from "../../electron/core/model/types.ts";

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
