/** Values the picture of a node can offer for a parameter of a tracer, with words that tell them apart. Pure. */
import type { Iface } from "../../../electron/core/model/types.ts";
import type { TracerParam } from "../../../electron/core/trace/manifest.ts";
import { attachedTo } from "../../things/names.ts";
import { type DatapathIndex, podLabel, programLabel } from "../datapath-index.ts";

export interface Suggestion {
  value: string;
  /** What it is; text of the node. */
  text: string;
}

type Kind = NonNullable<TracerParam["suggests"]>;

/** What can be offered; each value once, the likeliest first. */
export function suggestionsFor(kind: Kind, index: DatapathIndex): Suggestion[] {
  const seen = new Set<string>();
  return sources[kind](index).filter(({ value }) => !seen.has(value) && seen.add(value));
}

const sources: Record<Kind, (index: DatapathIndex) => Suggestion[]> = {
  ifname: (index) => {
    const { interfaces } = index.datapath;
    // A name of another namespace means nothing to a tracer that runs in the node's own.
    const own = interfaces.filter((iface) => iface.host_netns);
    const weight = (iface: Iface) => iface.hooks.reduce((sum, hook) => sum + hook.entries.length, 0);
    return [...own]
      .sort((a, b) => weight(b) - weight(a))
      .map((iface) => ({ value: iface.name, text: ifaceText(index, iface) }));
  },
  prog_id: (index) =>
    [...index.datapath.programs]
      .sort((a, b) => Number(b.attached.length > 0) - Number(a.attached.length > 0) || a.id - b.id)
      .map((program) => {
        const places = attachedTo(index, program.attached);
        const more = places.length > 1 ? ` and ${places.length - 1} more` : "";
        const where = places[0] === undefined ? "" : `, ${places[0]}${more}`;
        return { value: String(program.id), text: `${programLabel(program)}, ${program.type}${where}` };
      }),
  map_id: ({ datapath }) =>
    datapath.maps.map((map) => ({ value: String(map.id), text: `${map.name || "no name"}, ${map.type}` })),
  pid: (index) => [
    ...index.datapath.node.agents.map(({ pid, comm, family }) => ({ value: String(pid), text: `${comm}, ${family}` })),
    ...[...index.datapath.programs, ...index.datapath.maps].flatMap(({ pids }) =>
      pids.map(({ pid, comm }) => ({ value: String(pid), text: `${comm}, holds programs or maps` })),
    ),
    ...index.datapath.pods.flatMap((pod) =>
      pod.pids.map((pid) => ({ value: String(pid), text: `in pod ${podLabel(pod)}` })),
    ),
  ],
  netns: (index) =>
    index.datapath.netns.map((netns) => ({
      value: netns.inode,
      text: [netns.host ? "the node's own" : "", netns.name ?? "", podText(index, netns.pod)]
        .filter(Boolean)
        .join(", "),
    })),
  pod: ({ datapath }) => datapath.pods.map((pod) => ({ value: podLabel(pod), text: pod.uid })),
  ip: (index) =>
    index.datapath.interfaces.flatMap((iface) =>
      iface.addresses.map((address) => ({ value: address.replace(/\/\d+$/, ""), text: ifaceText(index, iface) })),
    ),
};

/** Kind, pod, and which way each hook looks: `veth, pod shop/web-1, ingress (pod → out)`. */
function ifaceText(index: DatapathIndex, iface: Iface): string {
  const hooks = iface.hooks.filter((hook) => hook.entries.length > 0 && hook.direction !== "");
  const pod = podText(index, iface.pod);
  return [iface.host_netns ? iface.kind : `${iface.name}, ${iface.kind}`, pod, ...hooks.map((hook) => hook.direction)]
    .filter(Boolean)
    .join(", ");
}

function podText(index: DatapathIndex, key: string | null): string {
  const thing = key === null ? undefined : index.things.get(key);
  return thing?.kind === "pod" ? `pod ${podLabel(thing.value)}` : "";
}

/** Those that fit what was typed: anywhere in the value or its words. In a list: what was typed after the last comma. */
export function fitting(
  suggestions: readonly Suggestion[],
  typed: string,
  isList: boolean,
): (Suggestion & { id: string })[] {
  const given = isList ? typed.split(",").map((item) => item.trim()) : [];
  const word = (isList ? (given.at(-1) ?? "") : typed.trim()).toLowerCase();
  const whole = suggestions.some(({ value }) => value === typed.trim());
  return suggestions
    .filter(({ value }) => !given.slice(0, -1).includes(value))
    .filter(({ value, text }) => whole || `${value} ${text}`.toLowerCase().includes(word))
    .map((suggestion) => ({ ...suggestion, id: suggestion.value }));
}

/** The list with a value in place of the word that was begun at its end, ready for another. */
export function addToList(list: string, value: string): string {
  const items = list.split(",").map((item) => item.trim());
  return [...items.slice(0, -1).filter((item) => item !== ""), value].join(", ");
}
