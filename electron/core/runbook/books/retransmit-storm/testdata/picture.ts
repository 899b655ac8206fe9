/** The picture of the made-up node: two pods behind veth pairs with a program each way, and an uplink. */
import { aDatapath, aHook, aNode, anEntry, anIface, aPod, aProgram } from "../../../../model/testdata/make.ts";
import type { Datapath, Hook } from "../../../../model/types.ts";
import { CART, HOST, LXC_CART, LXC_WEB, type Scene, WEB } from "./scene-types.ts";

export function aPicture({ xdp, second_program, wire }: Scene): Datapath {
  const own = (id: string, prog_id: number, order = 1) => anEntry(id, { prog_id, order });
  const pair = (at: typeof LXC_CART, pod: typeof CART, ingress: Hook, egress: Hook) => [
    anIface(at.ifindex, at.device, {
      pod: `pod:${pod.pod}`,
      pod_host_end: true,
      peer: `if:${pod.netns}:2`,
      hooks: [ingress, egress],
    }),
    anIface(2, "eth0", {
      key: `if:${pod.netns}:2`,
      netns: pod.netns,
      host_netns: false,
      peer: `if:${HOST}:${at.ifindex}`,
      pod: `pod:${pod.pod}`,
      addresses: [`${pod.address}/32`],
    }),
  ];
  const more = second_program ? [own("stale", 19, 2)] : [];
  return aDatapath({
    node: aNode({ host_netns: HOST }),
    netns: [HOST, CART.netns, WEB.netns].map((inode) => ({
      inode,
      name: null,
      host: inode === HOST,
      pid: 1,
      pod: null,
    })),
    interfaces: [
      anIface(1, "lo", { kind: "loopback", addresses: ["127.0.0.1/8"] }),
      anIface(2, "eth0", {
        kind: "ether",
        addresses: ["192.0.2.10/24"],
        hooks: xdp
          ? [aHook("xdp", "xdp ingress (out → host)", [anEntry("xdp", { mechanism: "xdp", prog_id: 30 })])]
          : [],
      }),
      ...pair(
        LXC_CART,
        CART,
        aHook("tc_ingress", "ingress (pod → out)", [own("from-cart", 11), ...more]),
        aHook("tc_egress", "egress (out → pod)", [own("to-cart", 12)]),
      ),
      ...pair(
        LXC_WEB,
        WEB,
        aHook("tc_ingress", "ingress (pod → out)", [own("from-web", 13)]),
        aHook("tc_egress", "egress (out → pod)", [own("to-web", 14)]),
      ),
      ...(wire ? [anIface(3, "wire", { key: `if:${CART.netns}:3`, netns: CART.netns, host_netns: false })] : []),
    ],
    programs: [
      aProgram(11, { name: "cil_from_container" }),
      aProgram(12, { name: "cil_to_container" }),
      aProgram(13, { name: "cil_from_container" }),
      aProgram(14, { name: "cil_to_container" }),
      aProgram(19, { name: "old_from_container" }),
      aProgram(30, { name: "xdp_entry", type: "xdp" }),
    ],
    pods: [CART, WEB].map(({ pod, netns }) => {
      const [namespace = "", name = ""] = pod.split("/");
      return aPod(pod, { namespace, name, netns });
    }),
  });
}
