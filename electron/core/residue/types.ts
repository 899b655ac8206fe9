/**
 * What can be left on a node, and what was there before: the proof that a node is left as it was found.
 *
 * Types only. Ids are the kernel's and are never given twice while a node is up (programs, maps and links
 * count up), so an id that is there before and after is the same object.
 */

/** Everything that bpfdesk could leave behind, as it is at one moment. */
export interface NodeInventory {
  /** Epoch ms of the host. */
  at: number;
  programs: (HeldObject & { name: string; tag: string; map_ids: number[] })[];
  maps: (HeldObject & { name: string })[];
  links: (HeldObject & { prog_id: number | null })[];
  /** Paths below every bpf file system. */
  pins: string[];
  /** One line each, e.g. `dev eth0 clsact`, `dev eth0 ingress pref 1 handle 0x1 bpf prog 12`; of the node's own namespace. */
  qdiscs: string[];
  filters: string[];
  /** Folders of bpfdesk in the places it uses. */
  folders: PrivateFolder[];
  /** Processes that carry a tag of bpfdesk, without those that took this inventory. */
  processes: TaggedProcess[];
  /** Of `/proc/sys/kernel/bpf_stats_enabled`; null when it cannot be read. */
  bpf_stats_enabled: number | null;
  /** What could not be read, in words: about these the report says nothing. */
  blind: string[];
  /** The kinds that `blind` speaks of: their lists here are empty or not whole. */
  unread: ResidueKind[];
}

/** A BPF object, and what is known of who keeps it. */
export interface HeldObject {
  id: number;
  type: string;
  /** Processes that have it open. */
  pids: { pid: number; comm: string }[];
  /** Paths it is pinned at. */
  pinned: string[];
}

/** A folder with a name of bpfdesk's form, below one of the places it uses. */
export interface PrivateFolder {
  path: string;
  /** The tag that is written in it; null when there is none, or it could not be read. */
  tag: string | null;
  /** Owner. */
  uid: number;
  /** When it was last written, epoch ms of the node's clock; null when not known. */
  since: number | null;
}

export interface TaggedProcess {
  pid: number;
  ppid: number;
  /** Clock ticks since boot, field 22 of /proc/pid/stat: tells a process from a later one of the same number. */
  start: number;
  /** The tag of the connection that started it. */
  tag: string;
  /** Its name, as in /proc/pid/comm. */
  comm: string;
  /** Epoch ms, worked out from `start`; null when the node's clock was not read. */
  started_at: number | null;
}

/** Something of an earlier connection that is still on the node. */
export interface Leftover {
  /** `process:PID:START` or `folder:PATH`. */
  id: string;
  kind: "process" | "folder";
  /** What it is, for a person: `bpftrace (pid 4711)`, `/run/.bpfdesk-…`. */
  label: string;
  /** The tag it carries; null for a folder without one. */
  tag: string | null;
  /** Of this installation of bpfdesk, or of somebody else's, who may be working right now. */
  whose: "ours" | "another";
  /** Epoch ms, null when not known. */
  since: number | null;
}

export type ResidueKind = "program" | "map" | "link" | "pin" | "qdisc" | "filter" | "folder" | "process" | "sysctl";

/** One object that differs between two inventories. */
export interface ResidueItem {
  kind: ResidueKind;
  change: "added" | "removed" | "changed";
  /** For a person: `map 31 hash "counts"`. */
  label: string;
  /** Why it is taken for ours or for another's: the process that holds it, when it came. */
  because: string;
}

/** The difference between the node as it was found and as it is left. */
export interface ResidueReport {
  /** Epoch ms of the two inventories. */
  from: number;
  to: number;
  /** Must be empty: what bpfdesk left. */
  ours: ResidueItem[];
  /** What others did meanwhile, with the evidence that it was them. */
  theirs: ResidueItem[];
  /** What differs and bears no sign of whose it is. */
  unknown: ResidueItem[];
  /** What could not be compared, in words; the node is proven clean only when this is empty too. */
  blind: string[];
}
