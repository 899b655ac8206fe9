/**
 * From when on something is a storm, an explanation, or nothing. Every number of this book that is a matter of opinion is
 * here, with its reason; those a person can change are inputs.
 */
import type { BookInput } from "../../types.ts";

export interface Thresholds {
  /** Seconds each measurement takes. */
  seconds: number;
  /**
   * Per cent of what is sent that is sent again. 0.01 % is rounding; Ethernet and a healthy cloud network stay below
   * 0.1 %; TCP's throughput over a usual round trip is noticeably less from 1 % on, and users see it at 5 %.
   */
  storm_pct: number;
  notice_pct: number;
  /** Below so many segments sent again nothing is said: two a minute to a DNS service are noise, whatever their share. */
  min_retrans: number;
}

/**
 * Connections on which nothing gets through retransmit ever more seldom (the timer doubles), so few say as much: when at least
 * this part of all that was sent was sent again by timers, and so often.
 */
export const STALLED_PCT = 50;
export const STALLED_TIMEOUTS = 3;
/** So many times the share of all other destinations makes one with less than a storm stand out. */
export const OUTLIER_FACTOR = 5;
/** A destination without loss says something about the way there from so many segments on. */
export const HEALTHY_SEGMENTS = 100;
/** Below this share of all segments it is healthy: a tenth of what is worth a notice. */
export const HEALTHY_PCT = 0.1;
/**
 * A place is the cause when it dropped at least this part of what was sent again. Not more: one loss may be answered by
 * several retransmissions (a timeout sends the whole window again).
 */
export const EXPLAINS = 0.5;
/** Below this part it is not what the storm comes from, whatever else it drops. */
export const PART = 0.1;
/** A table of connections so full drops new ones as soon as a burst comes. */
export const TABLE_FULL = 0.95;
/** Timers that ran out so often in a row on one connection: nothing came through for seconds (200 ms doubled four times). */
export const DEAD_TIMEOUTS = 4;
/** Milliseconds without any acknowledgement, of a connection that waits for one. */
export const SILENT_MS = 3000;
/** Average size of what is sent again, in parts of the largest segment, from which on it is full-sized segments only. */
export const FULL_SIZED = 0.9;
/** Destinations and pods named one by one; the rest is in their figures. */
export const NAMED = 5;

export const INPUTS: BookInput[] = [
  {
    name: "destination",
    title: "Destination",
    description: "Only what goes to this address, prefix, or address and port.",
    type: "address",
    required: false,
  },
  {
    name: "pod",
    title: "Pod",
    description: "Only connections of this pod: namespace/name, or its name.",
    type: "pod",
    required: false,
  },
  {
    name: "interface",
    title: "Interface",
    description: "Only connections over this interface: of its pod, or to destinations that are routed over it.",
    type: "interface",
    required: false,
  },
  {
    name: "seconds",
    title: "Seconds",
    description: "How long each of the two measurements takes.",
    type: "seconds",
    required: false,
    default: "30",
  },
  {
    name: "storm_pct",
    title: "Storm, in per cent",
    description: "From this share of retransmitted segments on it is a storm.",
    type: "number",
    required: false,
    default: "5",
  },
  {
    name: "notice_pct",
    title: "Worth a notice, in per cent",
    description: "From this share on, when it stands out from all other destinations.",
    type: "number",
    required: false,
    default: "1",
  },
  {
    name: "min_retrans",
    title: "Least retransmissions",
    description: "With fewer nothing is said of a destination.",
    type: "number",
    required: false,
    default: "10",
  },
];

export function thresholdsOf(inputs: Readonly<Record<string, string>>): Thresholds {
  const value = (name: string): number => {
    const given = Number(inputs[name]);
    return given > 0 ? given : Number(INPUTS.find((input) => input.name === name)?.default);
  };
  return {
    seconds: value("seconds"),
    storm_pct: value("storm_pct"),
    notice_pct: value("notice_pct"),
    min_retrans: value("min_retrans"),
  };
}
