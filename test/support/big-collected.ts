/**
 * The raw answers of a made-up node, as the collector brings them: for timing everything from the
 * bytes to the picture, and for opening such a node as a snapshot file.
 *
 * Written from `bigNode`, so both describe the same node. Only what the tools print of it; findings
 * are left to the rules.
 */
import type { Collected, Scope, SectionResult } from "../../electron/core/collect/frames.ts";
import type { Datapath, HookEntry, HookName, Iface, Program } from "../../electron/core/model/types.ts";
import { type BigNodeOptions, bigNode } from "./big-node.ts";

/** One finished collect run of `bigNode(options)`: equal options give equal texts. */
export function bigCollected(options: BigNodeOptions): Collected {
  const node = bigNode(options);
  const sections: SectionResult[] = [];
  const put = (section: string, stdout: string, scope: Scope = "node", exit = 0) =>
    sections.push({ section, scope, exit, ms: 5, truncated: false, stdout, stderr: "" });
  const programs = new Map(node.programs.map((program) => [program.id, program]));
  const host = node.interfaces.filter((iface) => iface.host_netns);

  put("node.kernel", kernel(node));
  put("node.os", 'PRETTY_NAME="Ubuntu 24.04.1 LTS"\nID=ubuntu\n');
  put(
    "node.tools",
    "bpftool\t/usr/sbin/bpftool\tbpftool v7.5.0\nip\t/usr/sbin/ip\tip utility, iproute2-6.15.0\ntc\t/usr/sbin/tc\ttc utility, iproute2-6.15.0\n",
  );
  put(
    "node.mounts",
    "49 48 0:38 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n50 48 0:42 / /sys/fs/bpf rw - bpf bpf rw,mode=700\n",
  );
  put("bpf.prog", json(node.programs.map(progRow)));
  put("bpf.map", json(node.maps.map(({ key: _, used_by, owner, origin, ...row }) => ({ ...row, frozen: 0 }))));
  put("bpf.link", json(linkRows(node)));
  put("bpf.cgroup", json(cgroupRows(node, programs)));
  put("bpf.struct_ops", "[]");
  put("bpf.btf", "[]");
  put("bpf.progarrays", json(progArrays(node)));
  put("net.netns", json(node.netns.flatMap(({ name }, nsid) => (name ? [{ nsid, name }] : []))));
  put("net.drivers", lines(host.map((iface) => `${iface.name}\t${iface.driver ?? ""}`)));
  putNetwork(put, node, programs, host, "node");
  put(
    "netns.list",
    lines(node.netns.flatMap((ns) => (ns.host ? [] : [`${ns.inode}\t${ns.pid ?? ""}\t${ns.name ?? ""}`]))),
  );
  putProcesses(put, node);
  put("k8s.podlogs", lines(node.pods.map((pod) => `${pod.namespace}_${pod.name}_${pod.uid}`)));
  put("k8s.crictl", "", "node", 127);
  for (const { inode, host: own } of node.netns) {
    const inside = node.interfaces.filter((iface) => iface.netns === inode);
    if (!own) putNetwork(put, node, programs, inside, `netns:${inode}`);
  }
  return { sections, complete: true, noise: "" };
}

type Put = (section: string, stdout: string, scope?: Scope, exit?: number) => void;

const json = (value: unknown) => `${JSON.stringify(value)}\n`;
const lines = (list: readonly string[]) => list.map((line) => `${line}\n`).join("");
const CGROUP_MOUNT = "/sys/fs/cgroup";

function kernel({ node }: Datapath): string {
  return lines([
    `hostname=${node.hostname}`,
    `release=${node.kernel}`,
    `version=${node.kernel_version}`,
    `machine=${node.machine}`,
    "uptime_s=172800.00",
    `now=${node.collected_at}`,
    `boot_time=${node.boot_time}`,
    "user=root",
    "uid=0",
    `cpus=${node.cpus}`,
    "btf=1",
    "jit_enable=1",
    "bpf_stats_enabled=1",
    "lockdown=[none] integrity confidentiality",
    `lsm=${node.lsm.join(",")}`,
    "cgroup_mode=v2",
    `cgroup2_mount=${CGROUP_MOUNT}`,
    `host_netns=${node.host_netns}`,
  ]);
}

function progRow(program: Program): object {
  const { key: _, name_cut, owner, returns, attached, origin, run_cnt, run_time_ns, ...row } = program;
  const counts =
    run_cnt === null || run_cnt === "0" ? {} : { run_time_ns: Number(run_time_ns), run_cnt: Number(run_cnt) };
  return { ...row, ...counts };
}

