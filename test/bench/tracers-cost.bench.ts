/**
 * What a tracer costs in the kernel: the run time of its own programs as the kernel measures it, for each event it
 * tells of or counts, and for each packet that is none of its business. The kernel's measuring is part of the figure.
 */
import { type TraceCost, traceStats } from "../../electron/core/trace/protocol.ts";
import { startTracer, tracerBinary } from "../support/tracer.ts";
import { defineBench, type Figure } from "./define.ts";
import { type Mode, startTraffic, workshop } from "./tracer-runs.ts";

const SECONDS = 4;
/** Nothing is left out, whatever it costs. */
const BUDGET_PCT = 10_000;

interface Load {
  what: string;
  tracer: string;
  params?: Record<string, string | boolean>;
  traffic: Mode;
}

const LOADS: Load[] = [
  { what: "a packet that no socket takes, told", tracer: "drops", traffic: "closed" },
  {
    what: "a drop for another reason than was asked for",
    tracer: "drops",
    params: { reasons: "TC_INGRESS" },
    traffic: "closed",
  },
  { what: "a packet that is not dropped", tracer: "drops", traffic: "taken" },
  { what: "a connection, from its beginning to its end", tracer: "connect", traffic: "connect" },
  { what: "a packet of UDP", tracer: "connect", traffic: "taken" },
  { what: "a connection without a retransmit", tracer: "retrans", traffic: "connect" },
  { what: "a packet of UDP", tracer: "retrans", traffic: "taken" },
  { what: "a packet that is no DNS (it is sent and received)", tracer: "dns", traffic: "taken" },
  { what: "a TCP connection that is no DNS", tracer: "dns", traffic: "connect" },
];

export default defineBench({
  title: `Kernel cost (bpf_run_time_ns of ${SECONDS} s of load)`,
  async run() {
    await tracerBinary();
    const shop = workshop();
    try {
      const program = shop.compile("traffic.c");
      const figures: Figure[] = [];
      for (const load of LOADS) figures.push(await measure(load, program));
      return figures;
    } finally {
      shop.remove();
    }
  },
});

async function measure({ what, tracer, params, traffic }: Load, program: string): Promise<Figure> {
  const label = `${tracer}: ${what}`;
  const running = await startTracer(tracer, params, { budget_pct: BUDGET_PCT });
  const quiet = (await running.settled()).cost;
  const load = await startTraffic(program, traffic, 0);
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
  const count = await load.stop();
  await running.settled();
  const { stats } = await running.end();
  const cost = traceStats.parse(stats.at(-1)).cost;
  if (cost === null || quiet === null) return { label, value: "the kernel keeps no statistics" };
  return { label, value: shown(cost, quiet, count) };
}

function shown(cost: TraceCost, quiet: TraceCost, count: number): string {
  const ns = cost.bpf_run_time_ns - quiet.bpf_run_time_ns;
  const runs = cost.bpf_run_cnt - quiet.bpf_run_cnt;
  const each = runs > 0 ? `, ${(ns / runs).toFixed(0)} ns a run` : "";
  return `${(ns / count).toFixed(0)} ns, ${(runs / count).toFixed(1)} runs${each} (${count} of them)`;
}
