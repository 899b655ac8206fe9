/**
 * The datapath model: what one node's kernel runs, in the order it runs it.
 *
 * Built by `buildDatapath` from parsed sections, stored in the journal, folded by the views and
 * printed (through `topology.ts`) by the CLI. Field names are the kernel's and the tools' own.
 * Plain data only: it is cloned, compressed and compared. Nothing here is computed by a view.
 */
import type { Warning } from "../parse.ts";

/** Stable identity of a thing across refreshes of the same node, e.g. `prog:100`, `if:4026531840:3`. */
export type Key = string;

/** Where a fact came from: the collector section (its command is data) and the raw row. */
export interface Origin {
  section: string;
  /** `node` or `netns:<inode>`. */
  scope: string;
  /** The row as the tool printed it (parsed JSON) or the text line. */
  raw: unknown;
}

export type HookName = "xdp" | "tc_ingress" | "tc_egress" | "netkit_primary" | "netkit_peer";
export type Mechanism = "xdp" | "tcx" | "clsact" | "netkit";
export type XdpMode = "native" | "generic" | "offload";

/** What happens to the packet after a program returned a verdict, in that mechanism. */
export interface VerdictStep {
  /** The kernel's name, e.g. `TC_ACT_OK`, `TCX_NEXT`, `XDP_TX`. */
  verdict: string;
  /** Its number as the program returns it. */
  value: number;
  effect: "next" | "pass" | "drop" | "redirect" | "transmit" | "stolen" | "reclassify" | "goto_chain" | "abort";
  /** The entry that runs next, or null when the chain ends here. */
  next: Key | null;
  /** Short sentence, e.g. "ends the chain: the packet goes on to the stack". */
  text: string;
}

/** Can the kernel ever run this entry? `cannot_tell` is an honest answer. */
export interface Reachability {
  value: "yes" | "no" | "cannot_tell";
  /** Why, naming the evidence (run counts, return analysis, protocol). */
  reason: string;
}

/** One attached program on a hook, at its place in the execution order. */
export interface HookEntry {
  key: Key;
  /** 1 is run first on this hook, counted across mechanisms. */
  order: number;
  mechanism: Mechanism;
  /** XDP only. */
  mode: XdpMode | null;
  pref: number | null;
  /** As tc prints it, e.g. `0x1`. */
  handle: string | null;
  chain: number | null;
  /** Shared tc block number, when the filter sits on a block. */
  block: number | null;
  protocol: string | null;
  /** False for a clsact bpf filter without direct-action (its verdict is a classid). */
  direct_action: boolean | null;
  /** Filter kind for clsact, `bpf` normally; other kinds are shown as non-BPF filters. */
  kind: string;
  /** Name the tool shows for the attachment itself, e.g. `bpf_lxc.o:[from-container]`. */
  attach_name: string | null;
  /** Null for a non-BPF filter and where the tool does not say. */
  prog_id: number | null;
  /** 0 or null: attached without a link. */
  link_id: number | null;
  verdicts: VerdictStep[];
  reachable: Reachability;
  origin: Origin;
}

/** One hook of one interface. */
export interface Hook {
  hook: HookName;
  /** Both readings of the direction, e.g. "ingress (pod → out)". */
  direction: string;
  entries: HookEntry[];
  /** A clsact/ingress qdisc, or null when the interface has none (tc hooks only). */
  qdisc: { kind: string; handle: string; drops: number | null; packets: number | null } | null;
}

export interface Iface {
  key: Key;
  name: string;
  ifindex: number;
  /** Inode of the network namespace, as text. */
  netns: string;
  /** True in the node's own network namespace. */
  host_netns: boolean;
  /** `ip -d` info_kind: veth, netkit, bridge, vxlan, …; `ether` for a plain device; `loopback`. */
  kind: string;
  driver: string | null;
  mac: string | null;
  mtu: number | null;
  up: boolean;
  addresses: string[];
  /** Key of the other end of a veth or netkit pair, when both ends were seen. */
  peer: Key | null;
  /** Pod this interface belongs to: its own namespace's pod, or its peer's for a host end. */
  pod: Key | null;
  /** True when it is the host's end of a pod's pair. */
  pod_host_end: boolean;
  /** Index of the controlling bridge or bond, null when none. */
  master: Key | null;
  counters: {
    rx_packets: string;
    tx_packets: string;
    rx_dropped: string;
    tx_dropped: string;
    rx_errors: string;
    tx_errors: string;
  } | null;
  /** In packet order: xdp, tc_ingress, tc_egress (or netkit_*). Only hooks with something on them, or a qdisc. */
  hooks: Hook[];
  origin: Origin;
}

