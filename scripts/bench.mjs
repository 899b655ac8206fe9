/**
 * `npm run bench [name…]`: figures of the product, each measured against its peer in the same run.
 * Prints ratios and figures; judges nothing.
 */
import { ensureBuild } from "./lib/build.mjs";
import { ensureDependencies, ensurePackages, run } from "./lib/setup.mjs";

ensureDependencies();
for (const list of ["bpf/packages.txt", "test/packages.txt"]) ensurePackages(list);
await ensureBuild();
process.exit(await run("node", ["scripts/lib/bench-runner.mjs", ...process.argv.slice(2)]));
