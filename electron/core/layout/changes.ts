/**
 * A comparison of two pictures as the layout needs it: by key, and with what went put back in its place.
 *
 * What counts as a change is said by `model/compare.ts`, so that the picture marks what lists of
 * changes name.
 */
import { compare } from "../model/compare.ts";
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
  /** What differs, a line a field, e.g. `order: 2, was 1`. */
  fields(key: Key): string[];
  /** Hooks of an interface with what went put back in its old place. */
  hooks(iface: Iface): readonly Hook[];
  /** Interfaces that went and had something attached, as they were. */
  gone_interfaces: readonly Iface[];
  gone_cgroups: readonly CgroupAttachment[];
  gone_others: readonly OtherAttachment[];
  /** A program by id that only the picture before had. */
  goneProgram(id: number): Program | undefined;
}

const NOTHING: Changes = {
  of: () => null,
  fields: () => [],
  hooks: (iface) => iface.hooks,
  gone_interfaces: [],
  gone_cgroups: [],
  gone_others: [],
  goneProgram: () => undefined,
};

/** The last comparison of each picture: folding and filtering lay out the same two again and again. */
const last = new WeakMap<Datapath, { before: Datapath; changes: Changes }>();

/** Compares `now` with `before`; with no `before`, nothing has changed. */
export function compareDatapaths(before: Datapath | null, now: Datapath): Changes {
  if (!before || before === now) return NOTHING;
  const known = last.get(now);
  if (known?.before === before) return known.changes;
  const changes = makeChanges(before, now);
  last.set(now, { before, changes });
  return changes;
}

function makeChanges(before: Datapath, now: Datapath): Changes {
  const compared = compare(before, now);
  const kinds = new Map<Key, Change>();
  for (const { key } of compared.came) kinds.set(key, "came");
  for (const { key } of compared.went) kinds.set(key, "went");
  for (const { key } of compared.changed) kinds.set(key, "changed");
  const fields = new Map(compared.changed.map((change) => [change.key, change.fields]));
  const oldInterfaces = new Map(before.interfaces.map((iface) => [iface.key, iface]));
  const oldPrograms = new Map(before.programs.map((program) => [program.id, program]));
  const went = (thing: { key: Key }) => kinds.get(thing.key) === "went";
  return {
    of: (key) => kinds.get(key) ?? null,
    fields: (key) =>
      (fields.get(key) ?? []).map(({ field, before: was, after }) => `${field}: ${after || "–"}, was ${was || "–"}`),
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
