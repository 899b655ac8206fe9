/**
 * Records the sample incident that ships with the app: a node of 24 pods on which an upgrade of the CNI
 * left one filter behind. Through the product's own collector, from a lab made for it; objects that other
 * people's programs have on the same kernel are left out of the record.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { createServer } from "vite";
import type { Collected } from "../../../electron/core/collect/frames.ts";
import { SNAPSHOT_FORMAT, SNAPSHOT_VERSION, type Snapshot } from "../../../electron/core/collect/snapshot.ts";
import { portableBpftool } from "./bpftool.ts";
import { faultInterface } from "./expected.ts";
import { type Lab, startLab } from "./lab.ts";
import { endpointPods } from "./plan.ts";
import { labTransport } from "./transport.ts";

const ROOT = path.resolve(import.meta.dirname, "../../..");
const FILE = path.join(ROOT, "resources/sample/stale-filter.bpfdesk-snapshot");
const STATS = "/proc/sys/kernel/bpf_stats_enabled";

/** Makes the lab, records it, writes the file and returns a line about it. */
export async function recordSample(): Promise<string> {
  const lab = await startLab({ pods: 24, faults: ["stale-filter"], bpftool: portableBpftool() });
  try {
    const stats = (await lab.run(["cat", STATS])).stdout.trim();
    await lab.run(["tee", STATS], "1");
    const snapshot = await withRunCounts(lab).finally(() => lab.run(["tee", STATS], stats));
    const bytes = await write(snapshot);
    fs.mkdirSync(path.dirname(FILE), { recursive: true });
    fs.writeFileSync(FILE, bytes);
    return `${path.relative(ROOT, FILE)}: ${bytes.length} bytes, ${snapshot.collected.sections.length} sections`;
  } finally {
    await lab.stop();
  }
}

async function withRunCounts(lab: Lab): Promise<Snapshot> {
  const ifname = faultInterface(lab.plan, "stale-filter") ?? "";
  await lab.traffic();
  await lab.traffic({ towards: ifname, udp: 400, tcp: 0 });
  const product = await loadProduct();
  try {
    const transport = labTransport(lab);
    const sections = await product.loadSections(path.join(ROOT, "resources"));
    const options = { sections, bpftool: null };
    const foreign = new Set(lab.state.before);
    const collected = withoutForeign(await product.collectNode(transport, options), foreign);
    const { follow_up: ids } = product.firstLook(collected);
    const followUp = ids.length > 0 ? await product.collectFollowUp(transport, { ...options, prog_ids: ids }) : null;
    const pod = endpointPods(lab.plan).find((one) => one.endpoint.ifname === ifname);
    return {
      format: SNAPSHOT_FORMAT,
      version: SNAPSHOT_VERSION,
      app_version: JSON.parse(fs.readFileSync(path.join(ROOT, "package.json"), "utf8")).version,
      title: "One in fifty packets to a pod is lost",
      description:
        `After an upgrade of the network agent about one in fifty packets to the pod ${pod?.namespace}/${pod?.name} ` +
        "disappears. NetworkPolicy and the agent say all is well. Recorded on a lab node with 24 pods.",
      node: { host: lab.plan.hostname, user: "root", root: true },
      recorded_at: Date.now(),
      collected,
      follow_up: followUp,
    };
  } finally {
    await product.close();
  }
}

/** The product's sources list their folders through the bundler, so the bundler has to load them. */
async function loadProduct() {
  const server = await createServer({
    root: ROOT,
    configFile: false,
    logLevel: "error",
    appType: "custom",
    server: { middlewareMode: true, ws: false, watch: null },
    optimizeDeps: { noDiscovery: true },
  });
  const load = <T>(file: string) => server.ssrLoadModule(path.join(ROOT, file)) as Promise<T>;
  const collect = await load<typeof import("../../../electron/host/collect/collect.ts")>(
    "electron/host/collect/collect.ts",
  );
  const sections = await load<typeof import("../../../electron/host/collect/sections.ts")>(
    "electron/host/collect/sections.ts",
  );
  const pipeline = await load<typeof import("../../../electron/core/pipeline.ts")>("electron/core/pipeline.ts");
  return { ...collect, ...sections, ...pipeline, close: () => server.close() };
}

async function write(snapshot: Snapshot): Promise<Uint8Array> {
  const { writeSnapshot } = await import("../../../electron/host/snapshot/file.ts");
  return writeSnapshot(snapshot);
}

/** Takes rows of programs, maps and links out that were loaded before the lab was. */
function withoutForeign(collected: Collected, foreign: ReadonlySet<string>): Collected {
  const kinds: Record<string, string> = { "bpf.prog": "prog", "bpf.map": "map", "bpf.link": "link" };
  const sections = collected.sections.map((section) => {
    const kind = kinds[section.section];
    const isArrays = section.section === "bpf.progarrays";
    if ((kind === undefined && !isArrays) || section.stdout.trim() === "") return section;
    const rows = JSON.parse(section.stdout) as { id?: number; command?: string[] }[];
    const kept = rows.filter((row) => !foreign.has(isArrays ? `map ${row.command?.at(-1)}` : `${kind} ${row.id}`));
    return { ...section, stdout: JSON.stringify(kept) };
  });
  return { ...collected, sections };
}
