/**
 * Which pod and container a cgroup path belongs to, from the path alone.
 *
 * Understands the kubelet's systemd and cgroupfs drivers, containerd, CRI-O, docker and podman names,
 * kind nodes (every slice prefixed with `kubelet-`, nested below the node's own container), static pods
 * (uid without dashes), `slice:runtime:id` leaves, paths above the reader's cgroup namespace (`/../`) and
 * removed cgroups (` (deleted)`). It does not ask whether such a pod exists.
 */

export interface PodCgroup {
  /** As the API server writes it: systemd's underscores are dashes again; a static pod's has none. */
  uid: string;
  /** Null for the pod's own cgroup. */
  container_id: string | null;
  /** `containerd`, `cri-o`, `docker`, `podman`; null when the path does not tell (cgroupfs). */
  runtime: string | null;
  /** Guaranteed pods have no level of their own in the path. */
  qos: "guaranteed" | "burstable" | "besteffort";
}

const UID = "[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{32}";
/** `kubepods-burstable-pod<uid>.slice`, `kubelet-kubepods-pod<uid>.slice`: one component says it all. */
const SLICE = new RegExp(`^(?:kubelet-)?kubepods(?:-(burstable|besteffort))?-pod(${UID})\\.slice(?::(.+))?$`);
/** `pod<uid>` below `kubepods`, perhaps with a QoS level between them. */
const DIRECTORY = new RegExp(`^pod(${UID})$`);
/** `cri-containerd-<id>.scope`, `crio-<id>`, `docker-<id>.scope`, a bare id, `cri-containerd:<id>`. */
const CONTAINER = /^(?:(cri-containerd|crio|docker|libpod)[-:])?([0-9a-f]{64})(?:\.scope)?$/;
const RUNTIMES: Record<string, string> = {
  "cri-containerd": "containerd",
  crio: "cri-o",
  docker: "docker",
  libpod: "podman",
};

/** The innermost pod on `path`, null when it is in none. Paths on a kind node name the node's container first. */
export function podOfCgroup(path: string): PodCgroup | null {
  const parts = path.replace(/ \(deleted\)$/, "").split("/");
  for (let i = parts.length - 1; i >= 0; i -= 1) {
    const part = parts[i] ?? "";
    const [, level, uid, leaf] = SLICE.exec(part) ?? [];
    if (uid !== undefined) return describe(uid, level, leaf === undefined ? parts.slice(i + 1) : [leaf]);
    const [, plain] = DIRECTORY.exec(part) ?? [];
    if (plain !== undefined && isKubepods(parts, i)) return describe(plain, parts[i - 1], parts.slice(i + 1));
  }
  return null;
}

/**
 * The pod of a process from all lines of its `/proc/<pid>/cgroup`: on hybrid nodes controllers disagree,
 * and the v2 line may name only the runtime while v1 lines name the pod. A line with a container wins
 * over one without.
 */
export function podOfCgroups(paths: readonly string[]): PodCgroup | null {
  const found = paths.map(podOfCgroup).filter((pod) => pod !== null);
  return found.find((pod) => pod.container_id !== null) ?? found[0] ?? null;
}

function isKubepods(parts: readonly string[], at: number): boolean {
  const above = parts[at - 1];
  const parent = above === "burstable" || above === "besteffort" ? parts[at - 2] : above;
  return parent === "kubepods";
}

function describe(uid: string, level: string | undefined, below: readonly string[]): PodCgroup {
  const container = below.map((part) => CONTAINER.exec(part)).find((match) => match !== null);
  return {
    uid: uid.replaceAll("_", "-"),
    // The first id below the pod is the pod's container; deeper ones belong to a runtime inside of it.
    container_id: container?.[2] ?? null,
    runtime: RUNTIMES[container?.[1] ?? ""] ?? null,
    qos: level === "burstable" || level === "besteffort" ? level : "guaranteed",
  };
}
