/**
 * Pods of the node: from the cgroups of processes and from cgroup directories, named by /var/log/pods or
 * crictl. A pod without a running process is listed when its cgroup directory is still there.
 */
import type { Facts } from "../../facts/facts.ts";
import { type PodCgroup, podOfCgroup } from "../../parsers/lib/pod-cgroup.ts";
import type { Key, Pod } from "../types.ts";
import { podKey } from "./keys.ts";
import { belowCgroupMount, hostNetnsOf, type Processes, push } from "./processes.ts";

export interface Pods {
  list: Pod[];
  byKey: ReadonlyMap<Key, Pod>;
  /** Pod of a network namespace, the node's own excluded. */
  ofNetns: ReadonlyMap<string, Key>;
}

export function readPods(facts: Facts, processes: Processes): Pods {
  const { node } = facts;
  const hostNetns = hostNetnsOf(facts);
  const below = belowCgroupMount(facts);
  const byUid = new Map<string, Pod>();
  const seen = (found: PodCgroup): Pod => {
    const uid = sameUid(found.uid);
    let pod = byUid.get(uid);
    if (pod === undefined) {
      pod = emptyPod(found);
      byUid.set(uid, pod);
    }
    const id = found.container_id;
    if (id !== null && !pod.containers.some((one) => one.id === id)) {
      pod.containers.push({ id, runtime: found.runtime, name: null, image: null });
    }
    return pod;
  };

  for (const process of processes.byPid.values()) {
    if (process.pod === null) continue;
    const pod = seen(process.pod);
    pod.pids.push(process.pid);
    // Without the node's own inode nothing tells a pod's namespace from it.
    if (hostNetns === null) continue;
    if (process.netns === hostNetns) pod.host_network = true;
    else pod.netns ??= process.netns;
  }
  for (const row of node["cgroup.dirs"] ?? []) {
    const found = podOfCgroup(row.path);
    if (found !== null) seen(found).cgroups.push(below(row.path));
  }
  nameFromLogs(byUid, node["k8s.podlogs"] ?? []);
  nameFromCrictl(byUid, node["k8s.crictl"]);

  const list = [...byUid.values()];
  const ofNetns = new Map<string, Key>();
  for (const pod of list) {
    if (pod.netns !== null) pod.host_network = false;
    if (pod.netns !== null && !ofNetns.has(pod.netns)) ofNetns.set(pod.netns, pod.key);
  }
  return { list, byKey: new Map(list.map((pod) => [pod.key, pod])), ofNetns };
}

function emptyPod(found: PodCgroup): Pod {
  return {
    key: podKey(found.uid),
    uid: found.uid,
    namespace: null,
    name: null,
    name_source: null,
    qos: found.qos,
    containers: [],
    pids: [],
    netns: null,
    host_network: false,
    cgroups: [],
  };
}

/** Static pods are written with and without dashes in different places. */
function sameUid(uid: string): string {
  return uid.replaceAll("-", "").toLowerCase();
}

function nameFromLogs(
  byUid: Map<string, Pod>,
  rows: readonly { namespace: string; name: string; uid: string }[],
): void {
  for (const row of rows) {
    const pod = byUid.get(sameUid(row.uid));
    if (pod === undefined || pod.name !== null) continue;
    pod.namespace = row.namespace;
    pod.name = row.name;
    pod.name_source = "/var/log/pods";
  }
}

function nameFromCrictl(byUid: Map<string, Pod>, crictl: Facts["node"]["k8s.crictl"]): void {
  const containers = new Map<string, NonNullable<typeof crictl>["containers"]>();
  const uidOfSandbox = new Map((crictl?.pods ?? []).map((one) => [one.id, one.uid]));
  for (const one of crictl?.containers ?? []) {
    const uid = one.pod_uid ?? uidOfSandbox.get(one.pod_sandbox_id ?? "") ?? null;
    if (uid !== null) push(containers, sameUid(uid), one);
  }
  for (const row of crictl?.pods ?? []) {
    const pod = row.uid === null ? undefined : byUid.get(sameUid(row.uid));
    if (pod === undefined || pod.name !== null || row.name === null) continue;
    pod.namespace = row.namespace;
    pod.name = row.name;
    pod.name_source = "crictl";
  }
  for (const [uid, rows] of containers) {
    for (const row of rows) {
      const container = byUid.get(uid)?.containers.find((one) => one.id === row.id);
      if (container === undefined) continue;
      container.name = row.name;
      container.image = row.image;
    }
  }
}
