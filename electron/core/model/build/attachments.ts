/**
 * Attachments that are not on an interface: cgroup hooks in their order, and the lanes of tracing,
 * netfilter, flow dissector, socket lookup, struct_ops and LSM programs. They come from links, and from
 * the lists of `bpftool net`, `cgroup tree` and `struct_ops` where a program is attached without a link.
 * kprobes and tracepoints attached through a perf descriptor alone are in `perf.ts`.
 */
import type { Facts } from "../../facts/facts.ts";
import type { LinkRow } from "../../parsers/bpf.link.ts";
import { podOfCgroup } from "../../parsers/lib/pod-cgroup.ts";
import type { CgroupAttachment, OtherAttachment } from "../types.ts";
import { linkKey, podKey, uniqueKeys } from "./keys.ts";
import type { Pods } from "./pods.ts";
import { belowCgroupMount, push } from "./processes.ts";

export function readCgroups(facts: Facts, pods: Pods): CgroupAttachment[] {
  const below = belowCgroupMount(facts);
  const pathOf = new Map((facts.node["cgroup.dirs"] ?? []).map((row) => [row.inode, below(row.path)]));
  const links = new Map<string, LinkRow[]>();
  for (const link of facts.node["bpf.link"] ?? []) {
    const path = link.cgroup_id === null ? undefined : pathOf.get(link.cgroup_id);
    if (link.type === "cgroup" && link.prog_id !== null && path !== undefined)
      push(links, `${path} ${link.prog_id}`, link);
  }
  const orders = new Map<string, number>();
  const unique = uniqueKeys();
  return (facts.node["bpf.cgroup"] ?? []).map((row) => {
    const cgroup = below(row.cgroup);
    const attach_type = row.attach_type ?? "";
    const place = `${cgroup} ${attach_type}`;
    const order = (orders.get(place) ?? 0) + 1;
    orders.set(place, order);
    const found = podOfCgroup(cgroup);
    const key = found === null ? null : podKey(found.uid);
    const candidates = links.get(`${cgroup} ${row.id}`) ?? [];
    // bpftool before 7.0 prints `connect4` where links say `cgroup_inet4_connect`: take the only one then.
    const link =
      candidates.find((one) => one.attach_type === attach_type) ??
      (candidates.length === 1 ? candidates[0] : undefined);
    return {
      key: unique(`cgroup:${cgroup}:${attach_type}:${row.id}`),
      cgroup,
      attach_type,
      attach_flags: row.attach_flags,
      prog_id: row.id,
      link_id: link?.id ?? null,
      order,
      pod: key !== null && pods.byKey.has(key) ? key : null,
      origin: { section: "bpf.cgroup", scope: "node", raw: row.raw },
    };
  });
}

/** Link types that have their place on an interface or cgroup. */
const PLACED = new Set(["xdp", "tcx", "netkit", "cgroup"]);

/**
 * @param placed ids of links that were found on a hook or cgroup; others of those types are shown as
 *   `other`, because their device or cgroup is gone or lies where it was not listed.
 */
export function readOthers(facts: Facts, placed: ReadonlySet<number>): OtherAttachment[] {
  const list: OtherAttachment[] = [];
  const linked = new Set<string>();
  for (const row of facts.node["bpf.link"] ?? []) {
    if (PLACED.has(row.type ?? "") && placed.has(row.id)) continue;
    const { lane, kind, target } = laneOf(row);
    list.push({
      key: `at:${linkKey(row.id)}`,
      lane,
      kind,
      target,
      prog_id: row.prog_id,
      link_id: row.id,
      netns: row.netns_ino,
      origin: { section: "bpf.link", scope: "node", raw: row.raw },
    });
    if (row.map_id !== null && lane === "struct_ops") linked.add(`struct_ops ${row.map_id}`);
    if (row.prog_id !== null) linked.add(`${lane} ${row.prog_id}`);
  }
  const unique = uniqueKeys();
  const add = (one: Omit<OtherAttachment, "key">, id: number): void => {
    list.push({ key: unique(`at:${one.lane}:${one.netns ?? "node"}:${id}`), ...one });
  };
  for (const [inode, sections] of [["", facts.node] as const, ...facts.netns]) {
    const scope = inode === "" ? "node" : `netns:${inode}`;
    const netns = inode === "" ? null : inode;
    for (const row of sections["bpf.net"]?.flow_dissector ?? []) {
      if (linked.has(`flow_dissector ${row.prog_id}`)) continue;
      const origin = { section: "bpf.net", scope, raw: row.raw };
      add(
        {
          lane: "flow_dissector",
          kind: "flow_dissector",
          target: "",
          prog_id: row.prog_id,
          link_id: null,
          netns,
          origin,
        },
        row.prog_id,
      );
    }
    for (const row of sections["bpf.net"]?.netfilter ?? []) {
      if (linked.has(`netfilter ${row.prog_id}`)) continue;
      const origin = { section: "bpf.net", scope, raw: row.raw };
      const target = netfilterTarget(row.pf, row.hook, row.prio);
      add(
        { lane: "netfilter", kind: "netfilter", target, prog_id: row.prog_id, link_id: row.link_id, netns, origin },
        row.prog_id,
      );
    }
  }
  for (const row of facts.node["bpf.struct_ops"] ?? []) {
    if (linked.has(`struct_ops ${row.id}`)) continue;
    const target = [row.kernel_struct_ops, row.name].filter((part) => part !== null).join(" ");
    const origin = { section: "bpf.struct_ops", scope: "node", raw: row.raw };
    add({ lane: "struct_ops", kind: "struct_ops", target, prog_id: null, link_id: null, netns: null, origin }, row.id);
  }
  return list;
}

