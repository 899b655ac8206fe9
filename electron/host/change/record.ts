/** Of a node's changes, what the session's record holds: its last picture, and changes whose end nobody heard. */
import { seenAgain } from "../../core/change/again.ts";
import { type ChangeState, foldChanges } from "../../core/journal/changes.ts";
import type { EventBody } from "../../core/journal/events.ts";
import type { Datapath } from "../../core/model/types.ts";
import type { Journal } from "../journal/journal.ts";

export const CHANGE_EVENTS = [
  "change.planned",
  "change.approved",
  "change.armed",
  "change.detached",
  "change.confirmed",
  "change.restored",
  "change.left",
  "change.failed",
] as const;

export interface ChangeRecord {
  /** Number of the newest event of the session. */
  seq(): number;
  /** The node's last picture, with the number of its event; null without one. */
  picture(): { seq: number; datapath: Datapath } | null;
  /**
   * What the last picture tells of changes whose end nobody heard; and when it must be looked at again, in ms from now, because
   * the node may still put one back: null when nothing is open.
   */
  settled(now_ms: number): { events: EventBody[]; again_in_ms: number | null };
}

/** A node puts back what was not confirmed so much later than its lease says, at most. */
const LATE_MS = 5000;
/** Boot times are worked out from the clock, which may be set. */
const CLOCK_S = 120;

export function createChangeRecord(journal: Journal, node: string): ChangeRecord {
  const known: { seq: number; datapath: Datapath | null } = { seq: 0, datapath: null };

  function picture(): ReturnType<ChangeRecord["picture"]> {
    const seq = journal.lastSeqOf(["collect.finished"], node);
    if (seq !== known.seq) {
      const [event] = journal.read(seq - 1, 1);
      known.seq = seq;
      known.datapath = event?.type === "collect.finished" ? event.datapath : null;
    }
    return known.datapath ? { seq, datapath: known.datapath } : null;
  }

  /** The picture a plan was made on. */
  function pictureBefore(plan_id: string): Datapath | null {
    let last: Datapath | null = null;
    let before: Datapath | null = null;
    for (const event of journal.ofTypes(["collect.finished", "change.planned"], node)) {
      if (event.type === "collect.finished") last = event.datapath;
      else if (event.plan.plan_id === plan_id) before = last;
    }
    return before;
  }

  return {
    seq: () => journal.last_seq,
    picture,
    settled(now_ms) {
      const open = changesOf(journal, node).filter(({ phase }) => phase === "unsure");
      const now = open.length === 0 ? null : picture();
      const events: EventBody[] = [];
      let again_in_ms: number | null = null;
      for (const { plan, settled_at } of now ? open : []) {
        if (!now) continue;
        const { plan_id, attachment, lease_s } = plan;
        const before = pictureBefore(plan_id);
        const { there, same, chain } = seenAgain(attachment, before, now.datapath);
        const wait_ms = (settled_at ?? 0) + lease_s * 1000 + LATE_MS - now_ms;
        // What could not be read is not gone. A later picture tells.
        if (!there && !readWhole(now.datapath, attachment.netns)) continue;
        if (there) events.push({ type: "change.restored", node, plan_id, reason: "lease", same, chain });
        else if (wait_ms > 0 && sameBoot(before, now.datapath)) again_in_ms = Math.max(again_in_ms ?? 0, wait_ms);
        else events.push({ type: "change.left", node, plan_id });
      }
      return { events, again_in_ms };
    },
  };
}

export function changesOf(journal: Journal, node: string): readonly ChangeState[] {
  let changes: readonly ChangeState[] = [];
  for (const event of journal.ofTypes(CHANGE_EVENTS, node)) changes = foldChanges(changes, event, event.at);
  return changes;
}

/** What attachments are read from. */
const NEEDED: ReadonlySet<string> = new Set(["bpf.prog", "bpf.net", "bpf.link", "tc.filter", "net.link"]);

function readWhole({ sections }: Datapath, netns: string): boolean {
  return sections.every(
    ({ section, scope, ok }) => ok || !NEEDED.has(section) || (scope !== "node" && scope !== `netns:${netns}`),
  );
}

function sameBoot(before: Datapath | null, now: Datapath): boolean {
  const [one, other] = [before?.node.boot_time ?? null, now.node.boot_time];
  return one === null || other === null || Math.abs(one - other) <= CLOCK_S;
}
