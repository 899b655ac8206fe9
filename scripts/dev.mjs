/**
 * `npm run dev`: the app in the browser with hot reload of the page. When code of the host changes,
 * the host is started again and a new address printed.
 */
import { spawn } from "node:child_process";
import { watch } from "node:fs";
import { join } from "node:path";
import { ensureDependencies, node24Path, projectEnv, root, say } from "./lib/setup.mjs";

ensureDependencies();
let child = start();
let stopping = false;

function start() {
  const started = spawn(node24Path(), [join(root, "scripts/lib/dev-server.mjs")], {
    cwd: root,
    stdio: "inherit",
    env: projectEnv({ BPFDESK_DEV_PORT: process.env.BPFDESK_DEV_PORT ?? "5917" }),
  });
  started.once("exit", (code, signal) => {
    if (stopping) process.exit(0);
    if (started === child && !signal && code !== 0) say("the host stopped; it starts again when its code changes.");
  });
  return started;
}

let pending = null;
watch(join(root, "electron"), { recursive: true }, (_event, name) => {
  if (!name || !/\.(ts|mjs)$/.test(name) || /\.test\.ts$/.test(name)) return;
  clearTimeout(pending);
  pending = setTimeout(() => {
    say(`${name} changed; starting the host again.`);
    const before = child;
    const again = () => {
      child = start();
    };
    if (before.exitCode !== null) again();
    else {
      before.once("exit", again);
      before.kill("SIGTERM");
    }
  }, 300);
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
  process.on(signal, () => {
    stopping = true;
    if (child.exitCode !== null) process.exit(0);
    child.kill("SIGTERM");
  });
