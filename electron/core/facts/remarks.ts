/** What a section's exit status, size and stderr say, in words; nothing about its content. */
import type { SectionResult } from "../collect/frames.ts";
import type { Warning } from "../parse.ts";

/** Exit status that timeout(1) and the collector use for the time limit. */
const TIME_LIMIT = 124;
/** Exit status of a shell for a command that does not exist. */
const NOT_FOUND = 127;

export function remarksOn(result: SectionResult): Warning[] {
  const warnings: Warning[] = [];
  if (result.exit === null) {
    warnings.push({ code: "cut-off", message: "The connection ended inside this section; the rest is missing." });
  } else if (result.exit === TIME_LIMIT) {
    warnings.push({ code: "time-limit", message: "The time limit of this section was reached; the rest is missing." });
  } else if (result.exit === NOT_FOUND) {
    warnings.push({ code: "tool-missing", message: "The node does not have the tool for this section." });
  } else if (result.exit !== 0) {
    warnings.push({ code: "exit-status", message: `The command ended with exit status ${result.exit}.` });
  }
  if (result.truncated && result.exit !== null) {
    warnings.push({ code: "truncated", message: "The size limit of this section was reached; the rest is missing." });
  }
  const stderr = meaningful(result.stderr);
  if (stderr !== "") warnings.push({ code: "stderr", message: stderr });
  return warnings;
}

/**
 * stderr without blank lines and without libbpf's remark that it could not raise RLIMIT_MEMLOCK: that is
 * about loading maps, which nothing here does.
 */
function meaningful(stderr: string): string {
  return stderr
    .split("\n")
    .filter((line) => line.trim() !== "" && !/RLIMIT_MEMLOCK|permission error while running as root/i.test(line))
    .slice(0, 10)
    .join("\n");
}
