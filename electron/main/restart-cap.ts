/** How often something that crashes is started again: three times within a minute, then no more. */

const MOST = 3;
const WITHIN_MS = 60_000;

export interface RestartCap {
  /** Counts a crash; false when it was one too many. */
  mayRestart(): boolean;
  isGivenUp(): boolean;
}

export function createRestartCap(now: () => number): RestartCap {
  let crashes: number[] = [];
  let givenUp = false;
  return {
    mayRestart() {
      crashes = [...crashes.filter((at) => now() - at < WITHIN_MS), now()];
      givenUp ||= crashes.length > MOST;
      return !givenUp;
    },
    isGivenUp: () => givenUp,
  };
}
