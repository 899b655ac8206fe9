/** Which lanes a run is about: all, those of an interface, those of a pod; and which of them are worth measuring. */
import { sharePackets } from "../../../findings/lib/stacks.ts";
import { entryLabel } from "../../../model/label.ts";
import type { Datapath, Iface, Pod } from "../../../model/types.ts";
import { type Lane, lanesOf } from "./lanes.ts";
import { stalenessOf } from "./signals.ts";

export interface Scope {
  /** Null: the whole node. */
  named: string | null;
  interfaces: readonly Iface[];
  lanes: readonly Lane[];
  /** Why nothing is in it. */
  problem: string | null;
}

export function scopeOf(datapath: Datapath, inputs: Readonly<Record<string, string>>): Scope {
  const { interface: ifname, pod } = inputs;
  const named = [...(ifname ? [`interface ${ifname}`] : []), ...(pod ? [`pod ${pod}`] : [])].join(" and ");
  if (named === "") return within(datapath, datapath.interfaces, null);
  const pods = pod ? podsNamed(datapath, pod) : null;
  if (pods?.length === 0) return nothing(named, `No pod on this node is called ${pod}.`);
  if (pods !== null && pods.length > 1) {
    return nothing(
      named,
      `${pods.length} pods are called ${pod}: give the namespace, too (${pods.map(podName).join(", ")}).`,
    );
  }
  const [one] = pods ?? [];
  if (one?.host_network) return nothing(named, `${podName(one)} uses the node's own interfaces: give one of those.`);
  const all = datapath.interfaces.filter(
    (iface) => (!ifname || iface.name === ifname) && (one === undefined || iface.pod === one.key),
  );
  // Every pod has an eth0: without a pod the node's own is meant, when there is one.
  const own = one === undefined ? all.filter(({ host_netns }) => host_netns) : [];
  const found = own.length > 0 ? own : all;
  if (found.length > 0) return within(datapath, found, named);
  return nothing(named, `${ifname ? `No interface ${ifname}` : `No interface of ${pod}`} was found in the picture.`);
}

const podName = (pod: Pod): string => (pod.name === null ? pod.uid : `${pod.namespace}/${pod.name}`);

function podsNamed({ pods }: Datapath, wanted: string): Pod[] {
  return pods.filter((pod) => pod.uid === wanted || pod.name === wanted || podName(pod) === wanted);
}

function within(datapath: Datapath, interfaces: readonly Iface[], named: string | null): Scope {
  const lanes = lanesOf(datapath).filter(({ iface }) => interfaces.includes(iface));
  return { named, interfaces, lanes, problem: null };
}

const nothing = (named: string, problem: string): Scope => ({ named, interfaces: [], lanes: [], problem });

/** Several programs that see the same packets, or one that was certainly left behind. */
export function isSuspect(lane: Lane, datapath: Datapath): boolean {
  return urgency(lane, datapath) > 0;
}

/** The higher, the sooner it is measured; 0 for what is not worth it. */
export function urgency(lane: Lane, datapath: Datapath): number {
  const words = lane.places.map((place) => stalenessOf(place, lane, datapath));
  const score = Math.max(0, ...words.map(({ word, score }) => (word === "established" ? score : 0)));
  if (isStack(lane)) return 1 + score + (words.some(({ word }) => word === "suspected") ? 1 : 0);
  return score;
}

function isStack({ places }: Lane): boolean {
  return places.some((one) => places.some((other) => other !== one && sharePackets(one, other)));
}

/** What of the node or of these interfaces could not be read, in words; empty when all was. */
export function gapsOf(datapath: Datapath, interfaces: readonly Iface[]): string[] {
  const inside = interfaces.filter(({ host_netns }) => !host_netns).map(({ netns }) => `netns:${netns}`);
  const places = new Set(["node", ...inside]);
  const unread = datapath.sections.filter(({ section, scope, ok }) => !ok && NEEDED.has(section) && places.has(scope));
  const { root, user } = datapath.node;
  return [
    ...(root ? [] : [`root: as ${user || "this user"} programs and attachments cannot all be seen`]),
    ...unread.map(({ section, scope, warnings }) => {
      const where = scope === "node" ? "" : ` of ${scope}`;
      return `${section}${where}: ${warnings[0]?.message ?? "could not be read"}`;
    }),
  ];
}

/** Attachments that the node's tools are too old to list: they change nothing about those that are seen. */
export function hiddenOf({ findings }: Datapath): string[] {
  return findings.filter(({ id }) => id === "old-bpftool").map(({ meaning }) => meaning);
}

/** What the chains are made of. */
const NEEDED = new Set(["bpf.prog", "bpf.net", "tc.filter", "net.link"]);

/** Entries in short, for what is said about a lane as a whole. */
export const entriesText = ({ places }: Lane): string =>
  places.map(({ entry, program }) => entryLabel(entry, program)).join("; ");
