/**
 * `npm test`: sets up what the tests need and runs everything: static checks, unit, lab, browser.
 * Where the lab cannot run it is reported as skipped with the reason; with CI=true that is a failure.
 * The last line is `Tests: N passed, N failed, N skipped`.
 */
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureBuild } from "./lib/build.mjs";
import { runChecks, staticChecks } from "./lib/checks.mjs";
import { ensureDependencies, ensurePackages, labBlocker, run, runTool, say } from "./lib/setup.mjs";

const total = { passed: 0, failed: 0, skipped: 0 };
const reports = mkdtempSync(join(tmpdir(), "bpfdesk-test-"));
process.on("exit", () => rmSync(reports, { recursive: true, force: true }));

/** Runs one vitest project and adds its counts to the total. With `log` what it prints goes to that file. */
async function vitest(project, log) {
  mkdirSync(reports, { recursive: true });
  const file = join(reports, `${project}.json`);
  const args = ["run", "--project", project, "--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  const code = await runTool("vitest/vitest.mjs", args, log === undefined ? {} : { stdio: ["ignore", log, log] });
  if (!existsSync(file)) return code || 1;
  const report = JSON.parse(readFileSync(file, "utf8"));
  total.passed += report.numPassedTests;
  total.failed += report.numFailedTests;
  total.skipped += report.numPendingTests + report.numTodoTests;
  return code;
}

/** The lab and, beside it, what needs no BPF: most of both is waiting. What the second prints comes after the first. */
async function labAndSsh() {
  const file = join(reports, "ssh.log");
  const log = openSync(file, "w");
  const codes = await Promise.all([vitest("lab"), vitest("ssh", log)]);
  closeSync(log);
  process.stdout.write(readFileSync(file));
  return Math.max(...codes);
}

function finish(ok) {
  if (!ok && total.failed === 0) total.failed = 1;
  process.stdout.write(`\nTests: ${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
  process.exit(ok ? 0 : 1);
}

ensureDependencies();
for (const list of ["bpf/packages.txt", "test/packages.txt"]) ensurePackages(list);

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
        { name: "tracers", run: () => run("node", ["scripts/build-tracers.mjs"]) },
        { name: "lab and SSH tests", run: labAndSsh },
      ]),
  { name: "browser tests", run: () => vitest("e2e") },
];
const ok = await runChecks(tests);
if (blocker) {
  total.skipped += 1;
  say(`SKIPPED lab tests: ${blocker}.`);
}
finish(ok);
