/** The lists a person keeps (groups, what was opened lately) and what a text of targets means by them. */
import type { ExpandedTargets, SshHost } from "../../shared/contract.ts";
import { type ExpandContext, expandTargets, expandWords } from "./expand.ts";
import { type Groups, openGroups } from "./groups.ts";
import { openRecent, type Recent } from "./recent.ts";
import type { Word } from "./words.ts";

export interface TargetLists {
  groups: Groups;
  recent: Recent;
  /** What a text means, or words that were told apart already. */
  expand(text: string | readonly Word[], files: ExpandContext["files"]): Promise<ExpandedTargets>;
}

export function openTargetLists(options: { dataDir: string; sshHosts(): Promise<readonly SshHost[]> }): TargetLists {
  const groups = openGroups(options.dataDir);
  return {
    groups,
    recent: openRecent(options.dataDir),
    expand(text, files) {
      const context = { sshHosts: options.sshHosts, groups: groups.list, files };
      return typeof text === "string" ? expandTargets(text, context) : expandWords(text, context);
    },
  };
}