function linkRows(node: Datapath): object[] {
  const rows: object[] = [];
  for (const iface of node.interfaces)
    for (const { hook, entries } of iface.hooks)
      for (const { link_id, prog_id } of entries)
        if (link_id !== null)
          rows.push({
            id: link_id,
            type: "tcx",
            prog_id,
            devname: iface.host_netns ? iface.name : "(unknown)",
            ifindex: iface.ifindex,
            attach_type: hook === "tc_egress" ? "tcx_egress" : "tcx_ingress",
          });
  for (const { link_id, prog_id, kind, target } of node.tracing)
    rows.push({ id: link_id, type: kind, prog_id, tp_name: target });
  return rows;
}

function cgroupRows(node: Datapath, programs: ReadonlyMap<number, Program>): object[] {
  return [...Map.groupBy(node.cgroups, (at) => at.cgroup)].map(([cgroup, list]) => ({
    cgroup: cgroup === "/" ? CGROUP_MOUNT : CGROUP_MOUNT + cgroup,
    programs: list.map(({ prog_id, attach_type, attach_flags }) => ({
      id: prog_id,
      attach_type,
      attach_flags,
      name: programs.get(prog_id)?.name ?? "",
    })),
  }));
}

function progArrays(node: Datapath): object[] {
  const bytes = (value: number) =>
    [0, 8, 16, 24].map((shift) => `0x${((value >>> shift) & 255).toString(16).padStart(2, "0")}`);
  const calls = Map.groupBy(node.tail_calls, (call) => call.map_id);
  return node.maps
    .filter((map) => map.type === "prog_array")
    .map(({ id }) => ({
      command: ["map", "dump", "id", String(id)],
      output: (calls.get(id) ?? []).map(({ index, to }) => ({ key: bytes(index), value: bytes(to) })),
    }));
}

/** Everything that is asked in each network namespace. */
function putNetwork(
  put: Put,
  node: Datapath,
  programs: ReadonlyMap<number, Program>,
  interfaces: readonly Iface[],
  scope: Scope,
): void {
  const clsact = interfaces.filter((iface) => iface.hooks.some((hook) => hook.qdisc !== null));
  put("bpf.net", json([netRow(programs, interfaces)]), scope);
  put("net.link", json(interfaces.map((iface) => linkRow(node, iface))), scope);
  put("net.addr", json(interfaces.map(addrRow)), scope);
  put(
    "tc.qdisc",
    json([
      ...interfaces.map((iface) => ({ kind: "noqueue", handle: "0:", dev: iface.name, root: true, drops: 0 })),
      ...clsact.map((iface) => ({
        kind: "clsact",
        handle: "ffff:",
        dev: iface.name,
        parent: "ffff:fff1",
        bytes: 64000,
        packets: 1000,
        drops: 0,
      })),
    ]),
    scope,
  );
  put(
    "tc.filter",
    clsact
      .flatMap((iface) =>
        (["ingress", "egress"] as const).map((direction) => {
          const entries = iface.hooks.find(({ hook }) => hook === `tc_${direction}`)?.entries ?? [];
          const filters = entries.filter((entry) => entry.mechanism === "clsact");
          return `#dev ${iface.name} ${direction}\n${json(filters.flatMap((entry) => filterRows(programs, entry)))}`;
        }),
      )
      .join(""),
    scope,
  );
}

const DIRECTION: Partial<Record<HookName, string>> = { tc_ingress: "ingress", tc_egress: "egress" };

function netRow(programs: ReadonlyMap<number, Program>, interfaces: readonly Iface[]): object {
  const row = { xdp: [] as object[], tc: [] as object[], flow_dissector: [], netfilter: [] };
  for (const { name: devname, ifindex, hooks } of interfaces)
    for (const { hook, entries } of hooks)
      for (const entry of entries) {
        const kind = `${entry.mechanism}/${DIRECTION[hook]}`;
        const name = programs.get(entry.prog_id ?? -1)?.name ?? "";
        if (entry.mechanism === "xdp") row.xdp.push({ devname, ifindex, mode: "driver", id: entry.prog_id });
        else if (entry.mechanism === "clsact")
          row.tc.push({ devname, ifindex, kind, name: entry.attach_name, id: entry.prog_id });
        else
          row.tc.push({
            devname,
            ifindex,
            kind,
            name,
            prog_id: entry.prog_id,
            prog_flags: [],
            link_id: entry.link_id,
            link_flags: [],
          });
      }
  return row;
}

