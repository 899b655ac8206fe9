/**
 * A made-up node of any size, for tests and benchmarks: same parameters, same node, to the byte.
 *
 * Shaped like a Cilium node (uplink with XDP and tc, `lxc*` ends, tail-call pipelines, shared maps,
 * cgroup and tracing programs). It does not go through the parsers: it is the model itself. The raw
 * texts of such a node are in `big-collected.ts`.
 */
import { hookKey, ifaceKey, mapKey, podKey, programKey } from "../../electron/core/model/build/keys.ts";
import type {
  BpfMap,
  CgroupAttachment,
  Datapath,
  Finding,
  HookEntry,
  HookName,
  Iface,
  Mechanism,
  Netns,
  Origin,
  OtherAttachment,
  Owner,
  Pod,
  Program,
  TailCall,
  VerdictStep,
} from "../../electron/core/model/types.ts";
import { verdictRules } from "../../electron/core/model/verdicts.ts";

export interface BigNodeOptions {
  /** All interfaces of the node's own namespace, host ends of pods included. */
  interfaces: number;
  /** All programs; what is left after the attached ones become tail-called programs. */
  programs: number;
  pods: number;
  /** How many pods also carry a program on the egress of their host end. */
  egress_pods: number;
  /** Pods with a program inside their own namespace. */
  inner_pods: number;
  /** Findings; each brings its own stale or dead filter. At most one a pod. */
  findings: number;
}

/** Sizes used by tests and benchmarks: `busy` is the node the numbers of the project speak of. */
export const NODE_SIZES = {
  tiny: { interfaces: 6, programs: 32, pods: 2, egress_pods: 1, inner_pods: 0, findings: 1 },
  small: { interfaces: 16, programs: 48, pods: 8, egress_pods: 4, inner_pods: 1, findings: 2 },
  /** Few pods with long pipelines that come back to their start. */
  deep: { interfaces: 10, programs: 70, pods: 4, egress_pods: 2, inner_pods: 1, findings: 1 },
  busy: { interfaces: 58, programs: 140, pods: 50, egress_pods: 9, inner_pods: 1, findings: 3 },
  huge: { interfaces: 1000, programs: 2000, pods: 900, egress_pods: 600, inner_pods: 10, findings: 12 },
} satisfies Record<string, BigNodeOptions>;

const HOST_NETNS = "4026531840";
const LOADED_AT = 1_760_000_000;
const APPS = ["web", "api", "cart", "search", "redis", "ledger", "mailer", "auth"];
const NAMESPACES = ["default", "shop", "payments", "kube-system", "monitoring"];
const PIPELINE = [
  "tail_handle_ipv4",
  "tail_ipv4_ct_egress",
  "tail_handle_ipv4_cont",
  "tail_ipv4_to_endpoint",
  "tail_nodeport_rev_dnat_ipv4",
  "tail_drop_notify",
  "tail_handle_arp",
  "tail_handle_ipv6",
  "tail_ipv6_ct_egress",
  "tail_srv6_encap",
];
const MAPS: [string, string, number, number, number][] = [
  ["cilium_ct4_glob", "lru_hash", 14, 56, 524288],
  ["cilium_ct_any4_", "lru_hash", 14, 56, 262144],
  ["cilium_lb4_serv", "hash", 12, 12, 65536],
  ["cilium_lb4_back", "hash", 4, 12, 65536],
  ["cilium_ipcache", "lpm_trie", 24, 12, 512000],
  ["cilium_lxc", "hash", 20, 48, 65535],
  ["cilium_metrics", "percpu_hash", 8, 16, 1024],
  ["cilium_events", "perf_event_array", 4, 4, 2],
];

const origin = (section: string, raw: unknown): Origin => ({ section, scope: "node", raw });
const hex = (value: number, digits: number) => value.toString(16).padStart(digits, "0");

