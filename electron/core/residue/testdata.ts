/** Inventories for tests, written down as what differs from an empty node. */
import type { OwnMarks } from "./leftovers.ts";
import type { NodeInventory } from "./types.ts";

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
