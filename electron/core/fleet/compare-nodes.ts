/**
 * Two nodes side by side: what is the same, what differs, what only one of them has.
 *
 * Unlike `model/compare.ts`, which follows one node through time by its keys, nothing here has an id in
 * common; things are matched by their names and roles. Order and content depend on the two pictures only.
 */
import type { Datapath, NodeInfo, SectionState } from "../model/types.ts";
import { cgroupsOf, chainsOf, tracingOf } from "./compare-attachments.ts";
import { type ComparedRow, compareValues, Values } from "./compare-sets.ts";
import { rolesIn } from "./roles.ts";

export interface ComparedPart {
  id: "versions" | "settings" | "interfaces" | "attachments" | "cgroups" | "tracing" | "programs" | "maps" | "counters";
  title: string;
  rows: ComparedRow[];
  /** Sections this part is made of that could not be read whole: what is missing may be there. */
  unread: { left: string[]; right: string[] };
}

export interface NodeComparison {
  left: { hostname: string; collected_at: number | null };
  right: { hostname: string; collected_at: number | null };
  /** Something is not the same. */
  differs: boolean;
  parts: ComparedPart[];
}

interface Part {
  id: ComparedPart["id"];
  title: string;
  /** What its sections' names begin with. */
  sections: RegExp;
  values(datapath: Datapath, other: Datapath): Values;
}

const PARTS: readonly Part[] = [
  { id: "versions", title: "Versions", sections: /^node\.(kernel|os|tools)$|^proc\./, values: versions },
  { id: "settings", title: "Settings", sections: /^node\.(kernel|mounts)$/, values: settings },
  { id: "interfaces", title: "Interfaces", sections: /^(net\.|netns\.)/, values: interfaces },
  {
    id: "attachments",
    title: "Programs on interfaces",
    sections: /^(net|netns|tc|bpf\.(net|prog|link))\b/,
    values: chainsOf,
  },
  { id: "cgroups", title: "Programs on cgroups", sections: /^(bpf\.(cgroup|prog)|cgroup\.)/, values: cgroupsOf },
  {
    id: "tracing",
    title: "Tracing and other hooks",
    sections: /^bpf\.(link|perf|prog|struct_ops)$/,
    values: tracingOf,
  },
  { id: "programs", title: "Program tags", sections: /^bpf\.prog$/, values: programs },
  { id: "maps", title: "Maps", sections: /^bpf\.map$/, values: maps },
  { id: "counters", title: "Counters that should stay at zero", sections: /^counters\./, values: counters },
];

export function compareNodes(left: Datapath, right: Datapath): NodeComparison {
  const parts = PARTS.map(({ id, title, sections, values }) => ({
    id,
    title,
    rows: compareValues(values(left, right), values(right, left)),
    unread: { left: unread(left.sections, sections), right: unread(right.sections, sections) },
  }));
  return {
    left: { hostname: left.node.hostname, collected_at: left.node.collected_at },
    right: { hostname: right.node.hostname, collected_at: right.node.collected_at },
    differs: parts.some(({ rows }) => rows.some(({ state }) => state !== "same")),
    parts,
  };
}

function unread(states: readonly SectionState[], sections: RegExp): string[] {
  const ids = states.filter(({ ok, section }) => !ok && sections.test(section)).map(({ section }) => section);
  return [...new Set(ids)].sort();
}

function versions(datapath: Datapath): Values {
  const { node, pods } = datapath;
  const values = new Values();
  const add = (name: string, value: string | null) => value && values.add(name, value);
  add("kernel", node.kernel);
  add("kernel build", node.kernel_version);
  add("machine", node.machine);
  add("os", node.os);
  for (const tool of node.tools)
    add(`tool ${tool.name}`, tool.path === null ? null : (tool.version ?? "version unknown"));
  for (const { family, pod, comm } of node.agents) {
    const containers = pods.find(({ key }) => key === pod)?.containers ?? [];
    const images = [...new Set(containers.flatMap(({ image }) => image ?? []))].sort();
    values.add(`agent ${family}: ${comm}`, images.length > 0 ? images.join(", ") : "runs", { many: images.length > 0 });
  }
  return values;
}

