/** What vitest's JSON reports say: counts, and what did not pass, in a few lines each. */
import { existsSync, readFileSync } from "node:fs";
import { relative } from "node:path";

/**
 * @param {string} file a report of vitest's JSON reporter
 * @returns {{passed: number, failed: number, skipped: number, files: string[], failures: string[]} | null} `files`: those
 *   with a failure, `failures`: what did not pass and why; null when there is no report
 */
export function readReport(file) {
  if (!existsSync(file)) return null;
  const report = JSON.parse(readFileSync(file, "utf8"));
  const broken = report.testResults.filter((suite) => failuresOf(suite).length > 0);
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests,
    skipped: report.numPendingTests + report.numTodoTests,
    files: broken.map(({ name }) => relative(process.cwd(), name)),
    failures: broken.flatMap(failuresOf),
  };
}

/** A suite may fail as a whole, with no test of it failed. */
function failuresOf({ name, status, message, assertionResults }) {
  const file = relative(process.cwd(), name);
  const failed = assertionResults.filter((test) => test.status === "failed");
  if (failed.length === 0 && status === "failed") return [`${file}: ${beginning(message)}`];
  return failed.map((test) => `${file} > ${test.fullName}: ${beginning(test.failureMessages.join("\n"))}`);
}

/** Without the test runner's own part of a stack. */
function beginning(text) {
  const lines = text.split("\n").filter((line) => !line.includes("node_modules"));
  return lines.slice(0, 12).join("\n    ");
}
