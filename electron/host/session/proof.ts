/**
 * The proof that a node is left as it was found, over all connections of one node in a session.
 *
 * The first look is taken while the first collection runs, and nothing is put on the node before it is over.
 * It stays the one to compare with when the connection is lost and made again. What cannot be looked at is
 * said; it is never taken for clean.
 */
import { BpfdeskError } from "../../core/errors.ts";
import type { EventBody } from "../../core/journal/events.ts";
import { compareInventories } from "../../core/residue/compare.ts";
import { findLeftovers, type OwnMarks } from "../../core/residue/leftovers.ts";
import { parseTag } from "../../core/residue/tag.ts";
import type { HeldObject, Leftover, NodeInventory } from "../../core/residue/types.ts";
import type { NodeTransport } from "../transport/types.ts";
import { failureData } from "./failure.ts";
import { within } from "./limit.ts";
import type { LentTool, NodeWork } from "./work.ts";

/** What outlives a connection: the node as it was found. */
export interface FirstLook {
  inventory: NodeInventory | null;
  /** Why there is none, in words. */
  missing: string | null;
  /** Tags of the connections before this one. */
  earlier: string[];
}

export const nothingSeen = (): FirstLook => ({ inventory: null, missing: null, earlier: [] });

export interface Proof {
  /** Takes the first look when there is none yet, and looks for what earlier connections left. Does not wait. */
  begin(): void;
  /** Settles when that is over, however it went: from then on the node may be changed. */
  readonly begun: Promise<void>;
  /** The bpftool in use; a lent one may see what the node's own did not. */
  lent(tool: LentTool): void;
  /** The last look, told as a report; a lent bpftool is used for it and taken away by it. Returns what is left, in words. */
  report(): Promise<string[]>;
  /** Throws `no-such-leftover`. */
  stopLeftovers(ids: readonly string[]): Promise<void>;
  /** The connection is over. */
  end(): void;
}

export interface ProofParts {
  node: string;
  transport: NodeTransport;
  /** Absent where nothing can be left. */
  work: NodeWork["residue"];
  first: FirstLook;
  /** Tags of all connections that stand in this process. */
  standing: Set<string>;
  tell(...events: EventBody[]): void;
}

/** What our own lost connection left ends by itself within this; what is there after it stays. */
const LOOK_AGAIN_MS = 20_000;
/** How long a first look that is still under way is waited for when the node is left. */
const FIRST_LOOK_MS = 2000;

export function createProof({ node, transport, work, first, standing, tell }: ProofParts): Proof {
  const { tag } = transport;
  const installation = parseTag(tag ?? "")?.installation;
  if (!work || tag === undefined || installation === undefined) return noProof;
  const { takeInventory } = work;
  const over = new AbortController();
  const marks = (): OwnMarks => ({ tag, installation, earlier: first.earlier, alive: [...standing] });
  let leftovers: readonly Leftover[] = [];
  let bpftool: string | null = null;
  let begun = Promise.resolve();
  let completed: Promise<void> | null = null;
  let again: NodeJS.Timeout | null = null;

  const take = (retire = false) => takeInventory(transport, { bpftool, signal: over.signal, cleanup: true, retire });
  const why = (error: unknown) => failureData(error, "ready", transport.host).message;

  async function begin(): Promise<void> {
    try {
      const inventory = await take();
      if (!first.inventory) {
        first.inventory = inventory;
        tell({ type: "residue.baseline", node, inventory });
      }
      showLeftovers(inventory);
      if (leftovers.some(({ whose }) => whose === "ours")) again = setTimeout(lookAgain, LOOK_AGAIN_MS);
    } catch (error) {
      first.missing ??= why(error);
    }
  }
  function showLeftovers(inventory: NodeInventory): void {
    const before = leftovers.length;
    leftovers = findLeftovers(inventory, marks());
    if (leftovers.length > 0 || before > 0) tell({ type: "leftovers.found", node, leftovers: [...leftovers] });
  }
  function lookAgain(): void {
    again = null;
    // What was found stays offered when this look fails.
    take().then(showLeftovers, () => {});
  }
  /** What the node's own bpftool could not tell of the node as it was found. */
  async function complete(): Promise<void> {
    const { inventory } = first;
    if (!inventory || inventory.blind.length === 0) return;
    try {
      first.inventory = withObjectsOf(withoutHeldBy(transport.tag, await take()), inventory);
      tell({ type: "residue.baseline", node, inventory: first.inventory });
    } catch {
      // It stays blind, which the report says.
    }
  }

  standing.add(tag);
  return {
    begin() {
      begun = begin();
    },
    get begun() {
      return begun;
    },
    lent(tool) {
      if (tool.bpftool === null || bpftool !== null) return;
      bpftool = tool.bpftool;
      completed = complete();
    },
    async report() {
      // On a node that hangs nobody waits for it; what was not seen is said.
      if ((await within(Promise.all([begun, completed]), FIRST_LOOK_MS)) === null) {
        if (!first.inventory) first.missing = "it was left before one could see what was on it";
        over.abort();
      }
      await Promise.all([begun, completed]);
      if (again !== null) clearTimeout(again);
      try {
        if (!first.inventory) throw new Error(first.missing ?? "it was not looked at");
        const report = compareInventories(first.inventory, await take(true), marks());
        tell({ type: "residue.report", node, report });
        return report.ours.map(({ label }) => label);
      } catch (error) {
        const now = Date.now();
        const from = first.inventory?.at ?? now;
        const blind = [`Nothing could be compared: ${first.missing ?? why(error)}`];
        tell({ type: "residue.report", node, report: { from, to: now, ours: [], theirs: [], unknown: [], blind } });
        return [];
      } finally {
        Object.assign(first, nothingSeen());
        standing.delete(tag);
      }
    },
    async stopLeftovers(ids) {
      const chosen = leftovers.filter(({ id }) => ids.includes(id));
      if (chosen.length < ids.length) {
        throw new BpfdeskError({
          code: "no-such-leftover",
          message: `Not all of that was found on ${transport.host}.`,
          hint: "It may have ended meanwhile.",
          node,
        });
      }
      const { stopped, failed } = await work.stopLeftovers(transport, chosen);
      leftovers = leftovers.filter(({ id }) => !stopped.includes(id));
      tell({ type: "leftovers.stopped", node, stopped, failed });
      // What ended by itself meanwhile is not offered any longer.
      if (failed.length > 0) showLeftovers(await take());
    },
    end() {
      over.abort();
      if (again !== null) clearTimeout(again);
      standing.delete(tag);
      if (!first.earlier.includes(tag)) first.earlier.push(tag);
    },
  };
}

/** Without what processes of this connection hold: a tracer that runs already was not there before. */
function withoutHeldBy(tag: string | undefined, inventory: NodeInventory): NodeInventory {
  const own = new Set(inventory.processes.filter((one) => one.tag === tag).map(({ pid }) => pid));
  const others = <T extends HeldObject>(objects: T[]) =>
    objects.filter(({ pids }) => !pids.some(({ pid }) => own.has(pid)));
  const { programs, maps, links } = inventory;
  return { ...inventory, programs: others(programs), maps: others(maps), links: others(links) };
}

/** `of`'s programs, maps and links in `inventory`. */
function withObjectsOf(of: NodeInventory, inventory: NodeInventory): NodeInventory {
  const { programs, maps, links, blind, unread } = of;
  return { ...inventory, programs, maps, links, blind, unread };
}

/** A replay holds no node. */
const noProof: Proof = {
  begin() {},
  begun: Promise.resolve(),
  lent() {},
  report: async () => [],
  stopLeftovers: async () => {},
  end() {},
};
