/** What a test says of a made-up node: its traffic, what was dropped, and whatever else it is about. Small ones, with two pods and an uplink. */
import type { TraceEvidence } from "../../../types.ts";
import type { Kind } from "../records.ts";

export const HOST = "4026531840";
export const CART = { netns: "4026532001", address: "10.244.0.5", pod: "shop/cart" };
export const WEB = { netns: "4026532002", address: "10.244.0.6", pod: "shop/web" };
export const NODE = { netns: HOST, address: "192.0.2.10", pod: null };
/** Not of this node. */
export const PEER = "10.245.1.7";

/** Traffic of one process to one destination: a connection unless `connections` says otherwise. */
export interface Traffic {
  from?: { netns: string; address: string; pod: string | null };
  to?: string;
  dport?: number;
  /** The peer connected to this port; `dport` is its own then. */
  lport?: number;
  comm?: string;
  sent: number;
  /** Segments sent again, by kind. */
  again?: Partial<Record<Kind, number>>;
  connections?: number;
  /** Nothing was ever acknowledged. */
  unanswered?: boolean;
  /** Ports on this side begin here. */
  sport?: number;
  /** Of the retransmissions only so many are told one by one. */
  told?: number;
}

/** Packets of one connection that were dropped. */
export interface Dropped {
  of: Traffic;
  /** Which of its connections; the first unless told. */
  nth?: number;
  back?: boolean;
  count: number;
  reason?: string;
  location?: string;
  at?: { netns: string; ifindex: number; device: string } | null;
}

export const LXC_CART = { netns: HOST, ifindex: 10, device: "lxc_cart" };
export const LXC_WEB = { netns: HOST, ifindex: 11, device: "lxc_web" };
export const UPLINK = { netns: HOST, ifindex: 2, device: "eth0" };

export interface Scene {
  inputs?: Record<string, string>;
  traffic: Traffic[];
  drops?: Dropped[];
  /** `places`: a kernel without reasons. */
  drops_variant?: "reasons" | "places";
  drops_trace?: Partial<TraceEvidence> | null;
  retrans_variant?: "sampled" | "closing";
  /** Lines of ss by namespace. */
  ss?: Record<string, string>;
  no_ss?: string;
  /** Growth of TCP's counters by namespace. */
  tcp?: Record<string, Record<string, number>>;
  /** Growth of counters of the node's cards, `eth0 rx_missed_errors`. */
  cards?: Record<string, number>;
  /** Drops of eth0's queue, and of softnet's, meanwhile. */
  queue?: number;
  softnet?: number;
  /** Null: its table could not be read. */
  conntrack?: { count: number; max: number; drop: number } | null;
  /** What programs dropped in the second measurement, by `netns:ifindex:direction`. */
  hooks?: Record<string, HookScene>;
  /** The second measurement's traffic; the first's unless told. */
  later?: Traffic[];
  xdp?: boolean;
  /** The cart pod has a second interface, `wire` to 10.9.7.0/24, whose other end is not on this node. */
  wire?: boolean;
  /** More programs on the ingress of the cart pod's interface. */
  second_program?: boolean;
  datapath?: null;
}

export interface HookScene {
  variant?: "fexit" | "hook";
  complete?: boolean;
  drops: {
    of: Traffic;
    nth?: number;
    back?: boolean;
    count: number;
    prog_id?: number;
    name?: string;
    verdict?: string;
  }[];
}
