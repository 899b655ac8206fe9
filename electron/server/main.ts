/**
 * `npm start` without Electron: the service and the page for a browser on this machine.
 *
 * Prints one address and runs until it is stopped; then every node is disconnected first.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { crashWithoutValues, describeBug } from "../host/crash.ts";
import { userDataDir } from "../host/data-dir.ts";
import { createService } from "../host/service.ts";
import { startServer } from "./server.ts";

crashWithoutValues("bpfdesk");
const root = resolve(import.meta.dirname, "../..");
const { version } = JSON.parse(readFileSync(resolve(root, "package.json"), "utf8")) as { version: string };
const { values } = parseArgs({ options: { port: { type: "string" }, session: { type: "string" } } });

const service = createService({
  resourcesDir: resolve(root, "resources"),
  dataDir: userDataDir(),
  mode: "browser",
  version,
  ...(values.session ? { session_path: resolve(values.session) } : {}),
});
const server = await startServer({
  service,
  rendererDir: resolve(root, "out/renderer"),
  ...(values.port ? { port: Number(values.port) } : {}),
  onBug: (error, method) => console.error(`bpfdesk: ${method} failed: ${describeBug(error)}`),
});
console.log(`bpfdesk is at ${server.url}`);
console.log("The address works once; the page that opened it stays connected. Ctrl-C ends bpfdesk.");

let stopping = false;
async function stop(): Promise<void> {
  // A second Ctrl-C does not wait for slow nodes.
  if (stopping) process.exit(1);
  stopping = true;
  await service.close();
  await server.close();
  process.exit(0);
}
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => void stop());
