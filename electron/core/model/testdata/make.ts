/** Hand-made model parts for tests: every field has a plain value, a test names only those it is about. */
import type { Datapath, Hook, HookEntry, HookName, Iface, NodeInfo, Pod, Program } from "../types.ts";

const ORIGIN = { section: "test", scope: "node", raw: null };

export function aProgram(id: number, change: Partial<Program> = {}): Program {
  return {
    key: `prog:${id}`,
    id,
    type: "sched_cls",
    name: "",
    name_cut: false,
    tag: "f03f3c893109830e",
    loaded_at: null,
    uid: 0,
    gpl_compatible: true,
    bytes_xlated: 16,
    bytes_jited: 32,
    jited: true,
    bytes_memlock: 4096,
    btf_id: null,
    map_ids: [],
    run_cnt: null,
    run_time_ns: null,
    pinned: [],
    pids: [],
    owner: null,
    returns: null,
    attached: [],
    origin: ORIGIN,
    ...change,
  };
}

export function anEntry(key: string, change: Partial<HookEntry> = {}): HookEntry {
  return {
    key,
    order: 1,
    mechanism: "clsact",
    mode: null,
    pref: 1,
    handle: "0x1",
    chain: 0,
    block: null,
    protocol: "all",
    direct_action: true,
    kind: "bpf",
    attach_name: null,
    prog_id: null,
    link_id: null,
    verdicts: [],
    reachable: { value: "yes", reason: "nothing runs in front of it on this hook" },
    origin: ORIGIN,
    ...change,
  };
}

export function aHook(hook: HookName, direction: string, entries: HookEntry[]): Hook {
  const tc = hook === "tc_ingress" || hook === "tc_egress";
  return {
    hook,
    direction,
    entries,
    qdisc: tc ? { kind: "clsact", handle: "ffff:", drops: 0, packets: 0 } : null,
  };
}

export function anIface(ifindex: number, name: string, change: Partial<Iface> = {}): Iface {
  return {
    key: `if:4026531840:${ifindex}`,
    name,
    ifindex,
    netns: "4026531840",
    host_netns: true,
    kind: "veth",
    driver: "veth",
    mac: null,
    mtu: 1500,
    up: true,
    addresses: [],
    peer: null,
    pod: null,
    pod_host_end: false,
    master: null,
    counters: null,
    hooks: [],
    origin: ORIGIN,
    ...change,
  };
}

export function aPod(uid: string, change: Partial<Pod> = {}): Pod {
  return {
    key: `pod:${uid}`,
    uid,
    namespace: "default",
    name: uid,
    name_source: "/var/log/pods",
    qos: null,
    containers: [],
    pids: [],
    netns: null,
    host_network: false,
    cgroups: [],
    ...change,
  };
}

export function aNode(change: Partial<NodeInfo> = {}): NodeInfo {
  return {
    hostname: "node-1",
    kernel: "6.18.0",
    kernel_version: "#1 SMP",
    machine: "x86_64",
    os: "Debian GNU/Linux 12 (bookworm)",
    collected_at: 1_763_700_000,
    boot_time: 1_763_600_000,
    user: "root",
    root: true,
    cpus: 2,
    btf: true,
    jit: 1,
    bpf_stats_enabled: true,
    lockdown: "none",
    lsm: [],
    cgroup_mode: "v2",
    host_netns: "4026531840",
    tools: [{ name: "bpftool", path: "/usr/sbin/bpftool", version: "bpftool v7.5.0" }],
    bpf_mounts: [{ mount_point: "/sys/fs/bpf", mount_id: 30, parent_id: 24, shadowed: false }],
    agents: [],
    counters: [],
    ...change,
  };
}

export function aDatapath(change: Partial<Datapath> = {}): Datapath {
  return {
    node: aNode(),
    netns: [],
    interfaces: [],
    cgroups: [],
    tracing: [],
    programs: [],
    maps: [],
    links: [],
    tail_calls: [],
    pods: [],
    loose: [],
    sections: [],
    findings: [],
    ...change,
  };
}
