/** Made-up tracers and runs of them for page tests: manifests, what a kernel offers, records of any number. */
import { type TracerManifest, tracerManifest } from "../../electron/core/trace/manifest.ts";
import { namesOf } from "../../electron/core/trace/names.ts";
import type { TraceSchema, TraceStats, TraceSummary } from "../../electron/core/trace/protocol.ts";
import { TraceRecords } from "../../electron/core/trace/records.ts";
import type { TracerCheck } from "../../electron/shared/contract.ts";
import type { ScriptedHost } from "../support/scripted-host.ts";

const field = (name: string, title: string, type: string, more: object = {}) => ({
  name,
  title,
  type,
  description: `${title} of it.`,
  ...more,
});

export const verdictTracer: TracerManifest = tracerManifest.parse({
  name: "verdict",
  title: "Verdicts",
  question: "Which program of a hook decided, and what became of the packets?",
  summary: "Counts what each program of a hook answers, and keeps the tuples of the packets it dropped.",
  cost: "low",
  cost_note: "Under 200 ns a packet of the hooks that were chosen; nothing elsewhere.",
  needs: ["btf"],
  variants: [
    { id: "fexit", title: "At the program's end", needs: ["fexit_prog"], proves: "this program answered so" },
    { id: "reason", title: "By drop reason", needs: ["raw_tp"], proves: "this hook dropped it, not which program" },
  ],
  kernels_tried: ["6.1", "6.12"],
  params: [
    { name: "ifname", title: "Interface", description: "Where.", type: "text", suggests: "ifname", max_length: 15 },
    {
      name: "direction",
      title: "Direction",
      description: "Of the interface's hook.",
      type: "enum",
      values: ["ingress", "egress", "xdp"],
      default: "ingress",
    },
    { name: "prog_ids", title: "Programs", description: "Instead of a hook.", type: "list", suggests: "prog_id" },
    { name: "sample", title: "Sample", description: "Tuples kept.", type: "u64", min: 1, max: 65536, default: "1024" },
    { name: "ipv6", title: "Also IPv6", description: "Both families.", type: "bool", default: "true" },
  ],
  records: {
    drop: {
      title: "Dropped packets",
      description: "One packet that was dropped.",
      kind: "event",
      fields: [
        field("time_us", "Time", "time", { width: 100 }),
        field("prog_id", "Program id", "u64", { width: 80 }),
        field("saddr", "From", "ip", { width: 130 }),
        field("sport", "Port", "port", { width: 60 }),
        field("daddr", "To", "ip", { width: 130 }),
        field("dport", "Port", "port", { width: 60 }),
        field("len", "Length", "u64", { unit: "bytes", width: 80 }),
        field("delay_ns", "Delay", "u64", { unit: "ns", width: 90 }),
        field("comm", "Process", "text", { width: 110 }),
        field("cgroup", "cgroup", "cgroup", { width: 200 }),
        field("stack", "Stack", "stack", { width: 140 }),
        field("mark", "Mark", "hex", { hidden: true }),
      ],
    },
    verdict: {
      title: "Verdicts",
      description: "What each program answered, in all.",
      kind: "total",
      fields: [
        field("seen_us", "Seen", "time", { hidden: true }),
        field("prog_id", "Program id", "u64", { key: true }),
        field("program", "Program", "text", { width: 200 }),
        field("verdict", "Verdict", "enum", { key: true }),
        field("packets", "Packets", "u64", { unit: "packets" }),
        field("share", "Share", "f64", { unit: "percent" }),
      ],
    },
  },
});

export const dnsTracer: TracerManifest = tracerManifest.parse({
  name: "dns",
  title: "DNS questions",
  question: "Who asked which name, and what came back?",
  summary: "Every query and answer with its process and pod.",
  cost: "medium",
  cost_note: "One short program run per DNS packet.",
  needs: ["btf", "ringbuf"],
  variants: [{ id: "skb", title: "At the sockets", needs: ["cgroup_skb"], proves: "this process asked" }],
  kernels_tried: [],
  params: [{ name: "name", title: "Name", description: "Only names that hold this.", type: "text", required: true }],
  records: {
    query: { title: "Queries", description: "One.", kind: "event", fields: [field("name", "Name", "text")] },
  },
});

export const check: TracerCheck = {
  kernel: "6.1.0-28-cloud-amd64",
  arch: "x86_64",
  features: { btf: { available: true, why: "" }, cgroup_skb: { available: false, why: "no cgroup v2 is mounted" } },
  tracers: {
    verdict: { variant: "fexit", proves: "this program answered so", refused: null, fallbacks: [] },
    dns: { variant: null, proves: "", refused: "cgroup_skb is missing: no cgroup v2 is mounted.", fallbacks: [] },
  },
};

