/**
 * How a bug in a process of ours is told on stderr: what it is and where, without any value.
 *
 * Messages of Node and V8 quote what they choke on ("Received type string ('…')", "Unknown encoding: …"),
 * and errors carry it as properties; in a process that handles passwords that could be one.
 */
const MOST_FRAMES = 12;

/** Name, code and the message without what is quoted in it, on one line. */
export function nameBug(error: unknown): string {
  if (!(error instanceof Error)) return `a ${typeof error} was thrown`;
  const code = "code" in error && typeof error.code === "string" ? ` [${error.code.slice(0, 100)}]` : "";
  return `${error.name}${code}: ${withoutValues(error.message)}`;
}

/** The same with the frames of the stack. */
export function describeBug(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  const frames = stack.split("\n").filter((line) => /^\s+at .*:\d+:\d+\)?$/.test(line));
  return [nameBug(error), ...frames.slice(0, MOST_FRAMES)].join("\n");
}

/** Ends the process on an unexpected exception, saying so by `describeBug`; and lets Node write no report of it. */
export function crashWithoutValues(name: string, exit_code = 1): void {
  process.on("uncaughtException", (error) => {
    process.stderr.write(`${name} failed: ${describeBug(error)}\n`, () => process.exit(exit_code));
    // stderr may be a pipe nobody reads.
    setTimeout(() => process.exit(exit_code), 1000);
  });
  if (process.report) {
    process.report.reportOnUncaughtException = false;
    process.report.reportOnFatalError = false;
    process.report.reportOnSignal = false;
  }
}

function withoutValues(message: string): string {
  const [line = ""] = message.split("\n", 1);
  return line
    .replace(/(: |Received).*/, "$1…")
    .replace(/".*"|'.*'|`.*`/g, "…")
    .slice(0, 300);
}
