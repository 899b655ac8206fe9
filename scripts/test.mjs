/**
 * `npm test`: sets up what the tests need and runs everything: static checks, unit, lab, browser.
 * Where the lab cannot run it is reported as skipped with the reason; with CI=true that is a failure.
 * The last line is `Tests: N passed, N failed, N skipped`.
 */
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureBuild } from "./lib/build.mjs";
import { runChecks, staticChecks } from "./lib/checks.mjs";
import { ensureDependencies, ensurePackages, labBlocker, run, runTool, say } from "./lib/setup.mjs";
import { lastWords, readReport } from "./lib/test-report.mjs";

const total = { passed: 0, failed: 0, skipped: 0 };
/** What did not pass, told at the end, where a log that was cut still has it. */
const told = [];
/** So many files of a project may have failed for a run to be repeated. */
const FEW = 2;
const reports = mkdtempSync(join(tmpdir(), "bpfdesk-test-"));
process.on("exit", () => rmSync(reports, { recursive: true, force: true }));

/**
 * Runs a vitest project and adds its counts to the total. With `log` what it prints goes to that file.
 *
 * The machine has work of its own, and the tests run on its kernel, its processes and its clock: when one or two files failed they
 * are run once more, by themselves. What passes then is told as unsteady: a defect to be mended, of the test or of what it tests.
 */
async function vitest(project, log) {
  const first = await runProject(project, project, [], log);
  const files = first.report?.files ?? [];
  const second =
    files.length > 0 && files.length <= FEW ? await runProject(project, `${project}-again`, files, log) : null;
  const passed = first.code === 0 || second?.code === 0;
  const { report } = first;
  if (!report) told.push(`FAILED ${project}: it ended with ${first.code} and left no report`);
  else if (passed) total.passed += report.passed + report.failed;
  else total.passed += report.passed;
  total.failed += passed ? 0 : Math.max(1, report?.failed ?? 0);
  total.skipped += report?.skipped ?? 0;
  if (report && !passed && report.failures.length === 0)
    told.push(`FAILED ${project}: an error outside of any test, which is in what it printed`);
  told.push(...(report?.failures ?? []).map((what) => `${passed ? "UNSTEADY" : "FAILED"} ${project} ${what}`));
  return passed ? 0 : 1;
}

/** Runs a project, or these files of it. `name`: of the report. */
async function runProject(project, name, files, log) {
  mkdirSync(reports, { recursive: true });
  const file = join(reports, `${name}.json`);
  const args = ["run", "--project", project, "--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  const code = await runTool("vitest/vitest.mjs", [...args, ...files], log ? { stdio: ["ignore", log, log] } : {});
  return { code, report: readReport(file) };
}

/** The lab and, beside it, what touches no BPF: most of all of them is waiting. What the others print comes after the lab's. */
async function labAndOthers() {
  const others = ["ssh", "e2e"].map((project) => ({ project, file: join(reports, `${project}.log`) }));
  const inTurn = async () => {
    let worst = 0;
    for (const { project, file } of others) {
      const log = openSync(file, "w");
      worst = Math.max(worst, await vitest(project, log));
      closeSync(log);
    }
    return worst;
  };
  const codes = await Promise.all([vitest("lab"), inTurn()]);
  for (const { file } of others) process.stdout.write(readFileSync(file));
  return Math.max(...codes);
}

function finish(ok) {
  if (!ok && total.failed === 0) total.failed = 1;
  process.stdout.write(lastWords(told));
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
    ? [{ name: "browser tests", run: () => vitest("e2e") }]
    : [
        // The lab's nodes get a bpftool that knows what this kernel can do.
        { name: "portable bpftool", run: () => run("node", ["scripts/build-tools.mjs"]) },
        { name: "tracers", run: () => run("node", ["scripts/build-tracers.mjs"]) },
        { name: "lab, SSH and browser tests", run: labAndOthers },
        { name: "browser tests of this machine as a node", run: () => vitest("e2e-node") },
      ]),
];
const ok = await runChecks(tests);
if (blocker) {
  total.skipped += 1;
  say(`SKIPPED lab tests: ${blocker}.`);
}
finish(ok);
