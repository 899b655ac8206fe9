/** The static checks, each with what it proves. Used by `npm run check` and `npm test`. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { root, run, runTool, say } from "./setup.mjs";

/** TypeScript projects: one a zone, so that each zone sees only its own globals. */
const zones = [
  "electron/core",
  "electron/shared",
  "electron/host",
  "electron/server",
  "electron/cli",
  "electron/main",
  "renderer",
  "test",
].filter((zone) => existsSync(join(root, zone, "tsconfig.json")));

async function types() {
  // Two at a time: the machine these run on in CI has two cores.
  const queue = [...zones];
  let worst = 0;
  const worker = async () => {
    for (let zone = queue.shift(); zone; zone = queue.shift())
      worst = Math.max(worst, await runTool("typescript/bin/tsc", ["-p", zone]));
  };
  await Promise.all([worker(), worker()]);
  return worst;
}

export const staticChecks = [
  { name: "format and lint", run: () => runTool("@biomejs/biome/bin/biome", ["check", "."]) },
  { name: "types", run: types },
  { name: "layers", run: () => run("node", ["scripts/lib/layers.mjs"]) },
  { name: "unused code", run: () => runTool("knip/bin/knip.js", ["--no-progress"]) },
];

/** Runs checks in order and stops at the first that fails. @returns {Promise<boolean>} all passed. */
export async function runChecks(checks) {
  for (const check of checks) {
    const started = Date.now();
    const code = await check.run();
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    say(`${code === 0 ? "ok    " : "FAILED"} ${check.name} (${seconds} s)`);
    if (code !== 0) return false;
  }
  return true;
}
