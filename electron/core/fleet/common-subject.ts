/**
 * What something of a node is about, in words that fit other nodes, too: without the node's own name, the names of its
 * pods' interfaces, ids, and what Kubernetes appends to the names of pods.
 */
import type { Datapath } from "../model/types.ts";
import { rolesIn } from "./roles.ts";

/** `lxc1a2b egress (out → pod), pref 1: cil_x (id 7)` → `pod interfaces egress (out → pod), pref 1: cil_x`. */
export type CommonSubject = (subject: string) => string;

/** `datapath` null: without a picture only numbers can be told to be the node's own. */
export function commonSubjects(datapath: Datapath | null): CommonSubject {
  const own = datapath === null ? new Map<string, string>() : ownNames(datapath);
  return (subject) =>
    subject
      .split(" ")
      .map((word) => inCommon(word, own))
      .join(" ")
      .replace(/ ?\((id|map|pid) \d+\)/g, "")
      .replace(/ ?\((pids \d[\d, ]*|\d+ processes, pids \d+ to \d+)\)/g, "")
      .replace(/ and \d+ more$/, "")
      .replace(/ on \d+ hooks?$/, " on its hooks")
      .replace(/\b(program|map|pid|network namespace) \d+\b/g, "$1");
}

/** A name may end a part of a sentence. */
function inCommon(word: string, own: ReadonlyMap<string, string>): string {
  const [, name = "", end = ""] = /^(.*?)([,:;]?)$/s.exec(word) ?? [];
  return own.get(word) ?? (own.has(name) ? `${own.get(name)}${end}` : word);
}

/** Names that mean something on this node only, with what stands for them. */
function ownNames(datapath: Datapath): Map<string, string> {
  const roleOf = rolesIn(datapath);
  const { hostname } = datapath.node;
  const own = new Map<string, string>(hostname === "" ? [] : [[hostname, "this node"]]);
  for (const { namespace, name } of datapath.pods) {
    if (namespace !== null && name !== null) own.set(`${namespace}/${name}`, `${namespace}/${workloadOf(name)}`);
  }
  for (const iface of datapath.interfaces) {
    const { name, many } = roleOf(iface);
    // A name that is also one of the node's own stays as it is.
    if (many && iface.host_netns) own.set(iface.name, name);
  }
  return own;
}

/** `web-7d4b9c6f5d-x2x5z` → `web-…`. The letters are those of apimachinery/pkg/util/rand. */
function workloadOf(pod: string): string {
  return pod.replace(/(-[bcdfghjklmnpqrstvwxz2456789]{6,10})?-[bcdfghjklmnpqrstvwxz2456789]{5}$/, "-…");
}
