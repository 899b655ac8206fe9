/**
 * The difference between the node as it was found and as it is left, and whose it is.
 *
 * Only what could be read both times is compared. Of a kind that could not, what bears a sign of ours is
 * still named: that needs no comparison. What bpfdesk itself had left earlier and is gone now is no residue.
 */
import { Evidence, type Verdict } from "./evidence.ts";
import type { OwnMarks } from "./leftovers.ts";
import type { NodeInventory, ResidueItem, ResidueKind, ResidueReport } from "./types.ts";

/** Something that can be there or not. Two of one key are one thing; `state` tells whether it has changed. */
interface Thing {
  kind: ResidueKind;
  key: string;
  state: string;
  label: string;
  /** The evidence, within the inventory it was found in. */
  verdict(): Verdict;
}

/** Every difference is in exactly one of `ours`, `theirs` and `unknown`. */
export function compareInventories(before: NodeInventory, after: NodeInventory, own: OwnMarks): ResidueReport {
  const report: ResidueReport = {
    from: before.at,
    to: after.at,
    ours: [],
    theirs: [],
    unknown: [],
    blind: blindOf(before, after),
  };
  const unread = new Set([...before.unread, ...after.unread]);
  const put = (thing: Thing, change: ResidueItem["change"], label = thing.label) => {
    const { side, because } = thing.verdict();
    if (change === "removed" && side === "ours") return;
    if (unread.has(thing.kind) && side !== "ours") return;
    report[side].push({ kind: thing.kind, change, label, because });
  };

  const was = byKey(thingsOf(before, new Evidence(before, before, own), own));
  const is = byKey(thingsOf(after, new Evidence(after, before, own), own));
  for (const [key, thing] of is) {
    const earlier = was.get(key);
    if (earlier === undefined) put(thing, "added");
    else if (earlier.state !== thing.state) put(thing, "changed", `${thing.label} (was ${earlier.state})`);
  }
  for (const [key, thing] of was) if (!is.has(key)) put(thing, "removed");

  const stats = statsChange(before, after, own);
  if (stats !== null) report[own.wrote_bpf_stats ? "ours" : "theirs"].push(stats);
  return report;
}

function byKey(things: readonly Thing[]): Map<string, Thing> {
  return new Map(things.map((thing) => [`${thing.kind} ${thing.key}`, thing]));
}

function thingsOf(inventory: NodeInventory, evidence: Evidence, own: OwnMarks): Thing[] {
  const { programs, maps, links, pins, qdiscs, filters, folders, processes } = inventory;
  const named = (kind: string, { id, type, name }: { id: number; type: string; name: string }) =>
    `${kind} ${id} ${type}${name === "" ? "" : ` "${name}"`}`;
  return [
    ...programs.map((one) => thing("program", one.id, named("program", one), () => evidence.ofProgram(one))),
    ...maps.map((one) => thing("map", one.id, named("map", one), () => evidence.ofMap(one))),
    ...links.map((one): Thing => {
      const state = one.prog_id === null ? "" : `program ${one.prog_id}`;
      const label = `link ${one.id} ${one.type}${state && ` of ${state}`}`;
      return { ...thing("link", one.id, label, () => evidence.ofLink(one)), state };
    }),
    ...pins.map((path) => thing("pin", path, path, () => evidence.ofPin(path))),
    ...qdiscs.map((line) => thing("qdisc", line, line, () => evidence.ofQdisc(line))),
    ...filters.map((line): Thing => {
      const { place, what } = placeOf(line);
      return { ...thing("filter", place, line, () => evidence.ofFilter(line)), state: what };
    }),
    ...folders.map(({ path, tag, uid }) => thing("folder", path, path, () => evidence.ofFolder(tag, uid))),
    ...processes.map(({ pid, start, comm, tag }) =>
      thing("process", `${pid} ${start}`, `${comm} (pid ${pid})`, () =>
        own.pids?.includes(pid) ? { side: "ours", because: "bpfdesk started it" } : evidence.ofTag(tag),
      ),
    ),
  ];
}

function thing(kind: ResidueKind, key: string | number, label: string, verdict: () => Verdict): Thing {
  return { kind, key: String(key), state: "", label, verdict };
}

/** A filter put in the place of another is one change, not two. */
function placeOf(line: string): { place: string; what: string } {
  const [, place = line, what = ""] = /^(dev .* handle \S+) (.*)$/.exec(line) ?? [];
  return { place, what };
}

function statsChange(before: NodeInventory, after: NodeInventory, own: OwnMarks): ResidueItem | null {
  const [was, is] = [before.bpf_stats_enabled, after.bpf_stats_enabled];
  if (was === null || is === null || was === is) return null;
  return {
    kind: "sysctl",
    change: "changed",
    label: `kernel.bpf_stats_enabled is ${is} (was ${was})`,
    because: own.wrote_bpf_stats
      ? "bpfdesk wrote it on this connection"
      : "bpfdesk did not write it on this connection",
  };
}

/** What could not be read either time, with when it was if it was not both times. */
function blindOf(before: NodeInventory, after: NodeInventory): string[] {
  const both = before.blind.filter((what) => after.blind.includes(what));
  const once = (list: readonly string[], when: string) =>
    list.filter((what) => !both.includes(what)).map((what) => `${when}: ${what}`);
  return [...both, ...once(before.blind, "at connect"), ...once(after.blind, "at disconnect")];
}
