/**
 * What came, went and changed between two pictures of one node.
 *
 * Things are matched by their keys. Numbers that only ever grow (run counts, packet counters, drops) and
 * what follows from them are not changes; neither are holders' pids of things that are otherwise the same.
 * Ids are given by the kernel once and never reused while a thing lives, except programs and maps after
 * their counters wrap, which no node lives to see.
 */
import { entryLabel, hookLabel, programLabel } from "./label.ts";
import type { Datapath, Key, Program } from "./types.ts";

export interface Change {
  key: Key;
  what: "program" | "map" | "link" | "interface" | "entry" | "cgroup" | "tracing" | "pod";
  name: string;
  /** Fields that differ, as text; empty for things that came or went. */
  fields: { field: string; before: string; after: string }[];
}

export interface Changes {
  came: Change[];
  went: Change[];
  changed: Change[];
}

/** A thing reduced to what is compared. */
interface Item {
  what: Change["what"];
  name: string;
  fields: Record<string, unknown>;
}

export function compare(before: Datapath, after: Datapath): Changes {
  const old = itemsOf(before);
  const now = itemsOf(after);
  const changes: Changes = { came: [], went: [], changed: [] };
  for (const [key, item] of now) {
    const known = old.get(key);
    if (known === undefined) {
      changes.came.push({ key, what: item.what, name: item.name, fields: [] });
      continue;
    }
    const fields = differences(known.fields, item.fields);
    if (fields.length > 0) changes.changed.push({ key, what: item.what, name: item.name, fields });
  }
  for (const [key, item] of old) {
    if (!now.has(key)) changes.went.push({ key, what: item.what, name: item.name, fields: [] });
  }
  return changes;
}

function itemsOf(datapath: Datapath): Map<Key, Item> {
  const items = new Map<Key, Item>();
  const programs = new Map(datapath.programs.map((one) => [one.id, one]));
  for (const one of datapath.programs) {
    const { name, type, tag, loaded_at, pinned, map_ids } = one;
    items.set(one.key, {
      what: "program",
      name: programLabel(one.id, one),
      fields: { name, type, tag, loaded_at, pinned, map_ids, owner: one.owner?.family ?? null },
    });
  }
  for (const one of datapath.maps) {
    const { name, type, flags, max_entries, frozen, pinned, used_by } = one;
    items.set(one.key, {
      what: "map",
      name: name === "" ? `map ${one.id}` : `${name} (map ${one.id})`,
      fields: { name, type, flags, max_entries, frozen, pinned, used_by },
    });
  }
  for (const one of datapath.links) {
    const { type, prog_id, pinned, details } = one;
    items.set(one.key, { what: "link", name: `${type} link ${one.id}`, fields: { type, prog_id, pinned, ...details } });
  }
  addInterfaces(datapath, programs, items);
  for (const one of datapath.cgroups) {
    const { attach_flags, order, link_id } = one;
    const name = `${one.cgroup} ${one.attach_type}: ${programLabel(one.prog_id, programs.get(one.prog_id))}`;
    items.set(one.key, { what: "cgroup", name, fields: { attach_flags, order, link_id } });
  }
  for (const one of datapath.tracing) {
    const { kind, target, prog_id, link_id } = one;
    const program = prog_id === null ? undefined : programs.get(prog_id);
    const name = `${kind} ${target}: ${programLabel(prog_id, program)}`;
    items.set(one.key, { what: "tracing", name, fields: { kind, target, prog_id, link_id } });
  }
  for (const one of datapath.pods) {
    const name = one.name === null ? one.uid : `${one.namespace}/${one.name}`;
    const containers = one.containers.map((container) => container.id).sort();
    items.set(one.key, { what: "pod", name, fields: { netns: one.netns, host_network: one.host_network, containers } });
  }
  return items;
}

function addInterfaces(datapath: Datapath, programs: ReadonlyMap<number, Program>, items: Map<Key, Item>): void {
  for (const iface of datapath.interfaces) {
    const { name, kind, mac, mtu, up, addresses, peer, pod, master, driver } = iface;
    const qdiscs = iface.hooks.flatMap((hook) => (hook.qdisc === null ? [] : [`${hook.hook} ${hook.qdisc.kind}`]));
    items.set(iface.key, {
      what: "interface",
      name,
      fields: { name, kind, driver, mac, mtu, up, addresses, peer, pod, master, qdiscs },
    });
    for (const hook of iface.hooks) {
      for (const entry of hook.entries) {
        const { order, mode, protocol, direct_action, prog_id, link_id, reachable } = entry;
        const program = prog_id === null ? undefined : programs.get(prog_id);
        items.set(entry.key, {
          what: "entry",
          name: `${hookLabel(iface, hook)}: ${entryLabel(entry, program)}`,
          // `cannot_tell` becomes `yes` with the first counted run: growth, not change.
          fields: { order, mode, protocol, direct_action, prog_id, link_id, never_runs: reachable.value === "no" },
        });
      }
    }
  }
}

function differences(before: Record<string, unknown>, after: Record<string, unknown>): Change["fields"] {
  const fields: Change["fields"] = [];
  for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [old, now] = [textOf(before[field]), textOf(after[field])];
    if (old !== now) fields.push({ field, before: old, after: now });
  }
  return fields;
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return "";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
