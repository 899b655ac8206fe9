/**
 * A node with processes that ask, for tests: what a run would have gathered there. Times are seconds after the watch
 * began; a test names only what it is about.
 */
import { aDatapath, aNode } from "../../../../model/testdata/make.ts";
import type { Datapath } from "../../../../model/types.ts";
import type { SectionFacts } from "../../../../parse.ts";
import type { Reading, RunbookVerdict, RunState, TraceEvidence } from "../../../types.ts";
import book from "../index.ts";

const FROM_US = 1_790_000_000_000_000;
/** Names in cgroups, and of what is made of them. */
export const POD = "3f1b2c3d-0000-4000-8000-000000000001";
export const OTHER_POD = "3f1b2c3d-0000-4000-8000-000000000002";

export function containerId(letter: string): string {
  return letter.repeat(64);
}

export function cgroupOf(uid: string, letter: string): string {
  return `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${uid.replaceAll("-", "_")}.slice/cri-containerd-${containerId(letter)}.scope`;
}

export interface Actor {
  pid: number;
  comm: string;
  /** "" for a process without a file. */
  exe?: string;
  cgroup?: string;
  ppid?: number;
  start?: number;
  line?: string;
  gone?: "replaced" | "missing";
  /** In which readings of the table of processes it is. */
  seen?: ("before" | "after")[];
}

export interface Asked {
  at: number;
  by: Actor;
  name: string;
  type?: string;
  rcode?: string;
  outcome?: string;
  answers?: string[];
  resolver?: string;
  client?: string;
  client_port?: number;
  transaction?: number;
  transport?: "udp" | "tcp";
  role?: "client" | "server";
  forwarder?: boolean;
  netns?: number;
}

export interface Scene {
  inputs?: Record<string, string>;
  actors?: Actor[];
  asked?: Asked[];
  connected?: { at: number; by: Actor; to: string; port?: number }[];
  datapath?: Partial<Datapath>;
  crictl?: SectionFacts["k8s.crictl"];
  resolvers?: Omit<SectionFacts["dns.resolvers"][number], "raw">[];
  lost?: number;
  held?: number;
  seconds?: number;
  tracer_error?: string;
}

let transaction = 0;

export function aRun(scene: Scene): RunState {
  const { inputs = {}, datapath, crictl, seconds = 30, tracer_error } = scene;
  const command = "watch-before";
  return {
    node: { name: "node-a", label: "node-a", root: true },
    started_at: FROM_US / 1000,
    inputs,
    datapath: aDatapath({ node: aNode({ boot_time: 1_780_000_000 }), ...datapath }),
    previous: null,
    collect_command_id: "collect-1",
    traces: {
      watch: {
        dns: tracer_error === undefined ? dnsTrace(scene, seconds) : refused("dns", tracer_error),
        connect: trace("connect", seconds, {
          connection: (scene.connected ?? []).map(({ at, by, to, port = 443 }) => ({
            time_us: FROM_US + (at + 0.01) * 1e6,
            direction: "connect",
            pid: by.pid,
            remote: to,
            rport: port,
            start_us: FROM_US + at * 1e6,
            outcome: "established",
          })),
        }),
      },
    },
    readings: {
      look: { before: [], after: crictl === undefined ? [] : [reading("k8s.crictl", crictl, "look")], for_s: 0 },
      watch: {
        before: table(scene, "before", command),
        after: table(scene, "after", "watch-after"),
        for_s: seconds,
      },
    },
    answers: {},
    left_out: {},
    changes: [],
    verdicts: [],
  };
}

/** What the book concludes of it. */
export function concluded(scene: Scene): RunbookVerdict[] {
  const state = aRun(scene);
  return book.steps.flatMap((step) =>
    step.kind === "examine" && (step.when?.(state) ?? true) === true ? step.examine(state) : [],
  );
}

/** `kind verdict subject` of each, without those that are there in any case. */
export function brief(verdicts: readonly RunbookVerdict[]): string[] {
  return verdicts
    .filter(({ kind }) => kind !== "overview" && kind !== "signals")
    .map(({ kind, verdict, subject }) => `${kind} ${verdict}: ${subject}`);
}

export function textOf(verdict: RunbookVerdict | undefined): string {
  return verdict === undefined ? "" : [...verdict.evidence.map(({ text }) => text), verdict.meaning].join("\n");
}

