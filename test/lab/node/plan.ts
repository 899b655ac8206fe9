/**
 * What the lab's node is to look like: pure data, the same for the same options. Nothing is run here;
 * `lab.ts` makes it real, `expected.ts` says what a correct picture of it shows.
 */
import { createHash } from "node:crypto";

export type LabMechanism = "tcx" | "clsact" | "mixed";
/** `full`: every pod with its whole pipeline; `busy`: 50 pods, 140 programs, 74 interface attachments. */
export type LabProfile = "full" | "busy";

export interface PlanOptions {
  pods: number;
  mechanism: LabMechanism;
  profile: LabProfile;
}

export interface PodPlan {
  uid: string;
  namespace: string;
  name: string;
  container: string;
  /** File name of its main process. */
  app: string;
  qos: "guaranteed" | "burstable" | "besteffort";
  runtime: "containerd" | "cri-o" | "docker";
  sandbox_id: string;
  container_id: string;
  /** Paths below the cgroup2 root of the node. */
  sandbox_cgroup: string;
  container_cgroup: string;
  log_dir: string;
  /** Null for pods of the host network. */
  endpoint: EndpointPlan | null;
}

interface EndpointPlan {
  id: number;
  identity: number;
  address: string;
  /** Host end of its veth pair. */
  ifname: string;
  /** Name under /run/netns. */
  netns: string;
  mechanism: "tcx" | "clsact";
  /** False where only the pod's outbound direction has a program. */
  to_container: boolean;
  lean: boolean;
}

export interface NodePlan {
  options: PlanOptions;
  hostname: string;
  /** Mechanism of the node's own interfaces. */
  host_mechanism: { eth0: "tcx" | "clsact"; cilium_host: "tcx" | "clsact"; cilium_vxlan: "tcx" | "clsact" };
  pods: PodPlan[];
  cilium: PodPlan;
  tetragon: PodPlan;
}

/** Pods with an endpoint, narrowed. */
export type EndpointPod = PodPlan & { endpoint: EndpointPlan };

export const NODE_ADDRESS = "192.168.77.10";
export const WIRE_ADDRESS = "192.168.77.1";
export const ROUTER_ADDRESS = "10.244.0.1";
/** The agent's filters sit here, so that an older release's pref 1 is free for what it left behind. */
export const AGENT_PREF = 2;
const BUSY_TO_CONTAINER = 15;

const APPS = [
  "cart",
  "checkout",
  "catalog",
  "payments",
  "search",
  "frontend",
  "orders",
  "mailer",
  "reports",
  "session",
];
const NAMESPACES = ["shop", "shop", "shop", "backoffice", "monitoring"];

/** The plan of a node. Up to 4000 pods. */
export function planNode(options: PlanOptions): NodePlan {
  if (options.pods < 1 || options.pods > 4000) throw new Error(`a lab has 1 to 4000 pods, not ${options.pods}`);
  const pick = (index: number) =>
    options.mechanism === "mixed" ? (index % 2 === 0 ? "clsact" : "tcx") : options.mechanism;
  const pods = Array.from({ length: options.pods }, (_, index) => {
    const app = APPS[index % APPS.length] ?? "app";
    const pod = planPod(index, NAMESPACES[index % NAMESPACES.length] ?? "default", app, `app-${app}`);
    const busy = options.profile === "busy";
    return { ...pod, endpoint: planEndpoint(index, pick(index), !busy || index < BUSY_TO_CONTAINER, busy) };
  });
  return {
    options,
    hostname: "worker-07",
    host_mechanism: { eth0: pick(0), cilium_host: pick(1), cilium_vxlan: pick(0) },
    pods,
    cilium: planPod(10_001, "kube-system", "cilium", "cilium-agent"),
    tetragon: planPod(10_003, "kube-system", "tetragon", "tetragon"),
  };
}

/** The pods that have an interface, which are all but the host-network ones. */
export function endpointPods(plan: NodePlan): EndpointPod[] {
  return plan.pods.filter((pod): pod is EndpointPod => pod.endpoint !== null);
}

const hex = (text: string, length: number) =>
  createHash("sha256").update(`bpfdesk lab ${text}`).digest("hex").slice(0, length);

function planEndpoint(index: number, mechanism: "tcx" | "clsact", toContainer: boolean, lean: boolean): EndpointPlan {
  return {
    id: 100 + index * 7 + (index % 3),
    identity: 20_000 + index * 31,
    address: `10.244.${1 + Math.floor(index / 250)}.${2 + (index % 250)}`,
    ifname: `lxc${hex(`if ${index}`, 12)}`,
    netns: `cni-${uuid(`netns ${index}`)}`,
    mechanism,
    to_container: toContainer,
    lean,
  };
}

function uuid(text: string): string {
  const h = hex(text, 32);
  return `${h.slice(0, 8)}-${h.slice(8, 12)}-4${h.slice(13, 16)}-a${h.slice(17, 20)}-${h.slice(20, 32)}`;
}

function planPod(index: number, namespace: string, app: string, file: string): PodPlan {
  const uid = uuid(`pod ${index}`);
  const qos = (["burstable", "besteffort", "guaranteed"] as const)[index % 3] ?? "burstable";
  // One CRI-O and one docker pod among containerd's, as on a node in the middle of a migration.
  const runtime = index === 3 ? "cri-o" : index === 5 ? "docker" : "containerd";
  // Every eighth pod is in the layout of the cgroupfs driver.
  const cgroupfs = index % 8 === 7;
  const sandbox = hex(`sandbox ${index}`, 64);
  const container = hex(`container ${index}`, 64);
  const name = `${app}-${hex(`rs ${index}`, 10)}-${hex(`suffix ${index}`, 5)}`;
  const parent = podCgroup(uid, qos, cgroupfs);
  const scope = (id: string) =>
    cgroupfs
      ? id
      : { containerd: `cri-containerd-${id}.scope`, "cri-o": `crio-${id}.scope`, docker: `docker-${id}.scope` }[
          runtime
        ];
  return {
    uid,
    namespace,
    name,
    container: app,
    app: file,
    qos,
    runtime,
    sandbox_id: sandbox,
    container_id: container,
    sandbox_cgroup: `${parent}/${scope(sandbox)}`,
    container_cgroup: `${parent}/${scope(container)}`,
    log_dir: `${namespace}_${name}_${uid}`,
    endpoint: null,
  };
}

/** kubelet's two layouts; guaranteed pods have no QoS level in either. */
function podCgroup(uid: string, qos: PodPlan["qos"], cgroupfs: boolean): string {
  if (cgroupfs) return qos === "guaranteed" ? `/kubepods/pod${uid}` : `/kubepods/${qos}/pod${uid}`;
  const dashed = uid.replaceAll("-", "_");
  return qos === "guaranteed"
    ? `/kubepods.slice/kubepods-pod${dashed}.slice`
    : `/kubepods.slice/kubepods-${qos}.slice/kubepods-${qos}-pod${dashed}.slice`;
}
