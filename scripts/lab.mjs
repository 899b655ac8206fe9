/**
 * The lab on the command line: `node scripts/lab.mjs up|down|status|fault|clear|traffic|record-sample`.
 * Only finds Node 24 and hands over to test/lab/node/cli.ts; see docs/lab.md.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { ensureDependencies, fail, labBlocker, node24Path, projectEnv } from "./lib/setup.mjs";

ensureDependencies();
const blocker = labBlocker();
if (blocker) fail(blocker, 2);
// Ctrl-C reaches the child too, which takes the lab down; this process waits for it.
process.on("SIGINT", () => undefined);
const cli = fileURLToPath(import.meta.resolve("../test/lab/node/cli.ts"));
// The product's sources use parameter properties, which need more than stripping the types.
const flags = ["--experimental-transform-types", "--disable-warning=ExperimentalWarning"];
const done = spawnSync(node24Path(), [...flags, cli, ...process.argv.slice(2)], {
  stdio: "inherit",
  env: projectEnv(),
});
process.exit(done.status ?? 1);