/** Builds the node. @returns a complete, self-consistent datapath; equal options give equal values. */
export function bigNode(options: BigNodeOptions): Datapath {
  const node = new NodeBuilder();
  const policy = node.map("cilium_call_pol", "prog_array", 4, 4, 65536);
  const shared = MAPS.map(([name, type, key, value, max]) => node.map(name, type, key, value, max));

  const uplink = node.iface("eth0", "ether", { driver: "virtio_net", address: "10.0.0.5/24" });
  node.attach(uplink, "xdp", "xdp", node.program("cil_xdp_entry", "xdp", shared.slice(2, 6)), { mode: "native" });
  node.attach(uplink, "tc_ingress", "tcx", node.program("cil_from_netdev", "sched_cls", shared), {});
  node.attach(uplink, "tc_egress", "tcx", node.program("cil_to_netdev", "sched_cls", shared), {});
  const host = node.iface("cilium_host", "veth", { address: "10.1.0.1/32" });
  node.attach(host, "tc_ingress", "tcx", node.program("cil_to_host", "sched_cls", shared.slice(0, 4)), {});
  node.attach(host, "tc_egress", "tcx", node.program("cil_from_host", "sched_cls", shared.slice(0, 4)), {});
  const net = node.iface("cilium_net", "veth", {});
  node.attach(net, "tc_ingress", "tcx", node.program("cil_to_host", "sched_cls", shared.slice(0, 4)), {});
  host.peer = net.key;
  net.peer = host.key;

  const entries: Program[] = [];
  for (let index = 0; index < options.pods; index++) {
    const lxc = node.pod(index, index < options.inner_pods);
    const program = node.program("cil_from_container", "sched_cls", shared);
    const calls = node.map(`cilium_calls_${hex(index, 5)}`.slice(0, 15), "prog_array", 4, 4, 50);
    program.map_ids.push(calls.id, policy.id);
    entries.push(program);
    const mechanism: Mechanism = index % 3 === 0 ? "clsact" : "tcx";
    node.attach(lxc, "tc_ingress", mechanism, program, {});
    if (index < options.egress_pods)
      node.attach(lxc, "tc_egress", mechanism, node.program("cil_to_container", "sched_cls", shared.slice(0, 5)), {});
    if (index < options.findings) node.fault(lxc, index);
  }

  node.system();
  // One program is kept for `finish`, which adds a pinned one that is attached nowhere.
  node.tails(options.programs - 1, entries, policy);
  for (let index = 0; node.hostInterfaces() < options.interfaces; index++) {
    const idle = node.iface(`veth${hex(0xa000 + index, 6)}`, index % 40 === 0 ? "bridge" : "veth", {});
    if (index % 25 === 0) idle.up = false;
  }
  return node.finish();
}

/** What each verdict does in front of `next`. */
function verdictsOf(mechanism: Mechanism, next: string | null): VerdictStep[] {
  return verdictRules(mechanism === "clsact" ? "clsact_da" : mechanism).map(
    ({ verdict, value, effect, continues, text }) => ({
      verdict,
      value,
      effect,
      next: continues === "next" ? next : null,
      text,
    }),
  );
}

class NodeBuilder {
  private readonly programs: Program[] = [];
  private readonly maps: BpfMap[] = [];
  private readonly interfaces: Iface[] = [];
  private readonly pods: Pod[] = [];
  private readonly netns: Netns[] = [{ inode: HOST_NETNS, name: null, host: true, pid: 1, pod: null }];
  private readonly tail_calls: TailCall[] = [];
  private readonly findings: Finding[] = [];
  private readonly cgroups: CgroupAttachment[] = [];
  private readonly tracing: OtherAttachment[] = [];
  private next_ifindex = 1;

  hostInterfaces(): number {
    return this.interfaces.filter((iface) => iface.host_netns).length;
  }

  map(name: string, type: string, bytes_key: number, bytes_value: number, max_entries: number): BpfMap {
    const id = 10 + this.maps.length;
    const map: BpfMap = {
      key: mapKey(id),
      id,
      type,
      name,
      flags: 0,
      bytes_key,
      bytes_value,
      max_entries,
      bytes_memlock: (bytes_key + bytes_value) * max_entries,
      frozen: false,
      btf_id: null,
      pinned: [`/sys/fs/bpf/tc/globals/${name}`],
      pids: [],
      owner: cilium(),
      used_by: [],
      origin: origin("bpf.map", { id, type, name }),
    };
    this.maps.push(map);
    return map;
  }

