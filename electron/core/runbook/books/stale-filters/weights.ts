/** Every number this book judges by, and why it is what it is. */

/**
 * What each sign of being left behind weighs. 3: hard to explain otherwise. 2: usual for what was left behind, but something else
 * does it, too. 1: explains how it came about and says nothing of this program.
 */
export const WEIGHTS = {
  /** An agent that starts loads its programs anew; the others of its family were loaded after it did. */
  "older-than-agent": 3,
  /** An upgrade that changed the mechanism (clsact to tcx) leaves what the new release does not look for. */
  "old-mechanism": 3,
  /** One name twice is also what an agent makes that attaches twice: then neither is old. Only the older one is counted. */
  "same-name": 2,
  /** A pref or handle of its own may be meant for one interface. */
  "other-place": 2,
  /** Some agents compile a program for each interface; then tags differ everywhere, and this is not said. */
  "tag-differs": 2,
  /** Pins are also removed by hand, or not seen for want of rights. */
  "pin-gone": 2,
  /** A program on a hook needs nobody who holds it; it is told by comparison with others of its name. */
  "loader-gone": 2,
  /** A policy map that no other program uses is updated by nobody; a new endpoint's may be so for a moment. */
  "own-policy-map": 2,
  /** Why an agent did not find its own pins. */
  "second-bpf-mount": 1,
} as const;

export type SignalId = keyof typeof WEIGHTS;

/** From here on it is called left behind: two signs at least, of which none alone is enough. */
export const ESTABLISHED = 5;
/** From here on it is looked at; below, one sign of weight 2 is met on healthy nodes in the middle of an upgrade. */
export const SUSPECTED = 3;

/** Others of the same name that must be there before "other than its siblings" means anything. */
export const MIN_SIBLINGS = 2;
/** The share of the siblings that must agree with each other; a node with half clsact and half tcx says nothing. */
export const MOST = 0.75;

/**
 * Runs without a drop that rule a program out: of one packet in fifty, the share of the incident, none in 250 comes by chance
 * once in 150 looks (0.98^250 = 0.6 %).
 */
export const MIN_RUNS = 250;

/**
 * Run counts of two programs are read one after the other while packets go on: so many may lie between. A thousandth of a second
 * of ten, and never less than two.
 */
export const readingSlack = (runs: number): number => Math.max(2, Math.ceil(runs * 0.0001));

/**
 * After a change: so many drops had to be expected at the rate of before for none to mean anything (chance e^-5, 0.7 %).
 */
export const MIN_EXPECTED_DROPS = 5;

/** Between two pictures that both lack a program: a pod that has just been started gets it within a second or two. */
export const MIN_APART_S = 5;

export const DEFAULT_SECONDS = 15;
/** Traces on one hook each, side by side: a node runs six at most, and a person may run some of their own. */
export const HOOKS_AT_ONCE = 3;
/** Programs one trace takes (`verdict`, TARGETS). */
export const PROGRAMS_AT_ONCE = 64;
/** Flows kept by each trace; drops of further ones are counted without their addresses. */
export const FLOWS = 1024;
/** Told of a program's drops; the trace has the rest. */
export const FLOWS_TOLD = 5;

/** Entries read of a policy map or of the ipcache; a larger one is not searched. */
export const MAP_ENTRIES = 20_000;
/** For reading maps of that many entries, which takes a fraction of a second. */
export const MAP_SECONDS = 20;
