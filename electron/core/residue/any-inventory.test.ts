/** What holds for any inventories of a small node on which everything may refer to anything. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compareInventories } from "./compare.ts";
import { findLeftovers } from "./leftovers.ts";
import { FOREIGN, marks, OWN, OWN_EARLIER, OWN_OTHER, process } from "./testdata.ts";
import type { NodeInventory, ResidueKind } from "./types.ts";

const ids = fc.integer({ min: 1, max: 6 });
const holder = fc.record({ pid: fc.integer({ min: 1, max: 5 }), comm: fc.constantFrom("cilium-agent", "perl", "") });
const held = {
  id: ids,
  type: fc.constant("hash"),
  pids: fc.array(holder, { maxLength: 2 }),
  pinned: fc.subarray(["/sys/fs/bpf/x", "/sys/fs/bpf/bpfdesk_x"]),
};
const name = fc.constantFrom("", "bpfdesk_x", "cilium_lxc", "planted");
const unique = <T>(item: fc.Arbitrary<T>, key: (item: T) => unknown) =>
  fc.uniqueArray(item, { selector: key, maxLength: 5 });
const tag = fc.constantFrom(OWN, OWN_EARLIER, OWN_OTHER, FOREIGN);
const kinds: ResidueKind[] = ["program", "map", "link", "pin", "qdisc", "filter", "folder", "process", "sysctl"];

const anyInventory: fc.Arbitrary<NodeInventory> = fc.record({
  at: fc.nat(),
  programs: unique(
    fc.record({
      ...held,
      name,
      tag: fc.constantFrom("t1", "t2"),
      map_ids: fc.uniqueArray(ids, { maxLength: 3 }),
    }),
    ({ id }) => id,
  ),
  maps: unique(fc.record({ ...held, name }), ({ id }) => id),
  links: unique(fc.record({ ...held, prog_id: fc.option(ids) }), ({ id }) => id),
  pins: fc.subarray(["/sys/fs/bpf/x", "/sys/fs/bpf/bpfdesk_x", "/sys/fs/bpf/y"]),
  qdiscs: fc.subarray(["dev eth0 clsact", "dev lxc1 clsact"]),
  filters: unique(
    fc
      .tuple(fc.constantFrom("eth0", "lxc1"), fc.integer({ min: 1, max: 2 }), ids)
      .map(([dev, pref, id]) => `dev ${dev} ingress pref ${pref} handle 0x1 bpf prog ${id}`),
    (line) => line.slice(0, line.indexOf(" handle")),
  ),
  folders: unique(
    fc.record({
      path: fc.constantFrom("/run", "/tmp").map((place) => `${place}/.bpfdesk-${"0".repeat(32)}`),
      tag: fc.option(tag),
      uid: fc.constant(0),
      since: fc.constant(null),
    }),
    ({ path }) => path,
  ),
  processes: unique(
    fc.tuple(fc.integer({ min: 1, max: 5 }), tag).map(([pid, of]) => process(pid, of)),
    ({ pid }) => pid,
  ),
  bpf_stats_enabled: fc.constantFrom(0, 1, null),
  blind: fc.subarray(["pins: only root sees all of them", "programs: only root can list them"]),
  unread: fc.subarray(kinds),
});

describe("on any two inventories", () => {
  it("finds no difference between an inventory and itself", () => {
    fc.assert(
      fc.property(fc.clone(anyInventory, 2), ([one, same]) => {
        const { ours, theirs, unknown } = compareInventories(one, same, marks);
        expect([ours, theirs, unknown]).toEqual([[], [], []]);
      }),
    );
  });

  it("names every difference once, and leaves none out but what was ours and has gone", () => {
    fc.assert(
      fc.property(anyInventory, anyInventory, (before, after) => {
        const whole = { before: { ...before, unread: [] }, after: { ...after, unread: [] } };
        const { ours, theirs, unknown } = compareInventories(whole.before, whole.after, marks);
        const all = [...ours, ...theirs, ...unknown].filter(({ kind }) => kind === "program" || kind === "pin");
        const added = (list: "programs" | "pins") =>
          keys(after[list]).filter((key) => !keys(before[list]).includes(key)).length;
        expect(all.filter(({ change }) => change === "added").length).toBe(added("programs") + added("pins"));
        expect(new Set(all.map(({ kind, change, label }) => `${kind} ${change} ${label}`)).size).toBe(all.length);
        expect(ours.filter(({ change }) => change === "removed")).toEqual([]);
      }),
    );
  });

  it("takes for ours only what bears a sign of ours", () => {
    const strangers = anyInventory.map((one) => ({
      ...one,
      processes: one.processes.filter(({ tag }) => tag === FOREIGN),
      programs: one.programs.map((object) => ({ ...object, name: "x", pinned: [] })),
      maps: one.maps.map((object) => ({ ...object, name: "x", pinned: [] })),
      links: one.links.map((object) => ({ ...object, pinned: [] })),
      pins: one.pins.filter((pin) => !pin.includes("bpfdesk")),
      folders: one.folders.filter(({ tag }) => tag === FOREIGN),
    }));
    fc.assert(
      fc.property(strangers, strangers, (before, after) => {
        expect(compareInventories(before, after, marks).ours).toEqual([]);
      }),
    );
  });
});

function keys(list: readonly (string | { id: number })[]): string[] {
  return list.map((item) => (typeof item === "string" ? item : String(item.id)));
}

it("never offers anything of its own connection, whatever is on the node", () => {
  fc.assert(
    fc.property(anyInventory, (found) => {
      const leftovers = findLeftovers(found, marks);
      expect(leftovers.filter(({ tag }) => tag === OWN)).toEqual([]);
      expect(new Set(leftovers.map(({ id }) => id)).size).toBe(leftovers.length);
    }),
  );
});
