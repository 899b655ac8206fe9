/** What a small node answers, as text of its tools, for tests that go from text to model. */
import type { Collected, Scope, SectionResult } from "../../collect/frames.ts";

export const HOST = "4026531840";
export const POD_NETNS = "4026532200";
export const POD_UID = "3369de77-8718-4fce-a6fc-9e0ae0706ccb";
const CONTAINER = "a".repeat(64);
const POD_CGROUP = `/kubepods.slice/kubepods-pod${POD_UID.replaceAll("-", "_")}.slice/cri-containerd-${CONTAINER}.scope`;

/** Sections by `id` or `id netns:<inode>`; a value that is not text is printed as JSON. */
export type Answers = Record<string, unknown>;

export function collected(answers: Answers): Collected {
  const sections = Object.entries(answers).map(([name, value]): SectionResult => {
    const [section = "", scope = "node"] = name.split(" ");
    const stdout = typeof value === "string" ? value : JSON.stringify(value);
    return { section, scope: scope as Scope, exit: 0, ms: 1, truncated: false, stdout, stderr: "" };
  });
  return { sections, complete: true, noise: "" };
}

const filter = (pref: number, handle: string, id: number, name: string) => ({
  protocol: "all",
  pref,
  kind: "bpf",
  chain: 0,
  options: {
    handle,
    bpf_name: `bpf_lxc.o:[${name}]`,
    "direct-action": true,
    not_in_hw: true,
    prog: { id, name, tag: "00" },
  },
});

const stat = (pid: number, comm: string, starttime: number) =>
  `${pid} (${comm}) S 1 ${Array.from({ length: 17 }, () => 0).join(" ")} ${starttime} ${Array.from({ length: 30 }, () => 0).join(" ")}`;

/**
 * One pod on `lxc1`, two clsact programs on its egress, one tcx program on its ingress, native XDP on eth0,
 * a cgroup program, a tracepoint, a tail call, a pinned map nobody uses, and the agent that holds most.
 */
