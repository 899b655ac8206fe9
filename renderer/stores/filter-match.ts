/**
 * Which keys a filter lets through. Pure.
 *
 * All conditions are judged together on each attachment (interface, hook, program, owner, pod), so
 * "owner cilium on hook xdp" does not show a cilium program that sits elsewhere. A program, map or
 * interface is visible when one of its attachments is, or when it fits by itself.
 */
import type { Datapath, Iface, Key, Owner, Program } from "../../electron/core/model/types.ts";
import { type DatapathIndex, indexOf, podLabel } from "./datapath-index.ts";
import type { FilterState } from "./filter-state.ts";

/** True when nothing is filtered. */
export function isEmptyFilter(filter: FilterState): boolean {
  return (
    filter.text.trim() === "" &&
    filter.pod === null &&
    filter.owner === null &&
    filter.hook === null &&
    filter.finding === null
  );
}

/** Keys of everything the filter lets through; null for an empty filter (everything). */
export function visibleKeys(datapath: Datapath, filter: FilterState): ReadonlySet<Key> | null {
  if (isEmptyFilter(filter)) return null;
  const index = indexOf(datapath);
  const match = matcher(index, filter);
  const visible = new Set<Key>();
  const programs = new Set<number>();
  for (const iface of datapath.interfaces) {
    const place = [iface.name, podText(index, iface.pod), ...iface.addresses];
    for (const hook of iface.hooks) {
      for (const entry of hook.entries) {
        const program = entry.prog_id === null ? undefined : index.programById.get(entry.prog_id);
        const words = [...place, entry.attach_name ?? "", ...programWords(program)];
        const keys = [iface.key, entry.key, program?.key];
        if (match({ words, pod: iface.pod, owner: program?.owner ?? null, hook: hook.hook, keys })) {
          visible.add(entry.key).add(iface.key);
          if (program) programs.add(program.id);
        }
      }
    }
    if (match({ words: place, pod: iface.pod, owner: undefined, hook: undefined, keys: [iface.key] })) {
      visible.add(iface.key);
    }
  }
  for (const at of [...datapath.cgroups, ...datapath.tracing]) {
    const program = at.prog_id === null ? undefined : index.programById.get(at.prog_id);
    const isCgroup = "cgroup" in at;
    const pod = isCgroup ? at.pod : null;
    const own = isCgroup ? [at.cgroup, at.attach_type, podText(index, pod)] : [at.kind, at.target];
    const words = [...own, ...programWords(program)];
    const hook = isCgroup ? "cgroup" : "tracing";
    if (match({ words, pod, owner: program?.owner ?? null, hook, keys: [at.key, program?.key] })) {
      visible.add(at.key);
      if (program) programs.add(program.id);
    }
  }
  for (const program of datapath.programs) {
    const itself = { words: programWords(program), pod: program.owner?.pod ?? null, owner: program.owner };
    if (programs.has(program.id) || match({ ...itself, hook: undefined, keys: [program.key] })) {
      visible.add(program.key);
      programs.add(program.id);
    }
  }
  for (const map of datapath.maps) {
    const words = [map.name, String(map.id), map.type, ...map.pinned];
    const itself = { words, pod: map.owner?.pod ?? null, owner: map.owner, hook: undefined, keys: [map.key] };
    if (map.used_by.some((id) => programs.has(id)) || match(itself)) visible.add(map.key);
  }
  for (const link of datapath.links) {
    const words = [String(link.id), link.type, ...link.pinned];
    const held = link.prog_id !== null && programs.has(link.prog_id);
    if (held || match({ words, pod: null, owner: undefined, hook: undefined, keys: [link.key] })) visible.add(link.key);
  }
  for (const pod of datapath.pods) {
    const words = [podLabel(pod), pod.uid];
    if (match({ words, pod: pod.key, owner: undefined, hook: undefined, keys: [pod.key] })) visible.add(pod.key);
  }
  return visible;
}

/** What a condition looks at. `undefined` means: the thing has no such property, so a condition on it fails. */
interface Candidate {
  words: string[];
  pod: Key | null;
  owner: Owner | null | undefined;
  hook: string | undefined;
  keys: (Key | undefined)[];
}

function matcher(index: DatapathIndex, filter: FilterState): (candidate: Candidate) => boolean {
  const text = filter.text.trim().toLowerCase();
  const concerned = filter.finding === null ? null : concernedKeys(index, filter.finding);
  return ({ words, pod, owner, hook, keys }) =>
    (text === "" || words.some((word) => word.toLowerCase().includes(text))) &&
    (filter.pod === null || pod === filter.pod) &&
    (filter.owner === null || (owner !== undefined && (owner?.family ?? "unknown") === filter.owner)) &&
    (filter.hook === null || hook === filter.hook) &&
    (concerned === null || keys.some((key) => key !== undefined && concerned.has(key)));
}

function concernedKeys(index: DatapathIndex, key: Key): Set<Key> {
  const thing = index.things.get(key);
  return new Set(thing?.kind === "finding" ? [thing.value.subject, ...thing.value.related] : []);
}

function programWords(program: Program | undefined): string[] {
  return program
    ? [program.name, String(program.id), program.tag, program.type, program.owner?.family ?? "", ...program.pinned]
    : [];
}

function podText(index: DatapathIndex, key: Iface["pod"]): string {
  const thing = key === null ? undefined : index.things.get(key);
  return thing?.kind === "pod" ? podLabel(thing.value) : "";
}
