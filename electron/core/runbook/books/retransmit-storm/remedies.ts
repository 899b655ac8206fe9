/** What can be done about what was found. This book changes nothing itself: it leads on, or says whom to ask. */
import type { Proposal, RunbookVerdict, RunState } from "../../types.ts";
import { caseOf } from "./case.ts";

const ADVICE: Readonly<Record<string, string>> = {
  "qdisc-drop":
    "Look at the queue with tc -s qdisc show dev: a limit too small, a rate set on purpose, or more traffic than the link takes.",
  "device-drop": "Look at ethtool -S and ethtool -g of the interface: its rings, and errors of the cable or the port.",
  "softnet-drop":
    "Spread receiving over CPUs (RSS, RPS) or raise net.core.netdev_max_backlog; see which process keeps that CPU.",
  "netfilter-drop":
    "Find the rule with nft -a list ruleset or iptables -L -v -n by its counter, and ask its owner: it may be a policy.",
  "conntrack-full": "Raise net.netfilter.nf_conntrack_max, or find who opens so many connections (conntrack -L).",
  "receive-memory":
    "See why the receiving process does not read: its CPU limit, or what it waits for. Then net.ipv4.tcp_rmem and tcp_mem.",
  "zero-window": "See why the receiving process does not read: its CPU limit, or what it waits for.",
  "no-neighbour": "See whether that host is up, and what ip neigh says of it.",
  "no-route": "See ip route get for the destination, and rp_filter of the interface it comes in by.",
  "accept-queue":
    "See why the listening process does not accept: its CPU limit, or the length of its queue (ss -lt: Send-Q).",
  "no-answer":
    "See whether the destination still exists: endpoints of the service, and policies that drop without a word.",
  "handshakes-only": "Measure at the destination: ListenOverflows, its tracked connections, and its own drops.",
  "half-open":
    "See whether the peer was replaced, and what on the way forgets idle connections (NAT, load balancers); keepalives help.",
  mtu: "Lower the MTU of the pods' interfaces to what the tunnel or the way takes, or let ICMP 'fragmentation needed' through.",
  "one-pod": "Compare this pod's interface and its other end with a healthy pod's; look at its CPU throttling.",
  "one-destination": "Run this book on the node of that destination.",
  "one-way": "Ask for that next hop: its port's errors and its queues.",
  everything: "Ask for the uplink: its port's errors on the switch, and what else this machine shares it with.",
  path: "Run this book at the other end as well: what it rules out there narrows the way.",
};

/** Programs are looked at closely by another book. */
const STALE_FILTERS = "stale-filters";

export function remedies(state: RunState): RunbookVerdict[] {
  const { datapath } = caseOf(state);
  return state.verdicts.flatMap((one): RunbookVerdict[] => {
    if (one.verdict !== "confirmed" && one.verdict !== "likely") return [];
    const proposal = programProposal(one, datapath) ?? adviceOf(one);
    return proposal === null ? [] : [{ ...one, proposal }];
  });
}

function programProposal(one: RunbookVerdict, datapath: RunState["datapath"]): Proposal | null {
  if (!["tc-drop", "xdp-drop", "transmit-drop"].includes(one.kind)) return null;
  const iface = datapath?.interfaces.find(({ key }) => key === one.subject_key);
  if (!iface) return null;
  const pod = datapath?.pods.find(({ key }) => key === iface.pod);
  const sure = one.verdict === "confirmed";
  const text = `${sure ? "The cause is on this node" : "At least a part of it is on this node"}: ${one.subject}. Stale filters says which program it is, whether it belongs there, and how to take it off.`;
  if (iface.host_netns) return { kind: "open", book: STALE_FILTERS, inputs: { interface: iface.name }, text };
  if (pod?.name)
    return { kind: "open", book: STALE_FILTERS, inputs: { pod: `${pod.namespace ?? ""}/${pod.name}` }, text };
  return { kind: "advice", text: `${one.subject} is in network namespace ${iface.netns}: ask who owns it.` };
}

function adviceOf({ kind }: RunbookVerdict): Proposal | null {
  const text = ADVICE[kind];
  return text === undefined ? null : { kind: "advice", text };
}
