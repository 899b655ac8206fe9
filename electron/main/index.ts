/** Entry of the desktop app: gives `startApp` the real Electron and the real places. */
import { join, resolve } from "node:path";
import * as electron from "electron";
import { startApp } from "./app.ts";

const out = resolve(import.meta.dirname, "..");

// Not awaited: Electron is not ready before this module has ended.
startApp(electron, {
  preload: join(out, "preload/index.cjs"),
  renderer: join(out, "renderer"),
  host: join(out, "main/host.js"),
  resources: electron.app.isPackaged ? join(process.resourcesPath, "resources") : resolve(out, "../resources"),
}).catch((error: unknown) => {
  console.error("bpfdesk could not start:", error);
  electron.app.exit(1);
});
