/**
 * Changes on one connection that stands: the one place that can change a node. A plan is made here from the node's last
 * picture, approved by a person's word once, and carried out by `run.ts`. Nobody hands in a plan: what is approved is the id of
 * the last one this connection has made.
 */
import { createHash } from "node:crypto";
import { makePlan, type PlannedChange, planSeed } from "../../core/change/plan.ts";
import { BpfdeskError } from "../../core/errors.ts";
import type { EventBody } from "../../core/journal/events.ts";
import type { Datapath, Key } from "../../core/model/types.ts";
import { hasRoot } from "../../core/privileges.ts";
import { within } from "../session/limit.ts";
import type { LentBinary, NodeWork } from "../session/work.ts";
import type { NodeTransport } from "../transport/types.ts";
import { askNode, countRuns } from "./ask-node.ts";
import type { ChangeRecord } from "./record.ts";
import { notApproved } from "./refusals.ts";
import { type ChangeRun, startChange } from "./run.ts";

export interface Changing {
  /** Works out what taking an entry of the last picture off would mean. Rejects with why it cannot be done. */
  plan(entry: Key): Promise<{ plan_id: string }>;
  /** A person approves it with a word; how it goes comes as events. Throws why it is not done. */
  approve(plan_id: string, typed: string): void;
  /** Throws `cannot-undo`. */
  undo(plan_id: string): void;
  /** Takes back what was not confirmed, lets go of what was, takes the tool away; returns what is left, in words. Never rejects. */
  end(limit_ms: number): Promise<string[]>;
  /** There is a new picture: it may tell of changes whose end nobody heard. */
  looked(): void;
  /** The connection is gone. Returns what may be left, in words. Never rejects. */
  lost(): Promise<string[]>;
}

export interface ChangingParts {
  node: string;
  transport: NodeTransport;
  /** Absent where nothing can be changed. */
  work: NodeWork["changes"];
  reserve(record_key: string): string;
  /** Awaited before anything is put on the node. */
  beforeLending(): Promise<void>;
  record: ChangeRecord;
  tell(...events: EventBody[]): void;
  /** Collects as soon as it can be done: what is attached there is another than in the picture. */
  lookAgain(): void;
}

/** Each that can still be undone keeps a session of the connection. */
const HELD = 3;

