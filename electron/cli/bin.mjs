#!/usr/bin/env node
/** Starts the built CLI under the Node 24 line, from whatever Node the caller has. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");
const built = resolve(root, "out/main/cli.js");
const bundled = resolve(root, "node_modules/node/bin/node");
const node = Number(process.versions.node.split(".")[0]) >= 24 || !existsSync(bundled) ? process.execPath : bundled;

if (!existsSync(built)) {
  process.stderr.write("bpfdesk: not built yet. Run: npm run build\n");
  process.exit(2);
}
const done = spawnSync(node, ["--disable-warning=ExperimentalWarning", built, ...process.argv.slice(2)], {
  stdio: "inherit",
});
process.exit(done.status ?? 2);