  program(name: string, type: string, maps: BpfMap[], owner: Owner | null = cilium()): Program {
    const id = 100 + this.programs.length;
    const program: Program = {
      key: programKey(id),
      id,
      type,
      name,
      name_cut: false,
      tag: hex((id * 2654435761) % 0xffffffff, 16),
      loaded_at: LOADED_AT + id,
      uid: 0,
      gpl_compatible: true,
      bytes_xlated: 2048 + id * 8,
      bytes_jited: 1024 + id * 4,
      jited: true,
      bytes_memlock: 4096,
      btf_id: id,
      map_ids: maps.map((map) => map.id),
      run_cnt: String(id * 1000),
      run_time_ns: String(id * 900_000),
      pinned: [],
      pids: owner?.process ? [{ pid: owner.process.pid, comm: owner.process.comm }] : [],
      owner,
      returns: null,
      attached: [],
      origin: origin("bpf.prog", { id, type, name }),
    };
    this.programs.push(program);
    return program;
  }

  iface(name: string, kind: string, more: { driver?: string; address?: string; netns?: string }): Iface {
    const netns = more.netns ?? HOST_NETNS;
    const ifindex = netns === HOST_NETNS ? ++this.next_ifindex : 2;
    const iface: Iface = {
      key: ifaceKey(netns, ifindex),
      name,
      ifindex,
      netns,
      host_netns: netns === HOST_NETNS,
      kind,
      driver: more.driver ?? null,
      mac: `02:00:00:${hex(ifindex >> 8, 2)}:${hex(ifindex & 0xff, 2)}:01`,
      mtu: 1500,
      up: true,
      addresses: more.address ? [more.address] : [],
      peer: null,
      pod: null,
      pod_host_end: false,
      master: null,
      counters: null,
      hooks: [],
      origin: origin("net.link", { ifname: name, ifindex }),
    };
    this.interfaces.push(iface);
    return iface;
  }

  /** A pod with its namespace, its pair of interfaces and its cgroup. @returns the host end. */
  pod(index: number, inner: boolean): Iface {
    const uid = `0d9f${hex(index, 4)}-11aa-4b00-9000-${hex(index, 12)}`;
    const netns = String(4026532500 + index);
    const app = APPS[index % APPS.length] ?? "app";
    const pod: Pod = {
      key: podKey(uid),
      uid,
      namespace: NAMESPACES[index % NAMESPACES.length] ?? null,
      name: `${app}-${hex(0x6b00 + index * 7, 4)}-${hex(0xabcde + index * 977, 5)}`,
      name_source: "/var/log/pods",
      qos: "Burstable",
      containers: [{ id: hex(index, 64), runtime: "containerd", name: app, image: `registry.example/${app}:1.2` }],
      pids: [5000 + index],
      netns,
      host_network: false,
      cgroups: [`/kubepods.slice/kubepods-pod${uid.replaceAll("-", "_")}.slice`],
    };
    this.pods.push(pod);
    this.netns.push({ inode: netns, name: `cni-${hex(index, 8)}`, host: false, pid: 5000 + index, pod: pod.key });
    const lxc = this.iface(`lxc${hex(0x1a2b3c + index * 7919, 12)}`, "veth", {});
    const eth = this.iface("eth0", "veth", { netns, address: `10.1.${index >> 8}.${index & 0xff}/32` });
    lxc.peer = eth.key;
    eth.peer = lxc.key;
    lxc.pod = pod.key;
    eth.pod = pod.key;
    lxc.pod_host_end = true;
    if (inner) this.attach(eth, "tc_egress", "tcx", this.program("retina_inspect", "sched_cls", [], retina()), {});
    return lxc;
  }

