/**
 * Faults that can be laid on a lab node and taken away again, each as a real node gets it.
 * A fault is what is done to the kernel; what should be found because of it is the tests' business.
 */
import { BIN, endpointConfig, endpointLinkPin, loadEndpoint } from "./agent-plan.ts";
import { faultInterface } from "./expected.ts";
import { AGENT_PREF, endpointPods, type NodePlan } from "./plan.ts";

export const FAULTS = [
  "stale-filter",
  "second-handle",
  "duplicate-tcx",
  "dead-filter",
  "second-bpf-mount",
  "missing-clsact",
] as const;
export type FaultName = (typeof FAULTS)[number];

/** What a fault needs of a running lab. */
export interface FaultTools {
  plan: NodePlan;
  /** Runs inside the node; throws unless it ends with 0. */
  must(argv: readonly string[]): Promise<string>;
  /** Carries a plan out inside the node with `lab-agent --once`. */
  once(plan: string): Promise<void>;
  /** Ends the CNI agent and starts it again: it takes over pins and replaces its own filters. */
  restartAgent(): Promise<void>;
  agentRuns(): boolean;
}

export async function addFault(lab: FaultTools, fault: FaultName): Promise<void> {
  const pod = podOf(lab.plan, fault);
  const ifname = pod?.endpoint.ifname ?? "";
  switch (fault) {
    case "stale-filter":
      // An upgrade: the older release's filter stays at its old pref while the new agent uses another.
      await lab.once(
        `${loadPrevious(lab.plan, fault, 50)}\nclsact ${ifname}\nfilter ${ifname} egress 1 1 old:cil_to_container`,
      );
      if (lab.agentRuns()) {
        await nextSecond();
        await lab.restartAgent();
      }
      return;
    case "second-handle":
      await lab.once(
        `${loadPrevious(lab.plan, fault, 0)}\nfilter ${ifname} egress ${AGENT_PREF} 2 old:cil_to_container`,
      );
      return;
    case "dead-filter":
      await lab.once(`load other ${BIN}/observer.o\nfilter ${ifname} egress 50 1 other:classifier_egress`);
      return;
    case "duplicate-tcx":
      if (pod)
        await lab.once(
          `${loadEndpoint(pod, "dup")}\ntcx ${ifname} egress dup:cil_to_container ${endpointLinkPin(pod, "cil_to_container_dup")}`,
        );
      return;
    case "second-bpf-mount":
      await lab.must(["mount", "-t", "bpf", "-o", "mode=0700", "bpf", "/sys/fs/bpf"]);
      return;
    case "missing-clsact":
      await lab.must(["tc", "qdisc", "del", "dev", ifname, "clsact"]);
      return;
  }
}

export async function clearFault(lab: FaultTools, fault: FaultName): Promise<void> {
  const pod = podOf(lab.plan, fault);
  const ifname = pod?.endpoint.ifname ?? "";
  const removeFilter = (pref: number, handle: number) =>
    lab.must(["tc", "filter", "del", "dev", ifname, "egress", "pref", String(pref), "handle", String(handle), "bpf"]);
  switch (fault) {
    case "stale-filter":
      await removeFilter(1, 1);
      return;
    case "second-handle":
      await removeFilter(AGENT_PREF, 2);
      return;
    case "dead-filter":
      await removeFilter(50, 1);
      return;
    case "duplicate-tcx":
      if (pod) await lab.must(["rm", endpointLinkPin(pod, "cil_to_container_dup")]);
      return;
    case "second-bpf-mount":
      await lab.must(["umount", "/sys/fs/bpf"]);
      return;
    case "missing-clsact":
      // The controller's own repair.
      await lab.restartAgent();
      return;
  }
}

/** Faults that must be there before the agent starts, so that it is younger than what they load. */
export const isOlderThanAgent = (fault: FaultName) => fault === "stale-filter";

/** Waits until the clock shows a later second than now: programs' load times have no finer grain. */
export async function nextSecond(): Promise<void> {
  const start = Math.floor(Date.now() / 1000);
  while (Math.floor(Date.now() / 1000) < start + 2) await new Promise((resolve) => setTimeout(resolve, 50));
}

function podOf(plan: NodePlan, fault: FaultName) {
  const ifname = faultInterface(plan, fault);
  return endpointPods(plan).find((pod) => pod.endpoint.ifname === ifname);
}

function loadPrevious(plan: NodePlan, fault: FaultName, dropEvery: number): string {
  const pod = podOf(plan, fault);
  if (!pod) throw new Error(`no pod for ${fault}`);
  return `load old ${BIN}/bpf_lxc_previous.o pins=/sys/fs/bpf/tc/globals ${endpointConfig(pod, dropEvery)}`;
}
