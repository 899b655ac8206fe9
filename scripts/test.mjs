/**
 * `npm test`: sets up what the tests need and runs everything: static checks, unit, lab, browser.
 * Where the lab cannot run it is reported as skipped with the reason; with CI=true that is a failure.
 * The last line is `Tests: N passed, N failed, N skipped`.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureBuild } from "./lib/build.mjs";
import { runChecks, staticChecks } from "./lib/checks.mjs";
import { ensureDependencies, ensurePackages, labBlocker, run, runTool, say } from "./lib/setup.mjs";

const total = { passed: 0, failed: 0, skipped: 0 };
const reports = mkdtempSync(join(tmpdir(), "bpfdesk-test-"));
process.on("exit", () => rmSync(reports, { recursive: true, force: true }));

/** Runs one vitest project and adds its counts to the total. */
async function vitest(project) {
  mkdirSync(reports, { recursive: true });
  const file = join(reports, `${project}.json`);
  const code = await runTool("vitest/vitest.mjs", [
    "run",
    "--project",
    project,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${file}`,
  ]);
  if (!existsSync(file)) return code || 1;
  const report = JSON.parse(readFileSync(file, "utf8"));
  total.passed += report.numPassedTests;
  total.failed += report.numFailedTests;
  total.skipped += report.numPendingTests + report.numTodoTests;
  return code;
}

function finish(ok) {
  if (!ok && total.failed === 0) total.failed = 1;
  process.stdout.write(`\nTests: ${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
  process.exit(ok ? 0 : 1);
}

ensureDependencies();
ensurePackages();

const blocker = labBlocker();
if (blocker && process.env.CI === "true") {
  say(`FAILED lab: ${blocker}. With CI=true the lab must run.`);
  finish(false);
}

const tests = [
  ...staticChecks,
  { name: "unit tests", run: () => vitest("unit") },
  { name: "build", run: () => ensureBuild().then(() => 0) },
  ...(blocker
    ? []
    : [
        // The lab's nodes get a bpftool that knows what this kernel can do.
        { name: "portable bpftool", run: () => run("node", ["scripts/build-tools.mjs"]) },
        { name: "lab tests", run: () => vitest("lab") },
      ]),
  { name: "browser tests", run: () => vitest("e2e") },
];
const ok = await runChecks(tests);
if (blocker) {
  total.skipped += 1;
  say(`SKIPPED lab tests: ${blocker}.`);
}
finish(ok);
