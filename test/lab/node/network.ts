/**
 * Interfaces, addresses and routes of a lab node, so that pods reach each other and the wire through it.
 * Endpoint routes and the stack's own forwarding; the programs only look. Uses `ip -batch`.
 */
import * as fs from "node:fs";
import { must } from "./exec.ts";
import { endpointPods, NODE_ADDRESS, type NodePlan, ROUTER_ADDRESS, WIRE_ADDRESS } from "./plan.ts";

/** @param outer pid of the wire's holder; @param pid1 the node's process 1. */
export async function layNetwork(plan: NodePlan, enter: readonly string[], outer: number, pid1: number): Promise<void> {
  const wire = ["nsenter", "-t", String(outer), "-n", "--"];
  // The uplink's other end goes to the wire, which has no name inside the node: make it out there.
  await must(
    [...wire, "ip", "-batch", "-"],
    batch([
      "link set lo up",
      `link add node0 type veth peer name eth0 netns ${pid1}`,
      `addr add ${WIRE_ADDRESS}/24 dev node0`,
      "link set node0 up",
      `route add 10.244.0.0/16 via ${NODE_ADDRESS}`,
    ]),
  );
  const pods = endpointPods(plan);
  await must([...enter, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]);
  await must(
    [...enter, "ip", "-batch", "-"],
    batch([
      "link set lo up",
      `addr add ${NODE_ADDRESS}/24 dev eth0`,
      "link set eth0 up",
      `route add default via ${WIRE_ADDRESS}`,
      "link add cilium_net type veth peer name cilium_host",
      `addr add ${ROUTER_ADDRESS}/32 dev cilium_host`,
      "link set cilium_net up",
      "link set cilium_host up",
      "link add cilium_vxlan type vxlan external dstport 8472",
      "link set cilium_vxlan up",
      ...pods.flatMap(({ endpoint }) => [
        `link add ${endpoint.ifname} type veth peer name eth0 netns ${endpoint.netns}`,
        `link set ${endpoint.ifname} up`,
        `route add ${endpoint.address}/32 dev ${endpoint.ifname}`,
      ]),
    ]),
  );
  const folder = `/proc/${pid1}/root/run/lab/net`;
  fs.mkdirSync(folder);
  for (const { endpoint } of pods)
    fs.writeFileSync(
      `${folder}/${endpoint.netns}`,
      batch([
        `addr add ${endpoint.address}/32 dev eth0`,
        "link set eth0 up",
        `route add ${ROUTER_ADDRESS} dev eth0 scope link`,
        `route add default via ${ROUTER_ADDRESS} dev eth0`,
      ]),
    );
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the shell's own expansion
  await must([...enter, "sh", "-ec", 'for f in /run/lab/net/*; do ip -n "${f##*/}" -batch "$f"; done']);
  fs.rmSync(folder, { recursive: true });
}

const batch = (lines: string[]) => `${lines.join("\n")}\n`;
