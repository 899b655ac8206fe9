/**
 * `npm test`: sets up what the tests need and runs everything: static checks, unit, lab, browser.
 * Where the lab cannot run it is reported as skipped with the reason; with CI=true that is a failure.
 * The last line is `Tests: N passed, N failed, N skipped`.
 */
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { ensureBuild } from "./lib/build.mjs";
import { runChecks, staticChecks } from "./lib/checks.mjs";
import { ensureDependencies, ensurePackages, labBlocker, run, runTool, say } from "./lib/setup.mjs";

const total = { passed: 0, failed: 0, skipped: 0 };
/** What did not pass, told again at the end, where a log that was cut still has it. */
const failures = [];
const reports = mkdtempSync(join(tmpdir(), "bpfdesk-test-"));
process.on("exit", () => rmSync(reports, { recursive: true, force: true }));

/** Runs one vitest project and adds its counts to the total. With `log` what it prints goes to that file. */
async function vitest(project, log) {
  mkdirSync(reports, { recursive: true });
  const file = join(reports, `${project}.json`);
  const args = ["run", "--project", project, "--reporter=default", "--reporter=json", `--outputFile.json=${file}`];
  const code = await runTool("vitest/vitest.mjs", args, log === undefined ? {} : { stdio: ["ignore", log, log] });
  if (!existsSync(file)) {
    failures.push(`${project}: ended with ${code} and left no report`);
    return code || 1;
  }
  const report = JSON.parse(readFileSync(file, "utf8"));
  total.passed += report.numPassedTests;
  total.failed += report.numFailedTests;
  total.skipped += report.numPendingTests + report.numTodoTests;
  failures.push(...report.testResults.flatMap((suite) => failuresOf(project, suite)));
  return code;
}

/** A suite may fail as a whole, with no test of it failed. */
function failuresOf(project, { name, status, message, assertionResults }) {
  const file = relative(process.cwd(), name);
  const failed = assertionResults.filter((test) => test.status === "failed");
  if (failed.length === 0 && status === "failed") return [`${project} ${file}: ${beginning(message)}`];
  return failed.map((test) => `${project} ${file} > ${test.fullName}: ${beginning(test.failureMessages.join("\n"))}`);
}

function beginning(text) {
  return text.split("\n").slice(0, 12).join("\n    ");
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
  for (const failure of failures) process.stdout.write(`\nFAILED ${failure}\n`);
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
