/** What vitest's JSON reports say: counts, and what did not pass, in a few lines each. */
import { existsSync, readFileSync } from "node:fs";
import { relative } from "node:path";

/**
 * @param {string} file a report of vitest's JSON reporter
 * @returns {{passed: number, failed: number, skipped: number, files: string[], failures: string[], unsteady: string[]} | null}
 *   `files`: those with a failure, `failures`: what did not pass and why, `unsteady`: what passed when it was tried again, and why
 *   it had not before; null when there is no report
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
    unsteady: report.testResults.flatMap(unsteadyOf),
  };
}

/** A suite may fail as a whole, with no test of it failed. */
function failuresOf({ name, status, message, assertionResults }) {
  const file = relative(process.cwd(), name);
  const failed = assertionResults.filter((test) => test.status === "failed");
  if (failed.length === 0 && status === "failed") return [`${file}: ${beginning(message)}`];
  return failed.map((test) => `${file} > ${test.fullName}: ${reasons(test.failureMessages)}`);
}

function unsteadyOf({ name, assertionResults }) {
  const file = relative(process.cwd(), name);
  const again = assertionResults.filter((test) => test.status === "passed" && test.failureMessages.length > 0);
  return again.map((test) => `${file} > ${test.fullName}: ${reasons(test.failureMessages)}`);
}

const LINES = 10;
const CHARS = 1200;
const BRIEF_CHARS = 220;

/** A test that was tried again has a reason for each time, which is often the same. */
const reasons = (messages) => [...new Set(messages.map(beginning))].join("\n  and then: ");

/** What is said, without the places in the code, which the runner has printed already. */
function beginning(text) {
  const lines = text.split("\n").filter((line) => line.trim() !== "" && !/^\s+at /.test(line));
  return lines.slice(0, LINES).join("\n    ").slice(0, CHARS);
}

/**
 * What did not pass, to be printed last: each with its reasons, and then all of them once more in a line each, for a log of
 * which only the end is kept.
 * @param {string[]} told
 * @returns {string}
 */
export function lastWords(told) {
  if (told.length === 0) return "";
  const brief = told.map((what) => what.replaceAll(/\s+/g, " ").slice(0, BRIEF_CHARS));
  return `\n${told.join("\n\n")}\n\nIn short:\n${brief.map((line) => `- ${line}\n`).join("")}`;
}
