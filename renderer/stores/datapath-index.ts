/**
 * Look-ups over one datapath: any key to the thing it names, ids to programs and maps, findings by
 * the things they concern. Pure and built once per picture; nothing here is a new fact.
 */
import type {
  BpfMap,
  CgroupAttachment,
  Datapath,
  Finding,
  Hook,
  HookEntry,
  Iface,
  Key,
  Link,
  OtherAttachment,
  Pod,
  Program,
  TailCall,
} from "../../electron/core/model/types.ts";

/** A thing a key can name. */
export type Thing =
  | { kind: "program"; key: Key; value: Program }
  | { kind: "map"; key: Key; value: BpfMap }
  | { kind: "link"; key: Key; value: Link }
  | { kind: "interface"; key: Key; value: Iface }
  | { kind: "entry"; key: Key; value: HookEntry; iface: Iface; hook: Hook }
  | { kind: "cgroup"; key: Key; value: CgroupAttachment }
  | { kind: "tracing"; key: Key; value: OtherAttachment }
  | { kind: "pod"; key: Key; value: Pod }
  | { kind: "finding"; key: Key; value: Finding };

export interface DatapathIndex {
  datapath: Datapath;
  things: ReadonlyMap<Key, Thing>;
  programById: ReadonlyMap<number, Program>;
  mapById: ReadonlyMap<number, BpfMap>;
  linkById: ReadonlyMap<number, Link>;
  /** Findings by subject and related keys, and for an interface also those of its entries. */
  findingsOf: ReadonlyMap<Key, readonly Finding[]>;
  /** Tail calls by calling and by called program id. */
  tailCallsFrom: ReadonlyMap<number, readonly TailCall[]>;
  tailCallsTo: ReadonlyMap<number, readonly TailCall[]>;
}

/** The key a finding is selected by; findings have none of their own in the model. */
export function findingKey(finding: Finding): Key {
  return `finding:${finding.id}:${finding.subject}`;
}

const cache = new WeakMap<Datapath, DatapathIndex>();

/** The index of a picture; the same object for the same picture. */
export function indexOf(datapath: Datapath): DatapathIndex {
  const known = cache.get(datapath);
  if (known) return known;
  const built = build(datapath);
  cache.set(datapath, built);
  return built;
}

/** `namespace/name` of a pod, or its UID while the name is unknown. */
export function podLabel(pod: Pod): string {
  return pod.name === null ? pod.uid : `${pod.namespace ?? "?"}/${pod.name}`;
}

/** Name of a program as lists show it: its own name, or its id when the kernel keeps none. */
export function programLabel(program: Program): string {
  return program.name === "" ? `prog ${program.id}` : program.name;
}

function build(datapath: Datapath): DatapathIndex {
  const things = new Map<Key, Thing>();
  const put = (thing: Thing) => things.set(thing.key, thing);
  for (const value of datapath.programs) put({ kind: "program", key: value.key, value });
  for (const value of datapath.maps) put({ kind: "map", key: value.key, value });
  for (const value of datapath.links) put({ kind: "link", key: value.key, value });
  for (const value of datapath.cgroups) put({ kind: "cgroup", key: value.key, value });
  for (const value of datapath.tracing) put({ kind: "tracing", key: value.key, value });
  for (const value of datapath.pods) put({ kind: "pod", key: value.key, value });
  for (const value of datapath.findings) put({ kind: "finding", key: findingKey(value), value });
  for (const iface of datapath.interfaces) {
    put({ kind: "interface", key: iface.key, value: iface });
    for (const hook of iface.hooks) {
      // A finding may be about a hook as a whole; its page is the interface's.
      things.set(`${iface.key}:${hook.hook}`, { kind: "interface", key: iface.key, value: iface });
      for (const value of hook.entries) put({ kind: "entry", key: value.key, value, iface, hook });
    }
  }
  return {
    datapath,
    things,
    programById: new Map(datapath.programs.map((program) => [program.id, program])),
    mapById: new Map(datapath.maps.map((map) => [map.id, map])),
    linkById: new Map(datapath.links.map((link) => [link.id, link])),
    findingsOf: findingsByKey(datapath, things),
    tailCallsFrom: Map.groupBy(datapath.tail_calls, (call) => call.from),
    tailCallsTo: Map.groupBy(datapath.tail_calls, (call) => call.to),
  };
}

function findingsByKey(datapath: Datapath, things: ReadonlyMap<Key, Thing>): Map<Key, Finding[]> {
  const found = new Map<Key, Set<Finding>>();
  const add = (key: Key, finding: Finding) => {
    const list = found.get(key);
    if (list) list.add(finding);
    else found.set(key, new Set([finding]));
  };
  for (const finding of datapath.findings) {
    for (const key of [finding.subject, ...finding.related]) {
      add(key, finding);
      const thing = things.get(key);
      if (thing?.kind === "entry") add(thing.iface.key, finding);
      else if (thing && thing.key !== key) add(thing.key, finding);
    }
  }
  return new Map([...found].map(([key, list]) => [key, [...list]]));
}
