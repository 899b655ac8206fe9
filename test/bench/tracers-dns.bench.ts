/** 50,000 DNS queries a second for ten seconds, generator and resolver on the same machine: how many are told, how many lost. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { type TraceSummary, traceSummary } from "../../electron/core/trace/protocol.ts";
import { tracerBinary } from "../support/tracer.ts";
import { defineBench, type Figure } from "./define.ts";
import { workshop } from "./tracer-runs.ts";

const PORT = 5399;
const PER_SECOND = 50_000;
const SECONDS = 10;
/** It shall tell of all: what it costs is printed. */
const BUDGET_PCT = 10_000;
/** For its programs to be attached; nothing is printed when they are, beyond the schema line. */
const ATTACHED_MS = 10_000;

const exec = promisify(execFile);

export default defineBench({
  title: `dns: ${PER_SECOND} queries a second for ${SECONDS} s`,
  async run() {
    const shop = workshop();
    try {
      const program = shop.compile("../support/dns-flood.c");
      const figures: Figure[] = [];
      for (const report of ["queries", "totals"]) figures.push(...(await flood(program, report, shop.dir)));
      return figures;
    } finally {
      shop.remove();
    }
  },
});

async function flood(program: string, report: string, dir: string): Promise<Figure[]> {
  const file = join(dir, report);
  const tracer = await startIntoFile({ ports: PORT, report }, file);
  const words = ["--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", program];
  const { stdout } = await exec("unshare", [...words, `${PORT}`, `${PER_SECOND}`, `${SECONDS}`]);
  const { sent, answered, seconds } = JSON.parse(stdout) as { sent: number; answered: number; seconds: number };
  const { told, summary } = await tracer.end();
  const { lost, evicted, thinned, cost } = summary;
  const of = (value: number | undefined, unit: string) =>
    value === undefined ? "not measured" : `${value.toFixed(1)} ${unit}`;
  return [
    { label: `${report}: sent, answered`, value: `${sent}, ${answered} in ${seconds} s` },
    { label: `${report}: told`, value: `${told}` },
    { label: `${report}: lost, evicted, thinned out, as it counts them`, value: `${lost}, ${evicted}, ${thinned}` },
    { label: `${report}: its CPU, of one`, value: of(cost?.cpu_pct, "%") },
    {
      label: `${report}: kernel cost of a packet`,
      value: of(cost ? cost.bpf_run_time_ns / Math.max(1, cost.bpf_run_cnt) : undefined, "ns"),
    },
  ];
}

/** Its lines go to a file, so that no slow reader is part of the figure. */
async function startIntoFile(params: Record<string, string | number>, file: string) {
  const out = openSync(file, "w");
  const words = Object.entries(params).flatMap(([name, value]) => ["--param", `${name}=${value}`]);
  const argv = ["run", "dns", "--for", "120", "--budget", `${BUDGET_PCT}`, ...words];
  const child = spawn(await tracerBinary(), argv, { stdio: ["pipe", out, "inherit"] });
  closeSync(out);
  const closed = once(child, "close");
  const deadline = Date.now() + ATTACHED_MS;
  while (readFileSync(file).length === 0 && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 20));
  return {
    async end(): Promise<{ told: number; summary: TraceSummary }> {
      child.stdin?.end();
      await closed;
      const lines = readFileSync(file, "utf8").trimEnd().split("\n");
      const told = lines.filter((line) => line.startsWith('{"record":"query"') && line.includes(".flood.test")).length;
      return { told, summary: traceSummary.parse(JSON.parse(lines.at(-1) ?? "")) };
    },
  };
}
