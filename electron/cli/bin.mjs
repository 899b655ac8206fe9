#!/usr/bin/env node
/**
 * Starts the built CLI under the Node 24 line, from whatever Node the caller has, with the flags it needs.
 *
 * It runs as a child whose channel to here is its lifeline: whatever ends this process, kill -9 included,
 * the child sees the channel close, leaves the node clean and ends.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { resolve } from "node:path";

const root = resolve(import.meta.dirname, "../..");
const built = resolve(root, "out/main/cli.js");
const bundled = resolve(root, "node_modules/node/bin/node");
const isNewEnough = Number(process.versions.node.split(".")[0]) >= 24;

if (existsSync(built)) {
  runUnder(isNewEnough || !existsSync(bundled) ? process.execPath : bundled);
} else {
  process.stderr.write("bpfdesk: not built yet. Run: npm run build\n");
  process.exitCode = 2;
}

function runUnder(node) {
  // A small young generation, as the server has: many nodes at once make much that is soon garbage.
  const flags = ["--disable-warning=ExperimentalWarning", "--max-semi-space-size=8"];
  const child = spawn(node, [...flags, built, ...process.argv.slice(2)], {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
  });
  // A terminal sends its signal to both; the child must not take one for two.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
    process.on(signal, () => {
      if (child.connected) child.disconnect();
    });
  child.on("error", (error) => {
    process.stderr.write(`bpfdesk: ${node} could not be started: ${error.message}\n`);
    process.exit(2);
  });
  child.on("exit", (code) => process.exit(code ?? 2));
}
