/**
 * What a node's picture can say about a record: the pod and container of a cgroup path, the name of an interface.
 *
 * Asked for when rows are read, not when they come: a later collection names earlier rows.
 */
import type { Datapath } from "../model/types.ts";
import { podOfCgroup } from "../parsers/lib/pod-cgroup.ts";

export interface PodNames {
  /** `namespace/name`, the pod's uid where nobody knows its name, null where the path is of no pod. */
  pod: string | null;
  /** Its name, or the first characters of its id. */
  container: string | null;
}

export interface TraceNames {
  ofCgroup(path: string): PodNames;
  /** `netns`: inode, as text. Null when the picture does not hold it. */
  ifname(netns: string, ifindex: number): string | null;
}

/** Paths that are remembered; a node has some hundred. */
const REMEMBERED = 10_000;
/** As many characters of a container's id as its own tools show. */
const ID_SHOWN = 12;

export function namesOf(datapath: Pick<Datapath, "pods" | "interfaces"> | null): TraceNames {
  const pods = new Map((datapath?.pods ?? []).map((pod) => [sameUid(pod.uid), pod]));
  const ifnames = new Map((datapath?.interfaces ?? []).map((one) => [`${one.netns} ${one.ifindex}`, one.name]));
  const known = new Map<string, PodNames>();
  function look(path: string): PodNames {
    const found = podOfCgroup(path);
    if (found === null) return { pod: null, container: null };
    const pod = pods.get(sameUid(found.uid));
    const id = found.container_id;
    const container = id === null ? undefined : pod?.containers.find((one) => one.id === id);
    return {
      pod: pod && pod.name !== null ? `${pod.namespace ?? "?"}/${pod.name}` : found.uid,
      container: container?.name ?? id?.slice(0, ID_SHOWN) ?? null,
    };
  }
  return {
    ofCgroup(path) {
      const before = known.get(path);
      if (before) return before;
      const now = look(path);
      if (known.size >= REMEMBERED) known.clear();
      known.set(path, now);
      return now;
    },
    ifname: (netns, ifindex) => ifnames.get(`${netns} ${ifindex}`) ?? null,
  };
}

/** Static pods are written with and without dashes in different places. */
const sameUid = (uid: string) => uid.replaceAll("-", "").toLowerCase();
