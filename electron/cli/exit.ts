/** Exit codes, so that a pipeline can tell "found something" from "could not look". */
export const EXIT = {
  /** Nothing found (or the command has nothing to find and worked). */
  ok: 0,
  /** At least one finding of severity warning or critical. */
  findings: 1,
  /** Could not look: the reason and what to try are on stderr. */
  error: 2,
} as const;
