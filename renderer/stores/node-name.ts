/** What nodes are called where they are named: as they call themselves, else as they were opened. Pure. */
import type { NodeState } from "../../electron/core/journal/state.ts";

export const nodeName = ({ datapath, label }: Pick<NodeState, "datapath" | "label">): string =>
  datapath?.node.hostname || label;

/** Its id when the session does not know it. */
export function nodeLabel(nodes: Readonly<Record<string, NodeState>>, node: string): string {
  const known = nodes[node];
  return known ? nodeName(known) : node;
}