/** The tracer's schema line; with `fallback`: by the weaker way. */
export function schemaOf(manifest: TracerManifest, fallback = false): TraceSchema {
  const variant = manifest.variants[fallback ? 1 : 0] ?? manifest.variants[0];
  return {
    record: "schema",
    protocol: 1,
    tracer: manifest.name,
    version: "0.1.0",
    arch: "x86_64",
    kernel: check.kernel,
    variant: variant?.id ?? "",
    proves: variant?.proves ?? "",
    fallbacks: fallback ? [{ wanted: "fexit", why: "This kernel refuses fexit programs: EPERM." }] : [],
    params: { direction: "ingress" },
    records: Object.fromEntries(
      Object.entries(manifest.records).map(([name, { kind, fields }]) => [
        name,
        { kind, fields: fields.map(({ name, type, unit, key }) => ({ name, type, ...(unit ? { unit } : {}), key })) },
      ]),
    ),
    started_us: STARTED_US,
  };
}

/** What {@link POD_CGROUP} is called as long as no picture names it. */
export const POD_NAME = "0a1b2c3d-0000-4000-8000-000000000001";

/** 2026-11-21T03:00:00Z. */
const STARTED_US = 1_795_230_000_000_000;
const POD_CGROUP =
  "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0a1b2c3d_0000_4000_8000_000000000001.slice/cri-containerd-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.scope";
/** A process may call itself anything. */
export const HOSTILE = "evil\u202egnp.exe\u001b[2J<img src=x onerror=alert(1)>";

/** The run's records by a given number of drops, read as the real host reads them. */
export function records(count: number): TraceRecords {
  const all = new TraceRecords(schemaOf(verdictTracer));
  addDrops(all, 0, count);
  for (const [verdict, packets] of [
    ["TC_ACT_UNSPEC", 10_000_000],
    ["TC_ACT_SHOT", count],
  ] as const) {
    all.add("verdict", { prog_id: 102, program: "cil_from_container", verdict, packets, share: packets / 1e5 });
  }
  return all;
}

export function addDrops(all: TraceRecords, from: number, count: number): void {
  for (let n = from; n < from + count; n++) {
    all.add("drop", {
      time_us: STARTED_US + n * 150,
      prog_id: n % 50 === 0 ? 105 : 102,
      saddr: `10.1.${(n >> 8) % 200}.${n % 256}`,
      sport: 30_000 + (n % 20_000),
      daddr: n % 3 === 0 ? "fd00:10:96::a" : "10.96.0.10",
      dport: n % 2 === 0 ? 53 : 443,
      len: 60 + (n % 1400),
      delay_ns: 1000 * (n % 977),
      comm: n === 3 ? HOSTILE : ["curl", "node", "coredns"][n % 3],
      cgroup: POD_CGROUP,
      stack: ["tcf_classify+0x1f", "sch_handle_ingress", "__netif_receive_skb_core"],
      mark: `00000f0${(n % 16).toString(16)}`,
    });
  }
}

export function stats(second: number, events: number, more: Partial<TraceStats> = {}): TraceStats {
  return {
    record: "stats",
    time_us: STARTED_US + second * 1_000_000,
    events,
    lost: 0,
    evicted: 0,
    thinned: 0,
    sample_every: 1,
    cost: { bpf_run_cnt: events, bpf_run_time_ns: events * 140, user_cpu_ns: 1_000_000, cpu_pct: 0.42 },
    ...more,
  };
}

export function summary(seconds: number, events: number, more: Record<string, unknown> = {}): TraceSummary {
  const { record: _, sample_every: _every, ...counts } = stats(seconds, events);
  return { ...counts, record: "summary", duration_ms: seconds * 1000, ended: "time", ...more };
}

/** A host that has these tracers, and answers for records with these. */
export function withTracers(host: ScriptedHost, all: TraceRecords): ScriptedHost {
  host.tracers = [verdictTracer, dnsTracer];
  host.tracerCheck = check;
  const names = namesOf(null);
  host.rows = ({ record, from = 0, count, until, sort = [], filter = "", group_by = [] }) => {
    const ordered = sort.map(({ column, descending = false }) => ({ column, descending }));
    const page = all.query(record, { from, count, until, sort: ordered, filter, group_by }, names);
    return page ?? { columns: [], rows: [], total: 0, matching: 0, dropped: 0 };
  };
  return host;
}
