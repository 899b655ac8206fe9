/**
 * `npm start`: sets up what is missing and opens the app. Where Electron's binary or a display
 * cannot be had, serves the same app to a browser on 127.0.0.1 and says why in one line.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ensureBuild } from "./lib/build.mjs";
import { serverFlags } from "./lib/server-flags.mjs";
import { ensureDependencies, node24Path, projectEnv, root, run, say } from "./lib/setup.mjs";

const electronDir = join(root, "node_modules/electron");

/** Path of Electron's binary, fetched if need be; or the reason why there is none. */
function electronBinary() {
  if (process.platform === "linux" && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY)
    return { reason: "there is no display" };
  if (process.platform === "linux" && process.getuid() === 0)
    return { reason: "Chromium's sandbox does not run as root, and the window is not opened without it" };
  const pathFile = join(electronDir, "path.txt");
  const found = () => {
    if (!existsSync(pathFile)) return null;
    const path = join(electronDir, "dist", readFileSync(pathFile, "utf8").trim());
    return existsSync(path) ? path : null;
  };
  if (found() === null) {
    say("fetching Electron …");
    const { ELECTRON_SKIP_BINARY_DOWNLOAD: _skip, ...env } = projectEnv();
    spawnSync(node24Path(), [join(electronDir, "install.js")], { stdio: "ignore", timeout: 300_000, env });
  }
  const path = found();
  return path ? { path } : { reason: "Electron's binary cannot be fetched here" };
}

/** Passes signals on and ends as the child ends. */
function become(command, args) {
  const child = spawn(command, args, { cwd: root, stdio: "inherit", env: projectEnv() });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  child.once("exit", (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
}

ensureDependencies();
await ensureBuild();
// Without a compiler the app works all the same and says that it has no tracers.
if (process.platform === "linux" && (await run("node", ["scripts/build-tracers.mjs"])) !== 0)
  say("the tracers could not be built; everything else works.");
const electron = process.argv.includes("--browser") ? { reason: "--browser was given" } : electronBinary();
if (electron.path) become(electron.path, [root]);
else {
  say(`${electron.reason}; serving the app to your browser instead.`);
  const args = process.argv.slice(2).filter((arg) => arg !== "--browser");
  become(node24Path(), [...serverFlags, join(root, "out/main/server.js"), ...args]);
}
