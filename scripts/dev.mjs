/** `npm run dev`: the app in the browser with hot reload of the page; the host is rebuilt on change. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { ensureDependencies, node24Path, projectEnv, root } from "./lib/setup.mjs";

ensureDependencies();
const child = spawn(node24Path(), [join(root, "scripts/lib/dev-server.mjs")], {
  cwd: root,
  stdio: "inherit",
  env: projectEnv(),
});
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => child.kill(signal));
child.once("exit", (code, signal) => process.exit(signal ? 1 : (code ?? 1)));
