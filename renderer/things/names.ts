/** What things are called on the screen. Pure; texts may hold node text and are shown through NodeText. */
import type { Key } from "../../electron/core/model/types.ts";
import { type DatapathIndex, podLabel, programLabel, type Thing } from "../stores/datapath-index.ts";

export const KIND_NAMES: Record<Thing["kind"], string> = {
  program: "Program",
  map: "Map",
  link: "Link",
  interface: "Interface",
  entry: "Attachment",
  cgroup: "cgroup attachment",
  tracing: "Attachment",
  pod: "Pod",
  finding: "Finding",
};

/** Title of a thing, e.g. `cil_from_container`, `lxc1a2b ingress (pod → out) #2`. */
export function thingTitle(index: DatapathIndex, thing: Thing): string {
  switch (thing.kind) {
    case "program":
      return programLabel(thing.value);
    case "map":
      return thing.value.name || `map ${thing.value.id}`;
    case "link":
      return `link ${thing.value.id}`;
    case "interface":
      return thing.value.name;
    case "entry":
      return `${thing.iface.name} ${hookTitle(thing)} #${thing.value.order}`;
    case "cgroup":
      return `${thing.value.attach_type} #${thing.value.order} on ${thing.value.cgroup}`;
    case "tracing":
      return [thing.value.kind, thing.value.target || programName(index, thing.value.prog_id)].join(" ").trim();
    case "pod":
      return podLabel(thing.value);
    case "finding":
      return thing.value.subject_name;
  }
}

/** Name of the thing a key names, or the key itself when it is gone. */
export function keyTitle(index: DatapathIndex, key: Key): string {
  const thing = index.things.get(key);
  return thing ? thingTitle(index, thing) : key;
}

/** Name of a program by id; empty for none, `prog 7` for one that was not listed. */
export function programName(index: DatapathIndex, id: number | null): string {
  if (id === null) return "";
  const program = index.programById.get(id);
  return program ? programLabel(program) : `prog ${id}`;
}

/** Where a program is attached, in words: `lxc1 ingress (pod → out)`, … */
export function attachedTo(index: DatapathIndex, keys: readonly Key[]): string[] {
  return keys.map((key) => {
    const thing = index.things.get(key);
    if (thing?.kind === "entry") return `${thing.iface.name} ${hookTitle(thing)}`;
    return thing ? thingTitle(index, thing) : key;
  });
}

function hookTitle(thing: Extract<Thing, { kind: "entry" }>): string {
  return thing.hook.direction === "" ? thing.hook.hook : thing.hook.direction;
}