function dnsTrace({ asked = [], lost = 0, held }: Scene, seconds: number): TraceEvidence {
  const records = asked.map(queryRecord);
  const kept = held === undefined ? records : records.slice(-held);
  const processes = new Map<number, { by: Actor; queries: number }>();
  for (const { by, role } of asked) {
    if (role === "server") continue;
    const known = processes.get(by.pid);
    if (known) known.queries += 1;
    else processes.set(by.pid, { by, queries: 1 });
  }
  const totals = [...processes].map(([pid, { by, queries }]) => ({
    pid,
    start: by.start ?? by.pid * 10,
    comm: by.comm,
    exe: exeOf(by),
    queries,
  }));
  const made = trace("dns", seconds, { query: kept, process: totals }, lost);
  return { ...made, dropped: held === undefined ? {} : { query: Math.max(0, records.length - held) } };
}

function queryRecord(one: Asked): Record<string, unknown> {
  const { at, by, role = "client", outcome = "answered" } = one;
  transaction += 1;
  const answered = outcome === "answered";
  return {
    time_us: FROM_US + Math.round(at * 1e6),
    outcome,
    name: one.name,
    type: one.type ?? "A",
    rcode: answered ? (one.rcode ?? "NOERROR") : null,
    answers: answered ? (one.answers ?? []) : null,
    latency_us: answered ? 2000 : null,
    pid: by.pid,
    comm: by.comm,
    exe: exeOf(by),
    cgroup: by.cgroup ?? "/system.slice/cron.service",
    netns: one.netns ?? 4_026_532_000,
    resolver: one.resolver ?? "10.96.0.10",
    resolver_port: 53,
    client: one.client ?? "10.0.1.7",
    client_port: one.client_port ?? 40_000,
    transport: one.transport ?? "udp",
    transaction: one.transaction ?? transaction,
    retries: 0,
    role,
    forwarder: one.forwarder ?? false,
  };
}

const exeOf = ({ exe, comm }: Actor) => exe ?? `/usr/bin/${comm}`;

function trace(tracer: string, seconds: number, records: TraceEvidence["records"], lost = 0): TraceEvidence {
  const counts = { events: 1, lost, evicted: 0, thinned: 0, cost: null };
  return {
    trace_id: `trace-${tracer}`,
    tracer,
    schema: {
      record: "schema",
      protocol: 1,
      tracer,
      version: "1",
      arch: "x86_64",
      kernel: "6.12.0",
      variant: "cgroup_skb",
      proves: "",
      fallbacks: [],
      params: {},
      records: {},
      started_us: FROM_US,
    },
    summary: {
      record: "summary",
      time_us: FROM_US + seconds * 1e6,
      duration_ms: seconds * 1000,
      ended: "stdin",
      ...counts,
    },
    error: null,
    records,
    dropped: {},
  };
}

function refused(tracer: string, message: string): TraceEvidence {
  const error = { code: "no-btf", message, hint: "" };
  return { trace_id: "", tracer, schema: null, summary: null, error, records: {}, dropped: {} };
}

function reading(section: string, facts: unknown, command_id: string): Reading {
  return { section, scope: "node", command_id, facts, problem: null };
}

function table({ actors = [], resolvers = [] }: Scene, when: "before" | "after", command_id: string): Reading[] {
  const there = actors.filter(({ seen = ["before", "after"] }) => seen.includes(when));
  const rows = <S extends keyof SectionFacts>(section: S, facts: SectionFacts[S]) =>
    reading(section, facts, command_id);
  const raw = null;
  return [
    rows(
      "proc.stat",
      there.map(({ pid, comm, ppid = 1, start = pid * 10 }) => ({
        pid,
        comm,
        state: "S",
        ppid,
        flags: 0,
        starttime: `${start}`,
        kernel_thread: false,
        raw,
      })),
    ),
    rows(
      "proc.cgroup",
      there.map(({ pid, cgroup = "/system.slice/cron.service" }) => ({
        pid,
        hierarchy: 0,
        controllers: [],
        path: cgroup,
        raw,
      })),
    ),
    rows(
      "proc.exe",
      there.map((one) => ({ pid: one.pid, exe: exeOf(one), deleted: one.gone !== undefined, raw })),
    ),
    rows(
      "proc.gone",
      there.flatMap((one) =>
        one.gone === undefined ? [] : [{ pid: one.pid, exe: exeOf(one), replaced: one.gone === "replaced", raw }],
      ),
    ),
    rows(
      "proc.cmdline",
      there.map(({ pid, line, comm }) => ({ pid, command_line: line ?? comm, raw })),
    ),
    rows(
      "dns.resolvers",
      resolvers.map((one) => ({ ...one, raw })),
    ),
  ];
}
