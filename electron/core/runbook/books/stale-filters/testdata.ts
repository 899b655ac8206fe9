/** A small node in pictures and figures, for this book's tests: the chains are put in order and judged by the model itself. */
import { completeChain, type DraftEntry } from "../../../model/chain.ts";
import { aDatapath, aHook, aNode, anEntry, anIface, aPod, aProgram } from "../../../model/testdata/make.ts";
import type { Agent, BpfMap, Datapath, Hook, Iface, NodeInfo, Owner, Program } from "../../../model/types.ts";
import type { RunState, TraceEvidence } from "../../types.ts";

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

export interface Counts {
  runs: number;
  /** Absent: not seen. */
  verdicts?: Record<string, number>;
}

const DROPPING = /SHOT|DROP|ABORTED/;

/** What the tracer said of one hook: exact where verdicts are given, else with the hook's drops. */
export function aTrace(
  counts: Readonly<Record<number, Counts>>,
  hook: { drops?: number; complete?: boolean } = {},
  flows: Record<string, unknown>[] = [],
): TraceEvidence {
  const program = Object.entries(counts).map(([id, { runs, verdicts }]) => ({
    prog_id: Number(id),
    evidence: verdicts === undefined ? "hook" : "program",
    runs,
    drops:
      verdicts === undefined
        ? null
        : Object.entries(verdicts).reduce((all, [name, count]) => all + (DROPPING.test(name) ? count : 0), 0),
    // As tables of a trace hold an object.
    verdicts: verdicts === undefined ? null : JSON.stringify(verdicts),
  }));
  const exact = program.every(({ evidence }) => evidence === "program");
  return {
    trace_id: "t1",
    tracer: "verdict",
    schema: {
      record: "schema",
      protocol: 1,
      tracer: "verdict",
      version: "1",
      arch: "x86_64",
      kernel: "6.18.0",
      variant: exact ? "fexit" : "hook",
      proves: "",
      fallbacks: exact ? [] : [{ wanted: "fexit", why: "this kernel does not let programs be traced" }],
      params: {},
      records: {},
      started_us: 1,
    },
    summary: {
      record: "summary",
      time_us: 1,
      duration_ms: 10_000,
      ended: "time",
      events: 0,
      lost: 0,
      evicted: 0,
      thinned: 0,
      cost: null,
    },
    error: null,
    records: {
      program,
      hook:
        hook.drops === undefined
          ? []
          : [{ drops: hook.drops, others: 0, complete: hook.complete ?? true, qdisc_drops: hook.drops }],
      flow: flows,
    },
    dropped: {},
  };
}

export const aFlow = (prog_id: number | null, count: number, sport = 40_000) => ({
  prog_id,
  verdict: "drop",
  proto: "tcp",
  src: "10.0.0.9",
  dst: "10.0.1.7",
  sport,
  dport: 8080,
  count,
});

export function aState(datapath: Datapath | null, change: Partial<RunState> = {}): RunState {
  return {
    node: { name: "n1", label: "node-1", root: true },
    started_at: 1,
    inputs: {},
    datapath,
    previous: null,
    collect_command_id: "c1",
    traces: {},
    readings: {},
    answers: {},
    left_out: {},
    changes: [],
    verdicts: [],
    ...change,
  };
}

/** The key of an egress lane of the nth pod. */
export const egressOf = (index: number): string => `if:4026531840:${7 + index} egress`;

/** A run in which the hook of the first pod's egress was measured, with what that came to. */
export const measuredRun = (datapath: Datapath, trace: TraceEvidence, change: Partial<RunState> = {}): RunState =>
  aState(datapath, { traces: { measure: { [egressOf(0)]: trace } }, ...change });