function settings({ node }: Datapath): Values {
  const values = new Values();
  const told: [string, NodeInfo[keyof NodeInfo]][] = [
    ["kernel.bpf_stats_enabled", node.bpf_stats_enabled],
    ["net.core.bpf_jit_enable", node.jit],
    ["kernel BTF", node.btf],
    ["kernel lockdown", node.lockdown],
    ["LSMs in order", node.lsm.join(", ")],
    ["cgroup version", node.cgroup_mode],
    ["processors", node.cpus],
    ["read as root", node.root],
  ];
  for (const [name, value] of told) if (value !== null && value !== "") values.add(name, inWords(value));
  const mounts = Map.groupBy(node.bpf_mounts, ({ mount_point }) => mount_point);
  for (const [mount_point, all] of mounts) {
    const covered = all.filter(({ shadowed }) => shadowed).length;
    const times = all.length === 1 ? "mounted" : `mounted ${all.length} times`;
    values.add(`bpf filesystem at ${mount_point}`, covered > 0 ? `${times}, ${covered} covered` : times);
  }
  return values;
}

const inWords = (value: NodeInfo[keyof NodeInfo]) =>
  typeof value === "boolean" ? (value ? "yes" : "no") : String(value);

/** Also those without programs: an MTU that differs is found here. */
function interfaces(datapath: Datapath): Values {
  const values = new Values();
  const roleOf = rolesIn(datapath);
  for (const iface of datapath.interfaces) {
    const { name, many } = roleOf(iface);
    const parts = [iface.kind, iface.driver, iface.mtu === null ? null : `mtu ${iface.mtu}`, iface.up ? "up" : "down"];
    const value = [...new Set(parts.filter((part) => part !== null))].join(", ");
    values.add(name, value, many ? { many, where: iface.name } : {});
  }
  return values;
}

function programs(datapath: Datapath): Values {
  const values = new Values();
  for (const { type, name, tag, id } of datapath.programs) {
    values.add(`${type} ${name || "(no name)"}`, tag, { where: String(id) });
  }
  return values;
}

/** Names are cut at 15 characters by the kernel, and end in a number where each pod has one of its own. */
function maps(datapath: Datapath): Values {
  const values = new Values();
  for (const { type, name, flags, bytes_key, bytes_value, max_entries, id } of datapath.maps) {
    const size = `${max_entries ?? "?"} entries of ${bytes_key ?? "?"} + ${bytes_value ?? "?"} bytes`;
    const value = `${type}, ${size}, flags 0x${flags.toString(16)}`;
    values.add(name.replace(/_\d+$/, "_*") || "(no name)", value, { where: String(id) });
  }
  return values;
}

/** What a healthy node does not count, by group and name. */
const TROUBLE: readonly RegExp[] = [
  /^softnet\b.* (dropped|time_squeeze)$/,
  /^conntrack\b.* (drop|early_drop|insert_failed)$/,
  /^TcpExt (ListenDrops|ListenOverflows|TCPBacklogDrop|TCPReqQFullDrop|PruneCalled)$/,
  /^Ip (InDiscards|OutDiscards|InHdrErrors|OutNoRoutes|ReasmFails|FragFails)$/,
  /^Udp (RcvbufErrors|SndbufErrors|InErrors)$/,
];

/** Zero or not is what is compared: how much depends on how long the node has been up. */
function counters({ node }: Datapath): Values {
  const sums = new Map<string, bigint>();
  for (const { group, name, value } of node.counters) {
    const label = `${group.replace(/ cpu\d+$/, "")} ${name}`;
    if (!TROUBLE.some((one) => one.test(label)) || !/^\d+$/.test(value)) continue;
    sums.set(label, (sums.get(label) ?? 0n) + BigInt(value));
  }
  const values = new Values();
  for (const [label, sum] of sums) values.add(label, sum === 0n ? "0" : "more than 0", { where: String(sum) });
  return values;
}
