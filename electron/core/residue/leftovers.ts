/** What earlier connections left on a node, found in an inventory by tags and by the names of folders. */
import { parseTag } from "./tag.ts";
import type { Leftover, NodeInventory } from "./types.ts";

/** What tells our own from others'. */
export interface OwnMarks {
  /** Of this connection. */
  tag: string;
  /** Twelve hexadecimal digits, as in the tag. */
  installation: string;
  /** Tags of the same node session before it was reconnected: what they left is ours too. */
  earlier?: readonly string[];
  /** Tags of other connections of this process that stand right now: they are at work and left nothing. */
  alive?: readonly string[];
  /** Processes known to be ours whatever they carry. */
  pids?: readonly number[];
  /** This node session wrote kernel.bpf_stats_enabled. */
  wrote_bpf_stats?: boolean;
}

/**
 * Processes and folders of other connections than this one and those alive, oldest first and ours before
 * another's. Those of another installation may belong to somebody who is at work right now.
 */
export function findLeftovers(inventory: NodeInventory, own: OwnMarks): Leftover[] {
  const standing = new Set([own.tag, ...(own.alive ?? [])]);
  const whose = (tag: string | null) =>
    tag !== null && parseTag(tag)?.installation === own.installation ? ("ours" as const) : ("another" as const);
  const processes = inventory.processes
    .filter(({ tag }) => !standing.has(tag))
    .map(
      ({ pid, start, tag, comm, started_at }): Leftover => ({
        id: `process:${pid}:${start}`,
        kind: "process",
        label: `${comm} (pid ${pid})`,
        tag,
        whose: whose(tag),
        since: started_at,
      }),
    );
  const folders = inventory.folders
    .filter(({ tag }) => tag === null || !standing.has(tag))
    .map(
      ({ path, tag, since }): Leftover => ({
        id: `folder:${path}`,
        kind: "folder",
        label: path,
        tag,
        whose: whose(tag),
        since,
      }),
    );
  const rank = ({ whose }: Leftover) => (whose === "ours" ? 0 : 1);
  return [...processes, ...folders].sort((a, b) => rank(a) - rank(b) || (a.since ?? 0) - (b.since ?? 0));
}