  attach(
    iface: Iface,
    hook: HookName,
    mechanism: Mechanism,
    program: Program,
    more: { mode?: "native" | "generic"; pref?: number; handle?: string; reachable?: HookEntry["reachable"] },
  ): HookEntry {
    let place = iface.hooks.find((candidate) => candidate.hook === hook);
    if (!place) {
      place = { hook, direction: directionOf(iface, hook), entries: [], qdisc: null };
      iface.hooks.push(place);
      const order: HookName[] = ["xdp", "tc_ingress", "tc_egress", "netkit_primary", "netkit_peer"];
      iface.hooks.sort((a, b) => order.indexOf(a.hook) - order.indexOf(b.hook));
    }
    if (mechanism === "clsact") place.qdisc ??= { kind: "clsact", handle: "ffff:", drops: 0, packets: 1000 };
    const clsact = mechanism === "clsact";
    const entry: HookEntry = {
      key: `${hookKey(iface.key, hook)}:${mechanism}:prog${program.id}`,
      order: place.entries.length + 1,
      mechanism,
      mode: more.mode ?? null,
      pref: clsact ? (more.pref ?? 1) : null,
      handle: clsact ? (more.handle ?? "0x1") : null,
      chain: clsact ? 0 : null,
      block: null,
      protocol: clsact ? "all" : null,
      direct_action: clsact ? true : null,
      kind: "bpf",
      attach_name: clsact ? `bpf_lxc.o:[${program.name}]` : null,
      prog_id: program.id,
      link_id: mechanism === "tcx" ? 500 + program.id : null,
      verdicts: verdictsOf(mechanism, null),
      reachable: more.reachable ?? { value: "yes", reason: `run_cnt ${program.run_cnt}` },
      origin: origin(clsact ? "tc.filter" : "bpf.net", { id: program.id }),
    };
    const before = place.entries.at(-1);
    if (before) before.verdicts = verdictsOf(before.mechanism, entry.key);
    place.entries.push(entry);
    program.attached.push(entry.key);
    return entry;
  }

  /** A second filter on the pod's egress: stale and running, or dead behind one that ends the chain. */
  fault(lxc: Iface, index: number): void {
    const dead = index % 2 === 1;
    const current = this.program("cil_to_container", "sched_cls", []);
    current.returns = dead ? { values: [0, 2], complete: true } : { values: [-1, 2], complete: true };
    this.attach(lxc, "tc_egress", "clsact", current, { pref: 2 });
    const old = this.program("cil_to_container", "sched_cls", [], { ...cilium(), process: null });
    old.loaded_at = LOADED_AT - 90 * 86400;
    if (dead) old.run_cnt = "0";
    const reachable: HookEntry["reachable"] = dead
      ? { value: "no", reason: "the filter at pref 2 never returns TC_ACT_UNSPEC; run_cnt 0" }
      : { value: "yes", reason: `run_cnt ${old.run_cnt}` };
    const entry = this.attach(lxc, "tc_egress", "clsact", old, { pref: 3, reachable });
    this.findings.push({
      id: dead ? "filter-never-runs" : "second-program",
      severity: dead ? "warning" : "critical",
      subject: entry.key,
      subject_name: `${lxc.name} egress (out → pod)`,
      evidence: [`pref 3 handle 0x1: cil_to_container, run_cnt ${old.run_cnt}`],
      meaning: dead
        ? "This filter cannot run: the one in front of it always ends the chain."
        : "Two programs decide about the packets that reach this pod.",
      related: [lxc.key],
    });
  }

  /** Cgroup and tracing programs every node has. */
  system(): void {
    const types = ["cgroup_inet4_connect", "cgroup_inet6_connect", "cgroup_udp4_sendmsg", "cgroup_inet4_getpeername"];
    for (const [index, attach_type] of types.entries()) {
      const program = this.program(`cil_sock${index % 2 ? 6 : 4}_connect`, "cgroup_sock_addr", this.maps.slice(2, 5));
      this.cgroup("/", attach_type, program, null);
    }
    for (const pod of this.pods.slice(0, 2)) {
      const program = this.program("sd_devices", "cgroup_device", [], systemd());
      this.cgroup(pod.cgroups[0] ?? "/", "cgroup_device", program, pod.key);
    }
    for (const target of ["sys_enter", "sys_exit", "sched_process_exec"]) {
      const program = this.program(target, "raw_tracepoint", [], falco());
      const key = `trace:${program.id}`;
      this.tracing.push({
        key,
        lane: "tracing",
        kind: "raw_tracepoint",
        target,
        prog_id: program.id,
        link_id: 900 + program.id,
        netns: null,
        origin: origin("bpf.link", { prog_id: program.id }),
      });
      program.attached.push(key);
    }
  }

  private cgroup(cgroup: string, attach_type: string, program: Program, pod: string | null): void {
    const key = `cg:${cgroup}:${attach_type}:${program.id}`;
    this.cgroups.push({
      key,
      cgroup,
      attach_type,
      attach_flags: "multi",
      prog_id: program.id,
      link_id: null,
      order: 1,
      pod,
      origin: origin("bpf.cgroup", { id: program.id }),
    });
    program.attached.push(key);
  }

