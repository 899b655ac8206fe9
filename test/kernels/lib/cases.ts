/**
 * Cases as data: `cases/<tracer>/<name>.yaml`, found by listing. What the members mean: docs/lab.md.
 * A file that is no case is an error that names the file and the line.
 */
import * as path from "node:path";
import { z } from "zod";
import { parseYaml, readFolder } from "./read-yaml.ts";

const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** What a value must be. A text that begins with `$` is a variable's value. */
const matcher = z.union([
  scalar,
  z.strictObject({ at_least: scalar }),
  z.strictObject({ at_most: scalar }),
  z.strictObject({ within: z.tuple([scalar, z.number().positive()]) }),
  z.strictObject({ matches: z.string() }),
  z.strictObject({ not: scalar }),
  z.strictObject({ one_of: z.array(scalar).min(1) }),
]);
export type Matcher = z.infer<typeof matcher>;

const fields = z.record(z.string(), matcher);

export const expectation = z
  .strictObject({
    /** Name of a record of the tracer; `verdict` of a runbook. */
    record: z.string(),
    /** Only lines in which these hold. */
    where: fields.default({}),
    /** How many there are. */
    lines: matcher.optional(),
    /** Field: sum over the lines. */
    sum: fields.optional(),
    /** Holds in every line, of which there is at least one. */
    each: fields.optional(),
    /** These lines, in any order, and no others. */
    are: z.array(fields).optional(),
  })
  .refine(
    (one) => one.lines !== undefined || one.sum || one.each || one.are,
    "expects nothing: say lines, sum, each or are",
  );
export type Expectation = z.infer<typeof expectation>;

const outcome = z.strictObject({
  expect: z.array(expectation).default([]),
  /** Members of the summary, by dotted path. */
  summary: fields.default({}),
  /** What is expected of the schema's `fallbacks`: the way that was wanted and is not there. */
  fallback: z.strictObject({ wanted: z.string(), why: z.string().optional() }).optional(),
  /** Instead of running: the code of the error line, because this kernel cannot. */
  refused: z.string().optional(),
});

/** How a machine is brought to where something can be tried. */
export const scene = z.strictObject({
  /** A promise, in words. */
  title: z.string().min(1),
  /** Shell, as root, before anything of bpfdesk starts. */
  setup: z.string().default(""),
  /** Shell, each of them running during the whole case; begins when it prints `ready`. */
  servers: z.array(z.string()).default([]),
});
export type Scene = z.infer<typeof scene>;

const caseFile = scene.extend({
  params: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
  /** Shell, once the tracer is at work. */
  traffic: z.string().default(""),
  /** Seconds until the tracer ends by itself. */
  for_s: z.number().int().positive().max(600).default(300),
  /** What ended it. */
  ended: z.enum(["signal", "done", "time", "events"]).default("signal"),
  /** May be more than none only where losing is what the case is about. */
  lost: matcher.default(0),
  /** Whatever way the tracer took. */
  expect: z.array(expectation).default([]),
  summary: fields.default({}),
  /** By the variant that the kernel allows; `refused` when it allows none. */
  variants: z.record(z.string(), outcome).refine((all) => Object.keys(all).length > 0, "at least one"),
});

export interface KernelCase extends z.infer<typeof caseFile> {
  /** `<tracer>/<name>`. */
  id: string;
  tracer: string;
  file: string;
}

const CASES = path.resolve(import.meta.dirname, "../cases");

/** Reads one file. Throws an error with `file:line: where: what`. */
export function parseCase(text: string, file: string): KernelCase {
  const name = path.join(path.basename(path.dirname(file)), path.basename(file, ".yaml"));
  return { ...parseYaml(caseFile, text, file), id: name, tracer: path.dirname(name), file };
}

/** All cases, by tracer and name. */
export function readCases(): KernelCase[] {
  return readFolder(CASES, parseCase);
}
