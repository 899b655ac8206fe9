/** What the tracers tell of the made-up node's traffic, record by record as they print it. */
import type { TraceEvidence } from "../../../types.ts";
import { KINDS } from "../records.ts";
import { CART, type HookScene, LXC_CART, PEER, type Scene, type Traffic } from "./scene-types.ts";

interface Ports {
  saddr: string;
  sport: number;
  daddr: string;
  dport: number;
}

function connection({ from = CART, to = PEER, dport = 443, lport, sport = 40_000 }: Traffic, nth: number): Ports {
  const own = { saddr: from.address, sport: lport ?? sport + nth, daddr: to };
  return { ...own, dport: lport === undefined ? dport : dport + nth };
}

const SUMMARY = {
  record: "summary",
  time_us: 0,
  duration_ms: 30_000,
  ended: "time",
  events: 0,
  lost: 0,
  evicted: 0,
  thinned: 0,
  cost: null,
} as const;

function trace(trace_id: string, tracer: string, variant: string, records: TraceEvidence["records"]): TraceEvidence {
  const about = {
    protocol: 1 as const,
    tracer,
    version: "1",
    arch: "x86_64",
    kernel: "6.12",
    proves: "",
    fallbacks: [],
  };
  const schema = { ...about, record: "schema" as const, variant, params: {}, records: {}, started_us: 0 };
  return { trace_id, tracer, schema, summary: SUMMARY, error: null, records, dropped: {} };
}

export function retransTrace(id: string, traffic: Traffic[], { retrans_variant = "sampled" }: Scene): TraceEvidence {
  return trace(id, "retrans", retrans_variant, {
    destination: traffic.map((one) => {
      const { from = CART, to = PEER, dport = 443, lport, comm = "app", sent, again = {}, connections = 1 } = one;
      const kinds = Object.fromEntries(KINDS.map((kind) => [kind, again[kind] ?? 0]));
      const segs_retrans = Object.values(again).reduce((so, count) => so + count, 0);
      const ports = lport === undefined ? { dport, lport: null } : { dport: null, lport };
      const srtt_avg_us = one.unanswered ? null : 1000;
      const owner = { pid: 77, comm, pod: from.pod, netns: Number(from.netns) };
      return {
        daddr: to,
        ...ports,
        ...owner,
        segs_sent: sent,
        segs_retrans,
        refused: 0,
        connections,
        srtt_avg_us,
        ...kinds,
      };
    }),
    retransmit: traffic.flatMap((one) => {
      const { from = CART, comm = "app", again = {}, connections = 1, told } = one;
      const events = Object.entries(again).flatMap(([kind, count]) => Array.from({ length: count }, () => kind));
      const share = told === undefined ? events : events.slice(0, told);
      return share.map((kind, at) => ({
        ...{ kind, segments: 1, sent: true, netns: Number(from.netns), pod: from.pod, pid: 77, comm, timeouts: 1 },
        ...connection(one, at % connections),
      }));
    }),
    overall: [],
  });
}

const flow = ({ saddr, sport, daddr, dport }: Ports, back: boolean) =>
  back ? { src: daddr, sport: dport, dst: saddr, dport: sport } : { src: saddr, sport, dst: daddr, dport };

export function dropsTrace({ drops = [], drops_variant = "reasons", drops_trace }: Scene): TraceEvidence {
  const rows = drops.map(
    ({ of, nth = 0, back = false, count, reason = "TC_INGRESS", location = "tc_run", at = LXC_CART }) => ({
      ...flow(connection(of, nth), back),
      ...{ proto: "tcp", reason: drops_variant === "reasons" ? reason : null, location },
      ...{
        device: at?.device ?? null,
        ifindex: at?.ifindex ?? 0,
        netns: Number(at?.netns ?? of.from?.netns ?? CART.netns),
      },
      ...{ packets: count, segments: count },
    }),
  );
  return { ...trace("t-drops", "drops", drops_variant, { flow: rows }), ...drops_trace };
}

export function hookTrace(id: string, { variant = "fexit", complete = true, drops }: HookScene): TraceEvidence {
  const fexit = variant === "fexit";
  return trace(`t-${id}`, "verdict", variant, {
    flow: drops.map(
      ({ of, nth = 0, back = false, count, prog_id = 11, name = "cil_from_container", verdict = "TC_ACT_SHOT" }) => ({
        ...flow(connection(of, nth), back),
        ...{ proto: "tcp", count },
        ...(fexit ? { prog_id, name, verdict } : { prog_id: null, name: null, verdict: "drop" }),
      }),
    ),
    hook: fexit ? [] : [{ drops: drops.reduce((so, { count }) => so + count, 0), complete }],
  });
}
