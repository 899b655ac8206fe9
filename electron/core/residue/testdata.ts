/** Inventories for tests, written down as what differs from an empty node. */
import fc from "fast-check";
import type { OwnMarks } from "./leftovers.ts";
import type { NodeInventory, ResidueKind } from "./types.ts";

export const OWN = "bpfdesk.aaaaaaaaaaaa.000000000001";
export const OWN_EARLIER = "bpfdesk.aaaaaaaaaaaa.000000000000";
export const OWN_OTHER = "bpfdesk.aaaaaaaaaaaa.000000000002";
export const FOREIGN = "bpfdesk.bbbbbbbbbbbb.000000000001";
export const marks: OwnMarks = { tag: OWN, installation: "aaaaaaaaaaaa" };

export function inventory(parts: Partial<NodeInventory> = {}): NodeInventory {
  return {
    at: 0,
    programs: [],
    maps: [],
    links: [],
    pins: [],
    qdiscs: [],
    filters: [],
    folders: [],
    processes: [],
    bpf_stats_enabled: 0,
    blind: [],
    unread: [],
    ...parts,
  };
}

export function program(id: number, parts: Partial<NodeInventory["programs"][number]> = {}) {
  return { id, type: "sched_cls", name: "", tag: `tag${id}`, map_ids: [], pids: [], pinned: [], ...parts };
}

export function map(id: number, parts: Partial<NodeInventory["maps"][number]> = {}) {
  return { id, type: "hash", name: "", pids: [], pinned: [], ...parts };
}

export function process(pid: number, tag: string, comm = "bpftrace") {
  return { pid, ppid: 1, start: 1000 + pid, tag, comm, started_at: 1_000_000 + pid };
}

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

/** Any inventory of a small node on which everything may refer to anything. */
export const anyInventory: fc.Arbitrary<NodeInventory> = fc.record({
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
