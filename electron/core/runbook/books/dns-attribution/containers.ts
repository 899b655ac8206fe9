/** Which container of its pod a process runs in, what that is made of, and whether it is what the pod is for. */
import type { Datapath, Key, Pod } from "../../../model/types.ts";
import type { SectionFacts } from "../../../parse.ts";
import type { Place, Query } from "./queries.ts";

export interface Container {
  pod_key: Key | null;
  /** `namespace/name`, the uid where nobody knows its name. */
  pod: string;
  namespace: string | null;
  /** Its name, the beginning of its id, null where the cgroup names none. */
  name: string | null;
  image: string | null;
  host_network: boolean | null;
  /** How it stands to the others of the pod, in words. */
  role: string;
  /** When it was made, in words; null when the runtime did not say. */
  made: string | null;
  /** Labels of the pod, where the runtime said them. */
  labels: Readonly<Record<string, string>>;
}

type Crictl = SectionFacts["k8s.crictl"];

const ID_SHOWN = 12;
/** A container made so long after its pod was not started with it. */
const LATER_S = 120;

/** Null for a process that is in no pod. */
export function containerOf(
  place: Place,
  datapath: Pick<Datapath, "pods"> | null,
  crictl: Crictl | null,
  named: Pick<Query, "pod" | "container">,
): Container | null {
  const { pod_uid, container_id } = place;
  if (pod_uid === null) return null;
  const pod = datapath?.pods.find(({ uid }) => bare(uid) === bare(pod_uid)) ?? null;
  const known = pod?.containers.find(({ id }) => id === container_id) ?? null;
  const told = crictl?.containers.find(({ id }) => id === container_id) ?? null;
  const sandbox = crictl?.pods.find(({ id, uid }) => id === told?.pod_sandbox_id || bare(uid ?? "") === bare(pod_uid));
  const namespace = pod?.namespace ?? sandbox?.namespace ?? null;
  const podName = pod?.name ?? sandbox?.name ?? null;
  const name = told?.name ?? known?.name ?? null;
  return {
    pod_key: pod?.key ?? null,
    pod: podName === null ? (named.pod ?? pod_uid) : `${namespace ?? "?"}/${podName}`,
    namespace,
    name: name ?? named.container ?? container_id?.slice(0, ID_SHOWN) ?? null,
    image: told?.image ?? known?.image ?? null,
    host_network: pod?.host_network ?? null,
    role: roleOf(name, podName, othersOf(pod, crictl, container_id, pod_uid)),
    made: madeText(sandbox?.raw, told?.raw),
    labels: labelsOf(sandbox?.raw),
  };
}

/** Names of the pod's other containers; null for one that nobody named. The sandbox (`pause`) has none and is not told. */
function othersOf(pod: Pod | null, crictl: Crictl | null, id: string | null, uid: string): (string | null)[] {
  const told = crictl?.containers.filter((one) => bare(one.pod_uid ?? "") === bare(uid) && one.id !== id) ?? [];
  if (told.length > 0) return [...new Set(told.map(({ name }) => name))];
  return (pod?.containers ?? []).filter((one) => one.id !== id && one.name !== null).map(({ name }) => name);
}

/** Kubernetes has no word for it: the container that bears the workload's name is what the pod is for. */
function roleOf(name: string | null, pod: string | null, others: readonly (string | null)[]): string {
  if (name === null) return "the container's name is not known, so it cannot be told whether it is a sidecar";
  const named = others.filter((one) => one !== null);
  if (named.length === 0) return "no other container of the pod is known";
  const rest = `the pod also has ${named.join(", ")}`;
  const isMain = (one: string) => pod !== null && (pod === one || pod.startsWith(`${one}-`));
  const longest = [name, ...named].filter(isMain).sort((a, b) => b.length - a.length)[0];
  if (longest === name) return `the pod bears its name: its main container; ${rest}`;
  if (longest !== undefined) return `a sidecar: the pod bears the name of ${longest}; ${rest}`;
  return `none of the containers bears the pod's name, so which is the main one cannot be told; ${rest}`;
}

/** crictl gives nanoseconds since 1970 as text; its containers and pods have them under one name. */
function madeText(sandbox: unknown, container: unknown): string | null {
  const [pod, own] = [createdAt(sandbox), createdAt(container)];
  if (own === null) return null;
  const when = new Date(own * 1000).toISOString().replace(/\.\d+Z$/, "Z");
  const attempt = attemptOf(container);
  const again = attempt > 0 ? `, started again ${attempt} times` : "";
  if (pod === null) return `made ${when}${again}`;
  const later = Math.round(own - pod);
  if (later <= LATER_S) return `made ${when} with its pod${again}`;
  const why =
    attempt > 0 ? "" : "; not with it: an ephemeral container, or its image or an init container took that long";
  return `made ${when}, ${later} s after its pod${again}${why}`;
}

function createdAt(raw: unknown): number | null {
  const text = memberOf(raw, "createdAt");
  if (typeof text !== "string") return null;
  const seconds = /^\d{16,20}$/.test(text) ? Number(text.slice(0, -9)) : Date.parse(text) / 1000;
  return Number.isFinite(seconds) && seconds > 0 ? seconds : null;
}

function attemptOf(raw: unknown): number {
  const attempt = memberOf(memberOf(raw, "metadata"), "attempt");
  return typeof attempt === "number" ? attempt : 0;
}

function labelsOf(raw: unknown): Record<string, string> {
  const labels = memberOf(raw, "labels");
  if (typeof labels !== "object" || labels === null) return {};
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, String(value)]));
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined;
}

const bare = (uid: string) => uid.replaceAll("-", "").toLowerCase();
