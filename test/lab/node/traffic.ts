/** Bounded real traffic in a lab: pod to pod, pod to outside, outside to pod. Counts answers, never loops. */
import { BIN } from "./agent-plan.ts";
import { must } from "./exec.ts";
import type { LabState } from "./lab.ts";
import { endpointPods, type NodePlan, WIRE_ADDRESS } from "./plan.ts";

export interface TrafficOptions {
  /** Datagrams per flow, each answered or lost. 5 unless told. */
  udp?: number;
  /** Connections per flow. 2 unless told. */
  tcp?: number;
  /** Only flows towards this pod interface (its host end's name). */
  towards?: string;
}

export interface Flow {
  from: string;
  to: string;
  udp: { sent: number; answered: number };
  tcp: { tried: number; answered: number };
}

export async function runTraffic(
  plan: NodePlan,
  enter: readonly string[],
  state: LabState,
  options: TrafficOptions = {},
): Promise<Flow[]> {
  const counts = `${options.udp ?? 5} ${options.tcp ?? 2}`;
  const pods = endpointPods(plan);
  const wanted = (ifname: string) => options.towards === undefined || options.towards === ifname;
  const inside: { from: string; to: string; line: string }[] = [];
  pods.forEach((pod, index) => {
    const target = pods[(index + 1) % pods.length] ?? pod;
    const line = (to: string) => `/run/netns/${pod.endpoint.netns} ${to} ${counts}`;
    if (wanted(target.endpoint.ifname))
      inside.push({ from: pod.endpoint.ifname, to: target.endpoint.ifname, line: line(target.endpoint.address) });
    if (index < 3 && options.towards === undefined)
      inside.push({ from: pod.endpoint.ifname, to: "wire", line: line(WIRE_ADDRESS) });
  });
  const outside = pods
    .filter((pod, index) => (options.towards === undefined ? index < 3 : wanted(pod.endpoint.ifname)))
    .map((pod) => ({
      from: "wire",
      to: pod.endpoint.ifname,
      line: `/proc/${state.outer}/ns/net ${pod.endpoint.address} ${counts}`,
    }));
  const table = (flows: { line: string }[]) => `${flows.map((flow) => flow.line).join("\n")}\n`;
  const said =
    (await must([...enter, `${BIN}/lab-pod`, "traffic"], table(inside))) +
    (await must([`${state.dir}/bin/lab-pod`, "traffic"], table(outside)));
  const results = said.trim().split("\n");
  return [...inside, ...outside].map(({ from, to }, index) => {
    const [, , sent, udp, , tried, tcp] = (results[index] ?? "").split(" ").map(Number);
    return { from, to, udp: { sent: sent ?? 0, answered: udp ?? 0 }, tcp: { tried: tried ?? 0, answered: tcp ?? 0 } };
  });
}