export interface Program {
  key: Key;
  id: number;
  type: string;
  /** Full name from BTF where bpftool could tell, else the 15 characters the kernel keeps, else "". */
  name: string;
  /** True when `name` may have been cut at 15 characters. */
  name_cut: boolean;
  tag: string;
  /** Epoch seconds. */
  loaded_at: number | null;
  uid: number | null;
  gpl_compatible: boolean | null;
  bytes_xlated: number | null;
  bytes_jited: number | null;
  jited: boolean | null;
  bytes_memlock: number | null;
  btf_id: number | null;
  map_ids: number[];
  /** Present only while kernel.bpf_stats_enabled=1. Decimal text: may exceed 2^53. */
  run_cnt: string | null;
  run_time_ns: string | null;
  pinned: string[];
  pids: { pid: number; comm: string }[];
  owner: Owner | null;
  /** Values the program can return, when its code was read and allows the statement. */
  returns: { values: number[]; complete: boolean } | null;
  /** Keys of everything it is attached to (hook entries, cgroup and tracing attachments, struct_ops). */
  attached: Key[];
  origin: Origin;
}

/** Who loaded or holds something. Every claim carries the evidence it rests on. */
export interface Owner {
  /** `cilium`, `calico`, `tetragon`, `falco`, `datadog`, `systemd`, … or null when unknown. */
  family: string | null;
  process: { pid: number; comm: string; exe: string | null } | null;
  pod: Key | null;
  container_id: string | null;
  image: string | null;
  /** e.g. "held by pid 4242 (cilium-agent)", "pinned under /sys/fs/bpf/tc/globals". */
  evidence: string[];
}

export interface BpfMap {
  key: Key;
  id: number;
  type: string;
  /** Always cut at 15 characters by the kernel. */
  name: string;
  flags: number;
  bytes_key: number | null;
  bytes_value: number | null;
  max_entries: number | null;
  bytes_memlock: number | null;
  frozen: boolean;
  btf_id: number | null;
  pinned: string[];
  pids: { pid: number; comm: string }[];
  owner: Owner | null;
  /** Ids of programs that use it. */
  used_by: number[];
  origin: Origin;
}

export interface Link {
  key: Key;
  id: number;
  type: string;
  prog_id: number | null;
  /** Everything else the tool printed (target, attach_type, ifindex, cgroup_id, …). */
  details: Record<string, unknown>;
  pinned: string[];
  pids: { pid: number; comm: string }[];
  origin: Origin;
}

/** One slot of a prog array: programs that use `map_id` may tail call `to`. */
export interface TailCall {
  /** Program that uses the prog array. */
  from: number;
  map_id: number;
  index: number;
  to: number;
}

/** A cgroup hook attachment. */
export interface CgroupAttachment {
  key: Key;
  /** Path below the cgroup2 mount, e.g. `/kubepods.slice/…`. */
  cgroup: string;
  attach_type: string;
  /** `multi`, `override` or "" (exclusive). */
  attach_flags: string;
  prog_id: number;
  link_id: number | null;
  /** Order on that cgroup and attach type, 1 first. */
  order: number;
  pod: Key | null;
  origin: Origin;
}

