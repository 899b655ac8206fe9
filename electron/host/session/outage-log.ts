/**
 * Which attempts of a long outage are told, so that a night without network does not fill the record.
 *
 * The first few are told with every step; after that one each ten minutes, and whatever ends the outage or
 * needs a person. At most about 150 attempts of a day.
 */

const FIRST = 8;
const EVERY_MS = 10 * 60_000;

export interface OutageLog {
  /** Is the attempt that begins now told? Counts it when it is. */
  mayTell(): boolean;
}

/** One outage. */
export function createOutageLog(now: () => number = Date.now): OutageLog {
  let told = 0;
  let last = Number.NEGATIVE_INFINITY;
  return {
    mayTell() {
      // A clock that was set back tells nothing.
      if (told >= FIRST && Math.abs(now() - last) < EVERY_MS) return false;
      told += 1;
      last = now();
      return true;
    },
  };
}
