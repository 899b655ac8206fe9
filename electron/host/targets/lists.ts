/** The lists a person keeps (groups, what was opened lately) and what a text of targets means by them. */
import type { ExpandedTargets, SshHost } from "../../shared/contract.ts";
import { expandTargets } from "./expand.ts";
import { type Groups, openGroups } from "./groups.ts";
import { openRecent, type Recent } from "./recent.ts";

export interface TargetLists {
  groups: Groups;
  recent: Recent;
  /** @param files null where files are not opened by name; else the folder of relative names, if there is one */
  expand(text: string, files: { folder: string | null } | null): Promise<ExpandedTargets>;
}

export function openTargetLists(options: { dataDir: string; sshHosts(): Promise<readonly SshHost[]> }): TargetLists {
  const groups = openGroups(options.dataDir);
  return {
    groups,
    recent: openRecent(options.dataDir),
    expand: (text, files) => expandTargets(text, { sshHosts: options.sshHosts, groups: groups.list, files }),
  };
}
