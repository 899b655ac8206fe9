/**
 * The browser mode with the page served from its sources, with hot reload. Started (and started again
 * when the host's code changes) by scripts/dev.mjs.
 */
import { join } from "node:path";
import react from "@vitejs/plugin-react";
import { createServer, runnerImport } from "vite";
import { root } from "./setup.mjs";

const load = async (path) =>
  (await runnerImport(join(root, path), { configFile: false, root, logLevel: "error" })).module;

const { createService } = await load("electron/host/service.ts");
const { userDataDir } = await load("electron/host/data-dir.ts");
const { startServer } = await load("electron/server/server.ts");

const vite = await createServer({
  configFile: false,
  root: join(root, "renderer"),
  plugins: [react()],
  appType: "spa",
  // The page's own origin answers for bpfdesk only; hot reload has a port of its own.
  server: { middlewareMode: true, hmr: { host: "127.0.0.1", port: 24678 } },
});
const service = createService({
  resourcesDir: join(root, "resources"),
  dataDir: userDataDir(),
  mode: "browser",
  version: "development",
});
const server = await startServer({
  service,
  rendererDir: join(root, "renderer"),
  port: Number(process.env.BPFDESK_DEV_PORT ?? 0),
  dev: vite.middlewares,
  onBug: (error, method) => console.error(`bpfdesk: ${method} failed:`, error),
});
console.log(`bpfdesk (development) is at ${server.url}`);

async function stop() {
  await service.close();
  await server.close();
  await vite.close();
  process.exit(0);
}
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, stop);
