/**
 * What kind of place of this node a drop happened at, by the kernel's reason (enum skb_drop_reason,
 * include/net/dropreason-core.h, and those of qdiscs), and by the function where there is no reason.
 */
import type { DropFlow } from "./records.ts";

/** `tx`: a filter or the queue of the device, one cannot tell which; only where the kernel gives no reasons. */
export type DropClass =
  | "tc"
  | "xdp"
  | "qdisc"
  | "tx"
  | "softnet"
  | "netfilter"
  | "device"
  | "memory"
  | "mtu"
  | "neighbour"
  | "no-route"
  | "cgroup"
  | "no-socket"
  | "listen"
  | "other";

const REASONS: readonly [RegExp, DropClass][] = [
  [/^TC_|^BPF_TC/, "tc"],
  [/^XDP$/, "xdp"],
  [/^QDISC_|^CODEL_|^FQ_|^SFB_|^CAKE_|^PIE_|^RED_/, "qdisc"],
  [/^CPU_BACKLOG$/, "softnet"],
  [/^NETFILTER_DROP$|^NFT_|^XFRM_POLICY$/, "netfilter"],
  [/^DEV_READY$|^FULL_RING$|^DEV_HDR$|^NOMEM$|^SKB_UCOPY_FAULT$|^SKB_GSO_SEG$|^TAP_/, "device"],
  [/^SOCKET_RCVBUFF$|^PROTO_MEM$|^SOCKET_BACKLOG$|^TCP_ZEROWINDOW$|^TCP_OVERWINDOW$|^TCP_OFO_/, "memory"],
  [/^PFMEMALLOC$|^TCP_RCVQ/, "memory"],
  [/^PKT_TOO_BIG$|^FRAG_/, "mtu"],
  [/^NEIGH_/, "neighbour"],
  [/^IP_OUTNOROUTES$|^IP_INNOROUTES$|^IP_INADDRERRORS$|^IP_RPFILTER$|^IPV6DISABLED$/, "no-route"],
  [/^BPF_CGROUP_|^SOCKET_FILTER$|^LSM_/, "cgroup"],
  [/^NO_SOCKET$|^TCP_RESET$|^TCP_CLOSE$/, "no-socket"],
  [/^TCP_LISTEN_OVERFLOW$|^TCP_REQQFULLDROP$|^LISTEN_/, "listen"],
];

/** Compilers put `.constprop.0` and the like behind the name. */
const PLACES: readonly [RegExp, DropClass][] = [
  [/^(sch_handle_ingress|tc_run|__netif_receive_skb_core)\b/, "tc"],
  [/^(do_xdp_generic|netif_receive_generic_xdp|veth_xdp_\w+)\b/, "xdp"],
  [/^(enqueue_to_backlog|netif_rx\w*)\b/, "softnet"],
  [/^nf_hook_slow\b/, "netfilter"],
  [/^(sch_handle_egress|__dev_queue_xmit|__dev_xmit_skb)\b/, "tx"],
  [/^(kfree_skb_list\w*|__kfree_skb_list|\w+_enqueue|\w+_dequeue)\b/, "qdisc"],
  [/^(neigh_\w+|__neigh_\w+|arp_error_report|ndisc_error_report)\b/, "neighbour"],
  [/^(sk_filter_trim_cap|__cgroup_bpf_run_filter_skb)\b/, "cgroup"],
];

export function classOf({ reason, location }: Pick<DropFlow, "reason" | "location">): DropClass {
  const byReason = REASONS.find(([pattern]) => pattern.test(reason))?.[1];
  if (byReason) return byReason;
  // What this reason covers is told by the place only; generic XDP has no other one.
  const untold = reason === "" || reason === "NOT_SPECIFIED";
  return (untold && PLACES.find(([pattern]) => pattern.test(location))?.[1]) || "other";
}
