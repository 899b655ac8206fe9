/** A change to a node as data: what exactly, what it does to whom, how it is taken back. See docs/design/0007-runbooks.md. */
import type { Key } from "../model/types.ts";

/** One program on one hook, told apart from all others. */
export interface AttachmentRef {
  /** Key of the hook entry in the picture. */
  entry: Key;
  mechanism: "xdp" | "tcx" | "clsact" | "netkit";
  direction: "ingress" | "egress" | "primary" | "peer";
  ifname: string;
  ifindex: number;
  /** Inode of the network namespace, as text. */
  netns: string;
  prog_id: number;
  prog_name: string;
  /** clsact only. `protocol` is the ethertype, 3 for all. */
  pref?: number;
  handle?: number;
  chain?: number;
  protocol?: number;
}

export interface ChangeRisk {
  code:
    | "ssh-path"
    | "control-plane"
    | "last-enforcing"
    | "device-policy"
    /** What never runs now because of it would run. */
    | "wakes-another"
    | "controller-owns"
    | "comes-back-without-link"
    | "unknown-owner";
  text: string;
}

export interface ChangePlan {
  plan_id: string;
  node: string;
  attachment: AttachmentRef;
  /** Exactly what is run on the node, as a line to read. */
  command: string;
  /** What a person would type for the same by hand, e.g. `tc filter del dev …`; for reading only. */
  by_hand: string;
  affects: {
    /** "lxc1a2b3c egress (out → pod)". */
    hook: string;
    pod: string | null;
    /** What stays on the hook, in the order it is run, in words. */
    remains: string[];
    /** Runs of the program per second, null when nothing measured those of this hook alone. */
    packets_per_s: number | null;
  };
  owner: { text: string; will_probably: string };
  risks: ChangeRisk[];
  undo: string;
  verification: string;
  /** What must be typed to approve it. */
  confirm: string;
  /** It is put back by itself when it was not confirmed within so many seconds. */
  lease_s: number;
}

/** How a change stands. `unsure`: the connection went before it was known whether it was put back. */
export type ChangePhase =
  | "planned"
  | "approved"
  | "armed"
  | "detached"
  | "confirmed"
  | "restored"
  | "left"
  | "failed"
  | "unsure";