function filterRows(programs: ReadonlyMap<number, Program>, entry: HookEntry): object[] {
  const { protocol, pref, chain, kind, handle, attach_name, prog_id } = entry;
  const program = programs.get(prog_id ?? -1);
  const prog = { id: prog_id, name: program?.name.slice(0, 15), tag: program?.tag, jited: 1 };
  const options = { handle, bpf_name: attach_name, "direct-action": true, not_in_hw: true, prog };
  return [
    { protocol, pref, kind, chain },
    { protocol, pref, kind, chain, options },
  ];
}

function linkRow(node: Datapath, iface: Iface): object {
  const peer = iface.peer === null ? undefined : node.interfaces.find((other) => other.key === iface.peer);
  const same = peer?.netns === iface.netns;
  // Namespace ids are each namespace's own: in a pod's, 0 is the node's.
  const nsid = iface.host_netns ? node.netns.findIndex((ns) => ns.inode === peer?.netns) : 0;
  const xdp = iface.hooks.find(({ hook }) => hook === "xdp")?.entries[0];
  const count = { bytes: 64000, packets: 1000, errors: 0, dropped: 0 };
  return {
    ifindex: iface.ifindex,
    ifname: iface.name,
    ...(peer ? (same ? { link: peer.name } : { link_index: peer.ifindex, link_netnsid: nsid }) : {}),
    flags: ["BROADCAST", "MULTICAST", ...(iface.up ? ["UP", "LOWER_UP"] : [])],
    mtu: iface.mtu,
    ...(xdp ? { xdp: { mode: 1, prog: { id: xdp.prog_id }, attached: [{ mode: 1, prog: { id: xdp.prog_id } }] } } : {}),
    qdisc: "noqueue",
    operstate: iface.up ? "UP" : "DOWN",
    link_type: "ether",
    address: iface.mac,
    ...(iface.kind === "ether" ? {} : { linkinfo: { info_kind: iface.kind } }),
    stats64: { rx: count, tx: count },
  };
}

function addrRow({ ifindex, name, addresses }: Iface): object {
  return {
    ifindex,
    ifname: name,
    addr_info: addresses.map((address) => {
      const [local, length] = address.split("/");
      return { family: "inet", local, prefixlen: Number(length), scope: "global" };
    }),
  };
}

/** Processes that hold programs, and one process a pod. */
function putProcesses(put: Put, node: Datapath): void {
  const holders = new Map(
    node.programs.flatMap(({ owner }) => (owner?.process ? [[owner.process.pid, owner.process.comm] as const] : [])),
  );
  const all = [
    ...[...holders].map(([pid, comm]) => ({
      pid,
      comm,
      cgroup: `/system.slice/${comm}.service`,
      netns: node.node.host_netns,
    })),
    ...node.pods.map((pod) => ({
      pid: pod.pids[0] ?? 0,
      comm: pod.containers[0]?.name ?? "app",
      cgroup: `${pod.cgroups[0]}/cri-containerd-${pod.containers[0]?.id}.scope`,
      netns: pod.netns ?? "",
    })),
  ];
  put(
    "proc.stat",
    lines(
      all.map(
        ({ pid, comm }) =>
          `${pid} (${comm}) S 1 ${pid} ${pid} 0 -1 4194560 ${"0 ".repeat(8)}20 0 1 0 ${pid}${" 0".repeat(30)}`,
      ),
    ),
  );
  put("proc.cgroup", lines(all.map(({ pid, cgroup }) => `/proc/${pid}/cgroup:0::${cgroup}`)));
  put("proc.netns", lines(all.map(({ pid, netns }) => `/proc/${pid}/ns/net ${netns}`)));
  put("proc.exe", lines(all.map(({ pid, comm }) => `/proc/${pid}/exe\t/usr/bin/${comm}`)));
  put(
    "proc.bpf",
    lines(
      node.programs.flatMap(({ id, owner }) =>
        owner?.process ? [`/proc/${owner.process.pid}/fdinfo/${id}:prog_id:\t${id}`] : [],
      ),
    ),
  );
  put(
    "cgroup.dirs",
    lines([`1 ${CGROUP_MOUNT}`, ...node.pods.map((pod, index) => `${1000 + index} ${CGROUP_MOUNT}${pod.cgroups[0]}`)]),
  );
}
