/** `npm run check`: format, types, layers, unused code and unit tests. Fast, no lab, no browser. */
import { runChecks, staticChecks } from "./lib/checks.mjs";
import { ensureDependencies, runTool } from "./lib/setup.mjs";

ensureDependencies();
const unit = { name: "unit tests", run: () => runTool("vitest/vitest.mjs", ["run", "--project", "unit"]) };
process.exit((await runChecks([...staticChecks, unit])) ? 0 : 1);