type Lane = Pick<OtherAttachment, "lane" | "kind" | "target">;

function laneOf(row: LinkRow): Lane {
  const attach = row.attach_type ?? "";
  switch (row.type) {
    case "raw_tracepoint":
      return { lane: "tracing", kind: "raw_tracepoint", target: row.tp_name ?? "" };
    case "tracing":
      return tracingLane(row, attach);
    case "perf_event":
      return perfLane(row);
    case "kprobe_multi":
    case "uprobe_multi":
      return { lane: "tracing", kind: row.type, target: row.path ?? multiTarget(row) };
    case "iter":
      return { lane: "iter", kind: "iter", target: row.target_name ?? "" };
    case "netns":
      return { lane: attach === "sk_lookup" ? "sk_lookup" : "flow_dissector", kind: attach, target: "" };
    case "netfilter":
      return { lane: "netfilter", kind: "netfilter", target: netfilterTarget(row.pf, row.hook, row.prio) };
    case "struct_ops":
      return { lane: "struct_ops", kind: "struct_ops", target: row.map_id === null ? "" : `map ${row.map_id}` };
    case "sockmap":
    case "sk_msg":
      return { lane: "sk_msg", kind: attach || "sockmap", target: row.map_id === null ? "" : `map ${row.map_id}` };
    default: {
      const where = row.devname ?? (row.cgroup_id === null ? "" : `cgroup ${row.cgroup_id}`);
      return { lane: "other", kind: row.type ?? "unknown", target: [attach, where].filter(Boolean).join(" ") };
    }
  }
}

/** fentry, fexit, fmod_ret, LSM and iterators all have links of type `tracing`; the attach type tells them apart. */
function tracingLane(row: LinkRow, attach: string): Lane {
  const target = [
    row.target_obj_id === null ? "" : `object ${row.target_obj_id}`,
    row.target_btf_id === null ? "" : `function ${row.target_btf_id}`,
  ]
    .filter(Boolean)
    .join(" ");
  if (attach.startsWith("lsm")) return { lane: "lsm", kind: attach, target };
  return { lane: "tracing", kind: attach.replace(/^trace_/, "") || "tracing", target };
}

function perfLane(row: LinkRow): Lane {
  if (row.tracepoint !== null) return { lane: "tracing", kind: "tracepoint", target: row.tracepoint };
  if (row.func !== null)
    return { lane: "tracing", kind: row.retprobe === true ? "kretprobe" : "kprobe", target: row.func };
  if (row.file !== null)
    return { lane: "tracing", kind: row.retprobe === true ? "uretprobe" : "uprobe", target: row.file };
  return { lane: "tracing", kind: "perf_event", target: "" };
}

function multiTarget(row: LinkRow): string {
  const funcs = row.details.funcs;
  if (!Array.isArray(funcs)) return "";
  const names = funcs.flatMap((one: unknown) =>
    typeof one === "object" && one !== null && "func" in one && typeof one.func === "string" ? [one.func] : [],
  );
  return names.length <= 3 ? names.join(", ") : `${names.slice(0, 3).join(", ")} and ${names.length - 3} more`;
}

function netfilterTarget(pf: number | null, hook: number | null, prio: number | null): string {
  // NFPROTO_* and NF_INET_* of the kernel's uapi headers.
  const family = pf === 2 ? "ipv4" : pf === 10 ? "ipv6" : `pf ${pf ?? "?"}`;
  const hooks = ["prerouting", "input", "forward", "output", "postrouting"];
  return `${family} ${hooks[hook ?? -1] ?? `hook ${hook ?? "?"}`} prio ${prio ?? "?"}`;
}
