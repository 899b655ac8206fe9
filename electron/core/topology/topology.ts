/**
 * The model as the CLI prints it: stable, flat, without raw rows and keys of the app's own.
 * `docs/schema/topology.schema.json` describes every field; the two change together.
 */
import type { Datapath, Finding, Hook, HookEntry, HookName, Iface, Program } from "../model/types.ts";

interface TopologyEntry {
  order: number;
  mechanism: HookEntry["mechanism"];
  mode: HookEntry["mode"];
  pref: number | null;
  handle: string | null;
  chain: number | null;
  block: number | null;
  protocol: string | null;
  kind: string;
  direct_action: boolean | null;
  link_id: number | null;
  prog_id: number | null;
  prog_name: string | null;
  prog_tag: string | null;
  run_cnt: string | null;
  reachable: HookEntry["reachable"]["value"];
  reachable_reason: string;
  owner: string | null;
}

interface TopologyHook {
  hook: HookName;
  direction: string;
  qdisc: Hook["qdisc"];
  entries: TopologyEntry[];
}

interface TopologyInterface {
  name: string;
  ifindex: number;
  netns: string;
  kind: string;
  driver: string | null;
  pod: string | null;
  hooks: TopologyHook[];
}

interface TopologyFinding {
  id: string;
  severity: Finding["severity"];
  subject: string;
  evidence: string[];
  meaning: string;
}

export interface Topology {
  node: {
    hostname: string;
    kernel: string;
    os: string;
    machine: string;
    collected_at: number | null;
    root: boolean;
    bpf_stats_enabled: boolean | null;
    agents: { family: string; comm: string; pid: number; started_at: number | null }[];
    /** Sections that could not be read whole, with what was said about them. */
    unread: { section: string; scope: string; why: string[] }[];
  };
  interfaces: TopologyInterface[];
  cgroups: {
    cgroup: string;
    attach_type: string;
    attach_flags: string;
    order: number;
    prog_id: number;
    link_id: number | null;
    pod: string | null;
  }[];
  tracing: { lane: string; kind: string; target: string; prog_id: number | null; link_id: number | null }[];
  programs: {
    id: number;
    type: string;
    name: string;
    tag: string;
    loaded_at: number | null;
    uid: number | null;
    run_cnt: string | null;
    run_time_ns: string | null;
    map_ids: number[];
    pinned: string[];
    owner: string | null;
    owner_evidence: string[];
  }[];
  maps: {
    id: number;
    type: string;
    name: string;
    max_entries: number | null;
    bytes_key: number | null;
    bytes_value: number | null;
    bytes_memlock: number | null;
    pinned: string[];
    used_by: number[];
    owner: string | null;
  }[];
  links: { id: number; type: string; prog_id: number | null; pinned: string[] }[];
  findings: TopologyFinding[];
}

export function toTopology(datapath: Datapath): Topology {
  const programs = new Map(datapath.programs.map((one) => [one.id, one]));
  const pods = new Map(
    datapath.pods.map((one) => [one.key, one.name === null ? one.uid : `${one.namespace}/${one.name}`]),
  );
  const podOf = (key: string | null): string | null => (key === null ? null : (pods.get(key) ?? null));
  return {
    node: nodeOf(datapath),
    interfaces: datapath.interfaces.map((iface) => interfaceOf(iface, programs, podOf)),
    cgroups: datapath.cgroups.map(({ cgroup, attach_type, attach_flags, order, prog_id, link_id, pod }) => ({
      ...{ cgroup, attach_type, attach_flags, order, prog_id, link_id },
      pod: podOf(pod),
    })),
    tracing: datapath.tracing.map(({ lane, kind, target, prog_id, link_id }) => ({
      ...{ lane, kind, target, prog_id, link_id },
    })),
    programs: datapath.programs.map((one) => {
      const { id, type, name, tag, loaded_at, uid, run_cnt, run_time_ns, map_ids, pinned } = one;
      return {
        ...{ id, type, name, tag, loaded_at, uid, run_cnt, run_time_ns, map_ids, pinned },
        owner: ownerName(one),
        owner_evidence: one.owner?.evidence ?? [],
      };
    }),
    maps: datapath.maps.map((one) => {
      const { id, type, name, max_entries, bytes_key, bytes_value, bytes_memlock, pinned, used_by } = one;
      return {
        ...{ id, type, name, max_entries, bytes_key, bytes_value, bytes_memlock, pinned, used_by },
        owner: ownerName(one),
      };
    }),
    links: datapath.links.map(({ id, type, prog_id, pinned }) => ({ id, type, prog_id, pinned })),
    findings: toFindings(datapath.findings),
  };
}

/** Findings as `bpfdesk findings --json` prints them; described in `docs/schema/findings.schema.json`. */
function toFindings(findings: readonly Finding[]): TopologyFinding[] {
  return findings.map(({ id, severity, subject_name, evidence, meaning }) => ({
    ...{ id, severity },
    subject: subject_name,
    ...{ evidence, meaning },
  }));
}

function nodeOf({ node, sections }: Datapath): Topology["node"] {
  const { hostname, kernel, os, machine, collected_at, root, bpf_stats_enabled } = node;
  return {
    ...{ hostname, kernel, os, machine, collected_at, root, bpf_stats_enabled },
    agents: node.agents.map(({ family, comm, pid, started_at }) => ({ family, comm, pid, started_at })),
    unread: sections
      .filter((one) => !one.ok)
      .map(({ section, scope, warnings }) => ({ section, scope, why: warnings.map((one) => one.message) })),
  };
}

function interfaceOf(
  iface: Iface,
  programs: ReadonlyMap<number, Program>,
  podOf: (key: string | null) => string | null,
): TopologyInterface {
  const { name, ifindex, netns, kind, driver } = iface;
  return {
    ...{ name, ifindex, netns, kind, driver },
    pod: podOf(iface.pod),
    hooks: iface.hooks.map(({ hook, direction, qdisc, entries }) => ({
      ...{ hook, direction, qdisc },
      entries: entries.map((entry) => entryOf(entry, entry.prog_id === null ? undefined : programs.get(entry.prog_id))),
    })),
  };
}

function entryOf(entry: HookEntry, program: Program | undefined): TopologyEntry {
  const { order, mechanism, mode, pref, handle, chain, block, protocol, kind, direct_action, link_id, prog_id } = entry;
  return {
    ...{ order, mechanism, mode, pref, handle, chain, block, protocol, kind, direct_action, link_id, prog_id },
    prog_name: program?.name ?? null,
    prog_tag: program?.tag ?? null,
    run_cnt: program?.run_cnt ?? null,
    reachable: entry.reachable.value,
    reachable_reason: entry.reachable.reason,
    owner: program === undefined ? null : ownerName(program),
  };
}

/** The family, else the name of the process that holds it. */
function ownerName({ owner }: Pick<Program, "owner">): string | null {
  return owner?.family ?? owner?.process?.comm ?? null;
}