/** A program attached anywhere that is neither an interface hook nor a cgroup. */
export interface OtherAttachment {
  key: Key;
  lane: "tracing" | "netfilter" | "flow_dissector" | "sk_lookup" | "sk_msg" | "struct_ops" | "lsm" | "iter" | "other";
  /** e.g. `tracepoint`, `kprobe`, `fentry`, `perf_event`, `uprobe`, `raw_tracepoint`. */
  kind: string;
  /** What it is attached to: function, tracepoint, hook, priority. "" when the kernel does not say. */
  target: string;
  prog_id: number | null;
  link_id: number | null;
  netns: string | null;
  origin: Origin;
}

export interface Pod {
  key: Key;
  uid: string;
  namespace: string | null;
  name: string | null;
  /** Where the name comes from: `/var/log/pods`, `crictl`, `kubectl`; null when unknown. */
  name_source: string | null;
  qos: string | null;
  containers: { id: string; runtime: string | null; name: string | null; image: string | null }[];
  pids: number[];
  netns: string | null;
  host_network: boolean;
  cgroups: string[];
}

/** A program or map that hangs loose. */
export interface Loose {
  what: Key;
  why: "pinned_not_attached" | "attached_no_holder" | "in_unreached_prog_array" | "held_only";
  text: string;
}

export interface Netns {
  inode: string;
  /** Name under /run/netns, when it has one. */
  name: string | null;
  host: boolean;
  /** A process in it, when one was found. */
  pid: number | null;
  pod: Key | null;
}

/** A mount of the bpf filesystem. */
export interface BpfMount {
  mount_point: string;
  mount_id: number;
  parent_id: number;
  /** True when another mount covers it (same mount point mounted later, or a parent over it). */
  shadowed: boolean;
  /** `major:minor`: equal for two mounts of one filesystem, as with a bind mount. */
  device?: string;
}

export interface Agent {
  /** `cilium`, `calico`, `tetragon`, … */
  family: string;
  comm: string;
  pid: number;
  exe: string | null;
  pod: Key | null;
  /** Epoch seconds. */
  started_at: number | null;
  evidence: string;
}

export interface NodeInfo {
  hostname: string;
  /** `uname -r`. */
  kernel: string;
  /** `uname -v`. */
  kernel_version: string;
  machine: string;
  os: string;
  /** Epoch seconds on the node's own clock when the collection ran. */
  collected_at: number | null;
  boot_time: number | null;
  user: string;
  root: boolean;
  cpus: number | null;
  btf: boolean | null;
  jit: number | null;
  bpf_stats_enabled: boolean | null;
  lockdown: string | null;
  lsm: string[];
  /** `v1`, `v2`, `hybrid` or null. */
  cgroup_mode: string | null;
  host_netns: string;
  tools: { name: string; path: string | null; version: string | null }[];
  bpf_mounts: BpfMount[];
  agents: Agent[];
  counters: { group: string; name: string; value: string }[];
}

/** State of one section as the picture shows it. */
export interface SectionState {
  section: string;
  scope: string;
  ok: boolean;
  exit: number | null;
  ms: number | null;
  bytes: number;
  truncated: boolean;
  /** What could not be seen because of it, and why; empty when all is well. */
  warnings: Warning[];
}

export interface Datapath {
  node: NodeInfo;
  netns: Netns[];
  interfaces: Iface[];
  cgroups: CgroupAttachment[];
  tracing: OtherAttachment[];
  programs: Program[];
  maps: BpfMap[];
  links: Link[];
  tail_calls: TailCall[];
  pods: Pod[];
  loose: Loose[];
  sections: SectionState[];
  findings: Finding[];
}

export type Severity = "critical" | "warning" | "info";

/** A statement about the model that a person should look at. Never claims more than its evidence. */
export interface Finding {
  /** Id of the rule, e.g. `filter-never-runs`. */
  id: string;
  severity: Severity;
  /** The thing it is about; views scroll to it. */
  subject: Key;
  /** Human name of the subject, e.g. "lxc1a2b3c egress (out → pod)". */
  subject_name: string;
  /** Facts, each traceable: "pref 1 handle 0x1: cil_to_container, run_cnt 5120". */
  evidence: string[];
  /** What it means and what it does not, in one or two sentences. */
  meaning: string;
  /** Further keys to highlight. */
  related: Key[];
}
