/** How a finding rule is written: one file in this folder, found by listing, default-exporting one rule. */
import type { Datapath, Finding } from "../model/types.ts";

export interface FindingRule {
  /** Stable id, also the file's name. */
  id: string;
  /** One line for the list of what bpfdesk looks for. */
  title: string;
  /** Pure: the model in (its `findings` still empty), findings out. */
  examine(datapath: Datapath): Finding[];
}

export function defineFinding(rule: FindingRule): FindingRule {
  return rule;
}
