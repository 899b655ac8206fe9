/** The table of tracked connections: whether it is full, and what it dropped for that. */
import type { Scope } from "../../../../collect/frames.ts";
import type { Case } from "../case.ts";
import { growth, type Read } from "../readings.ts";
import { TABLE_FULL } from "../thresholds.ts";
import { counted, percent, read } from "../words.ts";
import type { Sign } from "./counters.ts";

/** `drop`: no room for a new connection (nf_conntrack_alloc() gives up, and the packet is dropped). */
const LOST = ["drop", "insert_failed"];

export function conntrackSigns({ readings }: Case): Sign[] {
  return readings.scopes("counters.conntrack_table").flatMap((scope) => {
    const before = readings.before("counters.conntrack_table", scope);
    const after = readings.after("counters.conntrack_table", scope);
    if (!after || after.facts.count === null) return [];
    const { count, max } = after.facts;
    const grown = LOST.map((name) => ({ name, count: growth(total(before, name), total(after, name)) }));
    const dropped = grown.find(({ name }) => name === "drop")?.count ?? 0;
    const full = max !== null && max > 0 && count >= TABLE_FULL * max;
    if (scope !== "node" && !full && grown.every((one) => one.count === 0)) return [];
    const said = grown.map((one) => `${one.name} grew by ${one.count}`).join(", ");
    const of = max === null ? "" : ` of ${max} (${percent(count / Math.max(1, max))})`;
    const text = `tracked connections (${scope}): ${counted(count, "entry", "entries")}${of}; ${said}`;
    return [
      {
        count: grown.reduce((so, one) => so + one.count, 0),
        // Without the kernel's file of counters nothing is known but how full it is.
        complete: after.facts.counters.length > 0 || !full,
        evidence: read(text, after.command_id),
        ...(dropped > 0 || full ? FULL : {}),
      },
    ];
  });
}

/** Why a full table cannot be told from a rule in this namespace, or null: both drop with the same reason. */
export function conntrackGap({ readings, datapath }: Case, netns: string): string | null {
  const scope: Scope = netns === "" || netns === datapath?.node.host_netns ? "node" : `netns:${netns}`;
  if (readings.after("counters.conntrack_table", scope) !== null) return null;
  return `the table of tracked connections of ${scope}: ${readings.problem("counters.conntrack_table", scope) ?? "nothing was read"}`;
}

const FULL = {
  kind: "conntrack-full",
  means:
    "The table of tracked connections is full (net.netfilter.nf_conntrack_max): the first packets of new connections are dropped on this node, those that stand go on.",
};

function total(table: Read<"counters.conntrack_table"> | null, name: string): number {
  return (table?.facts.counters ?? []).filter((one) => one.name === name).reduce((so, one) => so + one.value, 0);
}