export function createChanging(parts: ChangingParts): Changing {
  const { node, transport, work, tell } = parts;
  const { host } = transport;
  const refuse = (code: string, message: string, hint: string) => new BpfdeskError({ code, message, hint, node });
  const over = new AbortController();
  const runs = new Map<string, ChangeRun>();
  let planned: (PlannedChange & { seq: number; datapath: Datapath }) | null = null;
  let lending: Promise<LentBinary> | null = null;
  /** Pictures up to this event are from before a change. */
  let stale = 0;
  let again: NodeJS.Timeout | null = null;

  function changed(): void {
    stale = parts.record.seq();
    parts.lookAgain();
  }

  function mayChange(): NonNullable<NodeWork["changes"]> {
    if (transport.kind === "replay" || !work) {
      throw refuse("not-live", `${host} is a record: there is nothing to change.`, "Connect to the node itself.");
    }
    if (!hasRoot(transport.privileges)) {
      const why = transport.rootRefused ? `: ${transport.rootRefused}` : "";
      const hint = "Connect as root or as a user whom sudo gives a shell as root.";
      throw refuse("no-root", `A change needs root on ${host}, and ${transport.user} has none${why}.`, hint);
    }
    for (const run of runs.values()) {
      if (!run.unsettled) continue;
      throw refuse(
        "changing",
        `A change on ${host} is under way.`,
        "One at a time: wait until it is confirmed or taken back.",
      );
    }
    return work;
  }

  function lastPicture() {
    const last = parts.record.picture();
    if (last && last.seq > stale) return last;
    const message = last
      ? `The last picture of ${host} is from before the last change there.`
      : `There is no picture of ${host} yet.`;
    throw refuse("picture-outdated", message, "Collect first.");
  }

  async function lend(): Promise<string> {
    const there = await lending?.catch(() => null);
    if (there && !there.gone) return there.path;
    if (!work) throw refuse("not-live", `${host} cannot be changed.`, "");
    await parts.beforeLending();
    lending = work.lend(transport, { signal: over.signal });
    return (await lending).path;
  }

  async function away(): Promise<string[]> {
    const lent = await lending?.catch(() => null);
    return (await lent?.remove()) ?? [];
  }

  return {
    async plan(entry) {
      const { lease_s } = mayChange();
      const { seq, datapath } = lastPicture();
      // Before the node is asked: what is not there needs no question.
      const draft = { node, host, datapath, entry, lease_s, path: null, runs_per_s: null, planId: () => "" };
      const { ref } = makePlan(draft).found;
      const counted = lend().then((path) => countRuns(transport, { path, prog_id: ref.prog_id, signal: over.signal }));
      const [answers, runs_per_s] = await Promise.all([
        askNode(transport, over.signal),
        // The plan is as good without it; what keeps the tool from the node is told when the change is to be made.
        counted.catch(() => null),
      ]);
      const { boot, path } = answers;
      const planId = (of: typeof ref) => createHash("sha256").update(planSeed(boot, of)).digest("hex").slice(0, 16);
      const made = makePlan({ ...draft, path, runs_per_s, planId });
      mayChange();
      // Its id would stand for two changes, and the node would hold the same program for both.
      if (runs.has(made.plan.plan_id)) {
        throw refuse(
          "still-held",
          `This attachment was taken off before, over this connection, and is there again on ${host}: somebody has put it back, and will again.`,
          "See who did. To take it off once more, undo the earlier change first: it finds it at its place and lets go of it.",
        );
      }
      planned = { ...made, seq, datapath };
      tell({ type: "change.planned", node, plan: made.plan });
      return { plan_id: made.plan.plan_id };
    },

    approve(plan_id, typed) {
      const { askPod } = mayChange();
      const now = planned;
      const why = notApproved({ plan_id, typed }, now, parts.record.picture()?.seq ?? 0, { host, node });
      if (why !== null || now === null) throw why;
      if (runs.size >= HELD) {
        const hint = "Leave the node and connect again to let go of them: they stay as they are then.";
        throw refuse(
          "too-many-changes",
          `${HELD} changes on ${host} can still be undone; each is held by the node.`,
          hint,
        );
      }
      // Once: the same plan is worked out again before it is approved again.
      planned = null;
      tell({ type: "change.approved", node, plan_id });
      const { datapath } = now;
      const { reserve } = parts;
      const run = startChange({ node, transport, planned: now, datapath, reserve, lend, askPod, tell, changed });
      runs.set(plan_id, run);
      void run.done.then(() => runs.delete(plan_id));
    },

    undo(plan_id) {
      if (runs.get(plan_id)?.undo()) return;
      const hint = "It is possible from the moment it is made until the connection it was made over ends.";
      throw refuse("cannot-undo", `There is nothing that bpfdesk could take back on ${host} (any more).`, hint);
    },

    looked() {
      const { events, again_in_ms } = parts.record.settled(Date.now());
      if (events.length > 0) tell(...events);
      if (again !== null) clearTimeout(again);
      again = again_in_ms === null ? null : setTimeout(parts.lookAgain, again_in_ms);
    },

    async end(limit_ms) {
      planned = null;
      if (again !== null) clearTimeout(again);
      const running = [...runs.values()];
      for (const run of running) run.end();
      const limit = running.length === 0 ? 0 : limit_ms;
      await within(Promise.all(running.map(({ done }) => done)), limit);
      over.abort();
      return away();
    },

    async lost() {
      planned = null;
      if (again !== null) clearTimeout(again);
      const running = [...runs.values()];
      const open = running.filter(({ unsettled }) => unsettled).length;
      over.abort();
      await Promise.all(running.map(({ done }) => done));
      const words = `a change on ${host} was not confirmed; the node puts it back by itself, which the next look tells`;
      return [...(open > 0 ? [words] : []), ...(await away())];
    },
  };
}
