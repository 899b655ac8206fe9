/** How long to wait before a lost connection is tried again: doubled each time, spread by chance, capped. */

const FIRST_MS = 1000;
const CAP_MS = 60_000;

/**
 * Milliseconds before the attempt of that number (from 1). Full jitter: many windows that lost the same node at
 * the same moment do not come back at the same moment.
 */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  return Math.round(random() * Math.min(CAP_MS, FIRST_MS * 2 ** (attempt - 1)));
}
