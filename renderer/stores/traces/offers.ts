/**
 * Which tracers can be asked about a thing of the picture, and with which parameters. Goes by what the manifests say
 * their parameters take (`suggests`, values of an enum), so that a new tracer is offered where it fits.
 */
import type { HookName, Iface } from "../../../electron/core/model/types.ts";
import type { TracerManifest, TracerParam } from "../../../electron/core/trace/manifest.ts";
import { type DatapathIndex, podLabel, type Thing } from "../datapath-index.ts";

export interface Offer {
  tracer: TracerManifest;
  params: Record<string, string>;
}

type Suggested = NonNullable<TracerParam["suggests"]>;

/** What is known of a thing in terms of parameters; `words` may be values of an enum. */
interface Known {
  values: Partial<Record<Suggested, string[]>>;
  words: string[];
}

/** One offer for each tracer that has a parameter this thing can fill. */
export function offersFor(thing: Thing, index: DatapathIndex, tracers: readonly TracerManifest[]): Offer[] {
  const known = knownOf(thing, index);
  return tracers.flatMap((tracer) => {
    const params = fill(tracer.params, known);
    return params === null ? [] : [{ tracer, params }];
  });
}

/** Null when nothing of it is asked for. */
function fill(params: readonly TracerParam[], { values: all, words }: Known): Record<string, string> | null {
  const filled: Record<string, string> = {};
  const values = oneWay(all, new Set(params.map(({ suggests }) => suggests)));
  for (const param of params) {
    const of = param.suggests === undefined ? undefined : values[param.suggests];
    if (of && of.length > 0) filled[param.name] = param.type === "list" ? of.join(",") : (of[0] ?? "");
  }
  if (Object.keys(filled).length === 0) return null;
  for (const param of params) {
    // A direction is one of the interface, not of a program.
    const word = param.type === "enum" && values.ifname ? words.find((one) => param.values?.includes(one)) : undefined;
    if (word !== undefined) filled[param.name] = word;
  }
  return filled;
}

/**
 * Interface and programs are two ways to say the same, and only one of them is given: the interface where the tracer can
 * find it, which in another namespace it can only when it is told which.
 */
function oneWay(values: Known["values"], taken: ReadonlySet<string | undefined>): Known["values"] {
  const { ifname, prog_id, ...others } = values;
  const named = ifname !== undefined && taken.has("ifname") && (others.netns === undefined || taken.has("netns"));
  if (named) return { ...others, ifname };
  return prog_id === undefined ? others : { ...others, prog_id };
}

const DIRECTIONS: Partial<Record<HookName, string>> = { tc_ingress: "ingress", tc_egress: "egress", xdp: "xdp" };

function knownOf(thing: Thing, index: DatapathIndex): Known {
  switch (thing.kind) {
    case "entry": {
      const { iface, hook, value: entry } = thing;
      const words = [DIRECTIONS[hook.hook] ?? "", entry.mechanism];
      return { values: { ...placeOf(iface), prog_id: ids(hook.entries.map((one) => one.prog_id)) }, words };
    }
    case "interface": {
      const iface = thing.value;
      const entries = iface.hooks.flatMap((hook) => hook.entries);
      const prog_id = ids(entries.map((one) => one.prog_id));
      return { values: { ...placeOf(iface), prog_id, ip: addresses(iface.addresses) }, words: [] };
    }
    case "program":
      // Only what is attached sees packets by itself; a tail-called one is reached through another.
      return { values: thing.value.attached.length > 0 ? { prog_id: [String(thing.value.id)] } : {}, words: [] };
    case "map":
      return { values: { map_id: [String(thing.value.id)] }, words: [] };
    case "pod": {
      const { value: pod } = thing;
      const own = index.datapath.interfaces.filter((iface) => iface.pod === pod.key && !iface.pod_host_end);
      return {
        values: {
          pod: [podLabel(pod)],
          ...(pod.netns === null ? {} : { netns: [pod.netns] }),
          ip: addresses(own.flatMap((iface) => iface.addresses)),
        },
        words: [],
      };
    }
    case "link":
      return { values: { prog_id: ids([thing.value.prog_id]) }, words: [] };
    case "cgroup":
    case "tracing":
    case "finding":
      return { values: {}, words: [] };
  }
}

/** Its name, and where that is not the node's own namespace: which. */
function placeOf(iface: Iface): Known["values"] {
  return { ifname: [iface.name], ...(iface.host_netns ? {} : { netns: [iface.netns] }) };
}

function ids(found: readonly (number | null)[]): string[] {
  return [...new Set(found.filter((id) => id !== null).map(String))];
}

/** Without the prefix length, and without what only means the link itself. */
function addresses(found: readonly string[]): string[] {
  return found
    .map((address) => address.replace(/\/\d+$/, ""))
    .filter((address) => !/^(fe80:|127\.|::1$)/.test(address));
}