export function smallNode(): Answers {
  return {
    "node.kernel": [
      "hostname=worker-1",
      "release=6.12.0",
      "now=1763700000",
      "boot_time=1763600000",
      "user=root",
      "uid=0",
      "btf=1",
      "bpf_stats_enabled=0",
      "cgroup2_mount=/sys/fs/cgroup",
      `host_netns=${HOST}`,
    ].join("\n"),
    "node.tools": "bpftool\t/usr/sbin/bpftool\tbpftool v7.5.0\n",
    "node.mounts": "30 24 0:26 / /sys/fs/bpf rw,nosuid - bpf bpf rw,mode=700\n",
    "bpf.prog": [
      prog(11, "cil_from_container", { map_ids: [5] }),
      prog(12, "cil_to_container", { loaded_at: 1763650000, pids: [{ pid: 900, comm: "cilium-agent" }] }),
      prog(13, "cil_to_container", { loaded_at: 1763600100, map_ids: [7] }),
      prog(14, "tail_ipv4", {}),
      prog(15, "xdp_entry", { type: "xdp" }),
      prog(16, "sock4_connect", { type: "cgroup_sock_addr" }),
      prog(17, "on_exec", { type: "tracepoint" }),
    ],
    "bpf.map": [
      { id: 5, type: "prog_array", name: "cilium_calls_01", flags: 0, max_entries: 50 },
      { id: 7, type: "hash", name: "cilium_policy_v", flags: 1, max_entries: 10 },
      { id: 8, type: "hash", name: "left", flags: 0, max_entries: 10, pinned: ["/sys/fs/bpf/calico/left"] },
    ],
    "bpf.link": [
      {
        id: 3,
        type: "tcx",
        prog_id: 11,
        ifindex: 7,
        devname: "lxc1",
        attach_type: "tcx_ingress",
        pinned: ["/sys/fs/bpf/cilium/l3"],
      },
      { id: 4, type: "cgroup", prog_id: 16, cgroup_id: 77, attach_type: "cgroup_inet4_connect" },
      { id: 6, type: "perf_event", prog_id: 17, tracepoint: "sched_process_exec" },
    ],
    "bpf.net": [
      {
        xdp: [{ devname: "eth0", ifindex: 2, mode: "driver", id: 15 }],
        tc: [
          {
            devname: "lxc1",
            ifindex: 7,
            kind: "tcx/ingress",
            name: "cil_from_container",
            prog_id: 11,
            link_id: 3,
            prog_flags: [],
          },
          { devname: "lxc1", ifindex: 7, kind: "clsact/egress", name: "cil_to_container", id: 13 },
          { devname: "lxc1", ifindex: 7, kind: "clsact/egress", name: "cil_to_container", id: 12 },
        ],
        flow_dissector: [],
        netfilter: [],
      },
    ],
    "bpf.cgroup": [
      {
        cgroup: `/sys/fs/cgroup${POD_CGROUP}`,
        programs: [{ id: 16, attach_type: "cgroup_inet4_connect", attach_flags: "multi", name: "sock4_connect" }],
      },
    ],
    "bpf.struct_ops": [],
    "bpf.progarrays": [
      {
        command: ["map", "dump", "id", "5"],
        output: [{ key: ["0x07", "0x00", "0x00", "0x00"], value: ["0x0e", "0x00", "0x00", "0x00"] }],
      },
    ],
    "net.link": [
      { ifindex: 1, ifname: "lo", flags: ["LOOPBACK", "UP"], mtu: 65536, link_type: "loopback" },
      {
        ifindex: 2,
        ifname: "eth0",
        flags: ["UP"],
        mtu: 1500,
        link_type: "ether",
        xdp: { mode: 1, prog: { id: 15, name: "xdp_entry", tag: "00" } },
      },
      veth(7, "lxc1", 2),
    ],
    "net.drivers": "eth0\tvirtio_net\n",
    "net.addr": [{ ifindex: 2, ifname: "eth0", addr_info: [{ family: "inet", local: "10.0.0.5", prefixlen: 24 }] }],
    "tc.qdisc": [
      {
        kind: "clsact",
        handle: "ffff:",
        dev: "lxc1",
        parent: "ffff:fff1",
        packets: 10,
        drops: 4,
        bytes: 99,
        options: {},
      },
    ],
    "tc.filter": `#dev lxc1 ingress\n[]\n#dev lxc1 egress\n${JSON.stringify([filter(1, "0x2", 13, "to"), filter(1, "0x1", 12, "to")])}\n`,
    "netns.list": `${POD_NETNS}\t4242\tcni-abc\n`,
    "proc.stat": [stat(1, "systemd", 0), stat(900, "cilium-agent", 4_900_000), stat(4242, "nginx", 5_000_000)].join(
      "\n",
    ),
    "proc.cgroup": `/proc/4242/cgroup:0::${POD_CGROUP}\n/proc/900/cgroup:0::/system.slice/cilium.service\n`,
    "proc.netns": `/proc/1/ns/net ${HOST}\n/proc/900/ns/net ${HOST}\n/proc/4242/ns/net ${POD_NETNS}\n`,
    "proc.exe": "/proc/900/exe\t/usr/bin/cilium-agent\n/proc/4242/exe\t/usr/sbin/nginx\n",
    "proc.bpf": "/proc/900/fdinfo/9:prog_id:\t11\n",
    "cgroup.dirs": `77 /sys/fs/cgroup${POD_CGROUP}\n`,
    "k8s.podlogs": `shop_cart-1_${POD_UID}\n`,
    [`net.link netns:${POD_NETNS}`]: [veth(2, "eth0", 7)],
    [`bpf.net netns:${POD_NETNS}`]: [{ xdp: [], tc: [], flow_dissector: [], netfilter: [] }],
    [`tc.qdisc netns:${POD_NETNS}`]: [],
    [`tc.filter netns:${POD_NETNS}`]: "",
  };
}

export function prog(id: number, name: string, more: object): object {
  return {
    id,
    type: "sched_cls",
    name,
    tag: "e971eba66b5cefa2",
    gpl_compatible: true,
    loaded_at: 1763650000,
    uid: 0,
    ...more,
  };
}

export function veth(ifindex: number, ifname: string, link_index: number): object {
  return {
    ifindex,
    link_index,
    ifname,
    flags: ["UP"],
    mtu: 1500,
    link_type: "ether",
    address: "ee:56:98:41:44:e1",
    link_netnsid: 0,
    linkinfo: { info_kind: "veth" },
    stats64: { rx: { packets: 1, errors: 0, dropped: 0 }, tx: { packets: 2, errors: 0, dropped: 0 } },
  };
}
