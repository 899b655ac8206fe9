/** The figures from which on something is worth a look, each with its reason; all of them are inputs of the book. */
import type { BookInput } from "../../types.ts";

/** `default`: as a person would type it. */
interface Threshold {
  title: string;
  default: number;
  /** What is counted, and why from there on. */
  why: string;
}

export const THRESHOLDS = {
  rate_per_s: {
    title: "Queries a second",
    default: 50,
    why: "From one process, over five seconds. A client with a cache asks a few times a second; a crawler, a tunnel or a client without any cache asks hundreds of times.",
  },
  tunnel_names: {
    title: "Long names under one parent",
    default: 20,
    why: "Different names with a long label under one parent domain, from one program. A tunnel needs a new name for every message; services with long names have a handful of them.",
  },
  long_label: {
    title: "Long label",
    default: 30,
    why: "Characters from which on a label counts as long. Names of pods, services and buckets are mostly shorter, encoded data fills what a label holds (63).",
  },
  failed_lookups: {
    title: "Lookups that fail",
    default: 20,
    why: "Within ten seconds, from one program, when they are at least half of its lookups. A lookup is all that a resolver's library asks for one name: A and AAAA, and every domain of the search list, so that ndots:5 does not look like a burst.",
  },
  follow_s: {
    title: "Connection follows within",
    default: 2,
    why: "Seconds from the answer to a connection by the same process to an address of it. Programs connect within milliseconds; later ones more often have another cause.",
  },
  baseline_s: {
    title: "New after",
    default: 10,
    why: "Seconds at the beginning of the watch in which names are taken for usual ones. What is asked first after that is new, as far as the watch goes.",
  },
} satisfies Record<string, Threshold>;

export type Thresholds = Record<keyof typeof THRESHOLDS, number>;

export const thresholdInputs: BookInput[] = Object.entries(THRESHOLDS).map(([name, one]) => ({
  name,
  title: one.title,
  description: one.why,
  type: "number",
  required: false,
  default: `${one.default}`,
}));

/** Those that were given; what is no sensible number is as if it were not given. */
export function thresholdsOf(inputs: Readonly<Record<string, string>>): Thresholds {
  const values = Object.entries(THRESHOLDS).map(([name, one]) => {
    const given = Number(inputs[name] ?? "");
    return [name, inputs[name] !== undefined && Number.isFinite(given) && given > 0 ? given : one.default];
  });
  return Object.fromEntries(values) as Thresholds;
}
