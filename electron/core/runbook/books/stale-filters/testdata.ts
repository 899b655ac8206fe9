/** A small node in pictures, for this book's tests: the chains are put in order and judged by the model itself. */
import { completeChain, type DraftEntry } from "../../../model/chain.ts";
import { aDatapath, aHook, aNode, anEntry, anIface, aPod, aProgram } from "../../../model/testdata/make.ts";
import type { Agent, BpfMap, Datapath, Hook, Iface, NodeInfo, Owner, Program } from "../../../model/types.ts";

export const OUT = "egress (out → pod)";
export const IN = "ingress (pod → out)";
/** When the agent that runs now was started. */
export const STARTED = 1_763_690_000;
export const AGENT: Agent = {
  family: "cilium",
  comm: "cilium-agent",
  pid: 900,
  exe: "/usr/bin/cilium-agent",
  pod: "pod:agent",
  started_at: STARTED,
  evidence: "process name cilium-agent",
};

export const owner = (family: string | null): Owner => ({
  family,
  process: null,
  pod: null,
  container_id: null,
  image: null,
  evidence: family === null ? [] : [`uses map 1 named ${family}_x`],
});

export const NEXT_OR_DROP = { values: [-1, 2], complete: true };
export const PASS_OR_DROP = { values: [0, 2], complete: true };
export const ALWAYS_PASS = { values: [0], complete: true };
export const ALWAYS_NEXT = { values: [-1], complete: true };

/** What the agent of now attached: held by it, loaded after it started. */
export function current(id: number, change: Partial<Program> = {}): Program {
  return aProgram(id, {
    name: "cil_to_container",
    tag: "aaaaaaaaaaaaaaaa",
    loaded_at: STARTED + 5,
    owner: owner("cilium"),
    pids: [{ pid: AGENT.pid, comm: AGENT.comm }],
    returns: PASS_OR_DROP,
    attached: [`at ${id}`],
    ...change,
  });
}

/** The same program of an earlier release. */
export function stale(id: number, change: Partial<Program> = {}): Program {
  return current(id, {
    tag: "bbbbbbbbbbbbbbbb",
    loaded_at: STARTED - 5000,
    pids: [],
    returns: NEXT_OR_DROP,
    ...change,
  });
}

export interface Attached {
  program: Program;
  mechanism?: "clsact" | "tcx" | "netkit" | "xdp";
  pref?: number;
  handle?: string;
  protocol?: string;
  link_id?: number;
}

export interface Pod {
  name: string;
  egress?: Attached[];
  ingress?: Attached[];
  xdp?: Attached[];
  change?: Partial<Iface>;
}

/** Pods' host ends with what is attached to them, in the order the tools list it. */
export function aNodeOf(
  pods: readonly Pod[],
  change: { node?: Partial<NodeInfo>; datapath?: Partial<Datapath> } = {},
): Datapath {
  const programs = new Map<number, Program>();
  for (const pod of pods) {
    for (const { program } of [...(pod.egress ?? []), ...(pod.ingress ?? []), ...(pod.xdp ?? [])])
      programs.set(program.id, program);
  }
  const context = { programs, soleUse: () => true, bpfStatsEnabled: false };
  const interfaces = pods.map((pod, index): Iface => {
    const ifindex = 7 + index;
    const hook = (name: Hook["hook"], direction: string, attached: readonly Attached[] | undefined): Hook[] =>
      attached === undefined ? [] : [aHook(name, direction, completeChain(drafts(ifindex, name, attached), context))];
    const netkit = pod.egress?.some(({ mechanism }) => mechanism === "netkit");
    return anIface(ifindex, pod.name, {
      pod_host_end: true,
      pod: `pod:${pod.name}`,
      hooks: [
        ...hook("xdp", "xdp ingress (pod → out)", pod.xdp),
        ...hook("tc_ingress", IN, pod.ingress),
        ...hook(netkit ? "netkit_primary" : "tc_egress", OUT, pod.egress),
      ],
      ...pod.change,
    });
  });
  return aDatapath({
    node: aNode({ agents: [AGENT], bpf_stats_enabled: false, ...change.node }),
    interfaces,
    programs: [...programs.values()],
    pods: [...pods.map(({ name }) => aPod(name)), aPod("agent", { namespace: "kube-system", name: "cilium-x" })],
    ...change.datapath,
  });
}

function drafts(ifindex: number, hook: string, attached: readonly Attached[]): DraftEntry[] {
  return attached.map(({ program, mechanism = "clsact", pref = 2, handle = "0x1", protocol = "all", link_id }) => {
    const clsact = mechanism === "clsact";
    const place = clsact ? `0:${pref}:${handle}` : link_id ? `link${link_id}` : `prog${program.id}`;
    const {
      order: _,
      verdicts: __,
      reachable: ___,
      ...entry
    } = anEntry(`if:4026531840:${ifindex}:${hook}:${mechanism}:${place}`, {
      mechanism,
      mode: mechanism === "xdp" ? "native" : null,
      pref: clsact ? pref : null,
      handle: clsact ? handle : null,
      chain: clsact ? 0 : null,
      protocol: clsact ? protocol : null,
      direct_action: clsact ? true : null,
      prog_id: program.id,
      link_id: link_id ?? null,
    });
    return { ...entry, has_actions: false, skip_sw: false };
  });
}

export const aMap: BpfMap = {
  key: "map:1",
  id: 1,
  type: "hash",
  name: "",
  flags: 0,
  bytes_key: 8,
  bytes_value: 8,
  max_entries: 1,
  bytes_memlock: 0,
  frozen: false,
  btf_id: null,
  pinned: [],
  pids: [],
  owner: null,
  used_by: [],
  origin: { section: "test", scope: "node", raw: null },
};

/** Two pods as the agent made them, to be siblings; ids 801 to 804. */
export const siblings = (mechanism: "clsact" | "tcx" = "clsact"): Pod[] =>
  [801, 803].map((id, index) => ({
    name: `lxcsib${index}`,
    egress: [{ program: current(id), mechanism }],
    ingress: [{ program: current(id + 1, { name: "cil_from_container" }), mechanism }],
  }));

/** A pod with these programs on its egress, beside two that are as they should be. */
export const withEgress = (egress: Attached[], mechanism: "clsact" | "tcx" = "clsact"): Datapath =>
  aNodeOf([{ name: "lxc1", egress }, ...siblings(mechanism)]);

/** What an older agent left at pref 1, and what the running one has behind it. */
export const OLD: Attached = { program: stale(1), pref: 1 };
export const NOW: Attached = { program: current(2) };
/** How the verdict on the first is addressed. */
export const CONFLICT = "active-conflict: lxc1, pref 1 handle 0x1: cil_to_container (id 1)";
