/**
 * The snapshot of a node out of a session: the raw answers of its last collection.
 *
 * Read back from the recorded output, not from the model, so a snapshot can be made of a session that
 * an older bpfdesk recorded, and of one whose node is long gone.
 */

import { SNAPSHOT_FORMAT, SNAPSHOT_VERSION, type Snapshot } from "../../core/collect/snapshot.ts";
import { BpfdeskError } from "../../core/errors.ts";
import { hasRoot } from "../../core/privileges.ts";
import { collectedOf } from "../collect/recorded.ts";
import type { Journal } from "../journal/journal.ts";

/** Throws BpfdeskError `nothing-collected` when no collection of that node brought anything. */
export function snapshotFromJournal(journal: Journal, node: string, app_version: string): Snapshot {
  const collections = [...journal.ofTypes(["collect.started"], node)].reverse();
  for (const { command_id, at, seq } of collections) {
    const collected = collectedOf(journal, command_id);
    if (!collected || collected.sections.length === 0) continue;
    const end = collections.findLast((other) => other.seq > seq)?.seq ?? Number.POSITIVE_INFINITY;
    const followUp = [...journal.ofTypes(["command.started"], node)].findLast(
      (command) => command.record_key === "collect-follow-up" && command.seq > seq && command.seq < end,
    );
    const ready = [...journal.ofTypes(["connection.ready"], node)].findLast((event) => event.seq < seq);
    const host = ready?.host ?? node;
    return {
      format: SNAPSHOT_FORMAT,
      version: SNAPSHOT_VERSION,
      app_version,
      title: host,
      description: `Recorded from ${host} at ${new Date(at).toISOString()}.`,
      node: { host, user: ready?.user ?? "", root: ready !== undefined && hasRoot(ready.privileges) },
      recorded_at: at,
      collected,
      follow_up: followUp ? collectedOf(journal, followUp.command_id) : null,
    };
  }
  throw new BpfdeskError({
    code: "nothing-collected",
    message: "Nothing has been collected from this node yet.",
    hint: "Collect first, then save.",
    node,
  });
}

/** The node of a session whose collection is the newest. Throws `nothing-collected`. */
export function lastCollectedNode(journal: Journal): string {
  const last = [...journal.ofTypes(["collect.started"])].findLast((event) => collectedOf(journal, event.command_id));
  if (last) return last.node;
  throw new BpfdeskError({
    code: "nothing-collected",
    message: `The session ${journal.path} holds no collection of any node.`,
    hint: "Choose another session or a snapshot.",
    phase: "resolving",
  });
}