  /** Spends the rest of the programs on pipelines of the pods, one stage after the other. */
  tails(total: number, entries: Program[], policy: BpfMap): void {
    const last = new Map<number, Program>();
    for (let index = 0; this.programs.length < total && entries.length > 0; index++) {
      const head = entries[index % entries.length];
      if (!head) break;
      const stage = Math.floor(index / entries.length);
      const callsId = head.map_ids.at(-2) ?? policy.id;
      const isPolicy = stage === 1;
      const map_id = isPolicy ? policy.id : callsId;
      const name = isPolicy ? "cil_lxc_policy" : (PIPELINE[stage % PIPELINE.length] ?? "tail");
      const program = this.program(name, "sched_cls", this.maps.slice(1, 4));
      program.map_ids.push(callsId);
      const from = last.get(head.id) ?? head;
      this.tail_calls.push({ from: from.id, map_id, index: isPolicy ? index : stage, to: program.id });
      // A pipeline that comes back to its own start, as real ones do.
      if (stage === 3) this.tail_calls.push({ from: program.id, map_id: callsId, index: 0, to: from.id });
      if (stage % 3 !== 1) last.set(head.id, program);
    }
  }

  finish(): Datapath {
    const byId = new Map(this.maps.map((map) => [map.id, map]));
    for (const program of this.programs)
      for (const id of program.map_ids) {
        const map = byId.get(id);
        if (map && !map.used_by.includes(program.id)) map.used_by.push(program.id);
      }
    const held = this.program("old_probe", "sched_cls", [], null);
    held.pinned = ["/sys/fs/bpf/old/probe"];
    return {
      node: {
        hostname: "node-7",
        kernel: "6.8.0-48-generic",
        kernel_version: "#48-Ubuntu SMP",
        machine: "x86_64",
        os: "Ubuntu 24.04.1 LTS",
        collected_at: LOADED_AT + 86400,
        boot_time: LOADED_AT - 86400,
        user: "root",
        root: true,
        cpus: 8,
        btf: true,
        jit: 1,
        bpf_stats_enabled: true,
        lockdown: "none",
        lsm: ["lockdown", "capability", "yama", "apparmor"],
        cgroup_mode: "v2",
        host_netns: HOST_NETNS,
        tools: [{ name: "bpftool", path: "/usr/sbin/bpftool", version: "v7.5.0" }],
        bpf_mounts: [{ mount_point: "/sys/fs/bpf", mount_id: 30, parent_id: 24, shadowed: false }],
        agents: [],
        counters: [],
      },
      netns: this.netns,
      interfaces: this.interfaces,
      cgroups: this.cgroups,
      tracing: this.tracing,
      programs: this.programs,
      maps: this.maps,
      links: [],
      tail_calls: this.tail_calls,
      pods: this.pods,
      loose: [
        { what: held.key, why: "pinned_not_attached", text: "pinned at /sys/fs/bpf/old/probe, attached nowhere" },
      ],
      sections: [],
      findings: this.findings,
    };
  }
}

function directionOf(iface: Iface, hook: HookName): string {
  const side = iface.pod_host_end ? ["pod → out", "out → pod"] : iface.pod ? ["out → pod", "pod → out"] : null;
  const inward = hook === "tc_egress" ? 1 : 0;
  const name: Record<HookName, string> = {
    xdp: "XDP",
    tc_ingress: "ingress",
    tc_egress: "egress",
    netkit_primary: "netkit primary",
    netkit_peer: "netkit peer",
  };
  return `${name[hook]} (${side?.[inward] ?? (inward ? "node → out" : "out → node")})`;
}

const owner = (family: string, pid: number, comm: string): Owner => ({
  family,
  process: { pid, comm, exe: `/usr/bin/${comm}` },
  pod: null,
  container_id: null,
  image: null,
  evidence: [`held by pid ${pid} (${comm})`],
});
const cilium = () => owner("cilium", 2211, "cilium-agent");
const retina = () => owner("retina", 3111, "retina-agent");
const falco = () => owner("falco", 3300, "falco");
const systemd = () => owner("systemd", 1, "systemd");
