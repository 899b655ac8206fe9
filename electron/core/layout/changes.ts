/**
 * What came, went and changed between two pictures of one node, per attachment.
 *
 * Things are the same when their keys are. What went is kept with its place, so that a picture can
 * show the gap it left. Says nothing about why.
 */
import type {
  CgroupAttachment,
  Datapath,
  Hook,
  HookEntry,
  Iface,
  Key,
  OtherAttachment,
  Program,
} from "../model/types.ts";
import type { Change } from "./types.ts";

export interface Changes {
  /** Of an attachment, interface or program; null when it is as it was, or when there is nothing to compare. */
  of(key: Key): Change | null;
  /** Hooks of an interface with what went put back in its old place. */
  hooks(iface: Iface): readonly Hook[];
  /** Interfaces that went, as they were. */
  gone_interfaces: readonly Iface[];
  gone_cgroups: readonly CgroupAttachment[];
  gone_others: readonly OtherAttachment[];
  /** A program by id, also one that only the picture before had. */
  goneProgram(id: number): Program | undefined;
}

const NOTHING: Changes = {
  of: () => null,
  hooks: (iface) => iface.hooks,
  gone_interfaces: [],
  gone_cgroups: [],
  gone_others: [],
  goneProgram: () => undefined,
};

/** Compares `now` with `before`; with no `before`, nothing has changed. */
export function compareDatapaths(before: Datapath | null, now: Datapath): Changes {
  if (!before || before === now) return NOTHING;
  const old = signatures(before);
  const current = signatures(now);
  const changes = new Map<Key, Change>();
  for (const [key, signature] of current) {
    const was = old.get(key);
    if (was === undefined) changes.set(key, "came");
    else if (was !== signature) changes.set(key, "changed");
  }
  for (const key of old.keys()) if (!current.has(key)) changes.set(key, "went");
  const oldInterfaces = new Map(before.interfaces.map((iface) => [iface.key, iface]));
  const oldPrograms = new Map(before.programs.map((program) => [program.id, program]));
  const went = (thing: { key: Key }) => changes.get(thing.key) === "went";
  return {
    of: (key) => changes.get(key) ?? null,
    hooks: (iface) => mergeHooks(iface.hooks, oldInterfaces.get(iface.key)?.hooks ?? [], went),
    gone_interfaces: before.interfaces.filter((iface) => went(iface) && iface.hooks.length > 0),
    gone_cgroups: before.cgroups.filter(went),
    gone_others: before.tracing.filter(went),
    goneProgram: (id) => oldPrograms.get(id),
  };
}

function mergeHooks(now: readonly Hook[], before: readonly Hook[], went: (entry: HookEntry) => boolean): Hook[] {
  const merged = now.map((hook) => {
    const gone = before.find((old) => old.hook === hook.hook)?.entries.filter(went) ?? [];
    return gone.length === 0 ? hook : { ...hook, entries: putBack(hook.entries, gone) };
  });
  for (const old of before) {
    const gone = old.entries.filter(went);
    if (gone.length > 0 && !now.some((hook) => hook.hook === old.hook)) merged.push({ ...old, entries: gone });
  }
  return merged;
}

/** Puts each entry that went in front of the one that now has its number. */
function putBack(entries: readonly HookEntry[], gone: readonly HookEntry[]): HookEntry[] {
  const result = [...entries];
  for (const entry of gone.toSorted((a, b) => a.order - b.order)) result.splice(entry.order - 1, 0, entry);
  return result;
}

/** Everything whose change is worth a mark, in one string a thing. Counters are not. */
function signatures(datapath: Datapath): Map<Key, string> {
  const result = new Map<Key, string>();
  const tags = new Map(datapath.programs.map((program) => [program.id, program.tag]));
  for (const iface of datapath.interfaces) {
    result.set(iface.key, `${iface.name} ${iface.up} ${iface.pod} ${iface.master}`);
    for (const hook of iface.hooks)
      for (const entry of hook.entries)
        result.set(
          entry.key,
          [
            entry.prog_id,
            entry.prog_id === null ? "" : tags.get(entry.prog_id),
            entry.order,
            entry.mode,
            entry.pref,
            entry.handle,
            entry.reachable.value,
          ].join(" "),
        );
  }
  for (const at of datapath.cgroups) result.set(at.key, `${at.prog_id} ${at.order} ${at.attach_flags}`);
  for (const at of datapath.tracing) result.set(at.key, `${at.prog_id} ${at.target}`);
  for (const program of datapath.programs) result.set(program.key, `${program.tag} ${program.name}`);
  return result;
}
