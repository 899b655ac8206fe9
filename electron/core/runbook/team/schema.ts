/**
 * A team's own runbook: what its YAML file may hold. The same steps as the runbooks that ship with the app, and no code:
 * what is examined are conditions over what was gathered. What must fit together beyond the form is in `check.ts`.
 */
import { z } from "zod";

const id = z.string().regex(/^[a-z][a-z0-9-]{0,47}$/, "lower case letters, digits and dashes, a letter first");
const words = z.string().min(1).max(2000);
const shortWords = z.string().min(1).max(200);
/** `$name` stands for an input. */
const template = z.string().max(1000);
const number = z.number();

/** How a number is judged; each that is given must hold. */
const bounds = {
  at_least: number.optional(),
  at_most: number.optional(),
  above: number.optional(),
  below: number.optional(),
};
export interface Bounds {
  at_least?: number | undefined;
  at_most?: number | undefined;
  above?: number | undefined;
  below?: number | undefined;
}

/** Members of a record, each with the value, or one of the values, that it must have. */
const where = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean(), z.array(z.union([z.string(), z.number()]))]),
);
export type Where = z.output<typeof where>;

/** Records of a trace: how many, or the sum of one of their numbers. */
const records = z.strictObject({
  step: id,
  trace: id,
  record: z.string().min(1).max(32),
  where: where.optional(),
  /** Absent: the records are counted. */
  sum: z.string().min(1).max(64).optional(),
  /** The share, 0 to 1, of those that have these members too. */
  share: where.optional(),
  ...bounds,
});

/** Numbers of a section of the collector, added up over its rows. */
const rows = z.strictObject({
  step: id,
  section: z.string().min(1).max(64),
  scope: z.string().max(64).default("node"),
  where: where.optional(),
  column: z.string().min(1).max(64),
  /** `value` as it was read last, `rise` between the readings, `per_second` the same by the time between. */
  of: z.enum(["value", "rise", "per_second"]).default("rise"),
  ...bounds,
});

const finding = z.strictObject({ id: z.string().min(1).max(64), ...bounds });
const answer = z.strictObject({ step: id, is: z.string().min(1).max(64) });

/** Exactly one of them. */
export const condition = z.union(
  [
    z.strictObject({ records }),
    z.strictObject({ rows }),
    z.strictObject({ finding }),
    z.strictObject({ answer }),
    z.strictObject({ input: z.string().min(1).max(64) }),
  ],
  { error: "a condition is one of records, rows, finding, answer, input, with members it knows" },
);
export type Condition = z.output<typeof condition>;
export type RecordsCondition = z.output<typeof records>;
export type RowsCondition = z.output<typeof rows>;

const verdictWord = z.enum(["confirmed", "likely", "ruled_out", "cannot_tell"]);

const proposal = z.union(
  [
    z.strictObject({ advice: words }),
    z.strictObject({ open: id, inputs: z.record(z.string(), template).default({}), text: words }),
    /** Only of a verdict that is about an attachment: a person may then have a plan made, and approve it. */
    z.strictObject({ detach: z.literal("subject"), text: words }),
  ],
  { error: "a proposal is advice, or open with text, or detach: subject with text" },
);

const verdict = z.strictObject({
  id,
  /** Once for each finding of this rule in the picture; `$subject`, `$ifname` and `$pod` stand for what it is about. */
  for_each: z.strictObject({ finding: z.string().min(1).max(64) }).optional(),
  subject: template.min(1),
  kind: id,
  /** All must hold. */
  when: z.array(condition).min(1).max(20),
  verdict: verdictWord,
  meaning: words,
  /** When one does not hold. Absent: nothing is said then. */
  otherwise: z.strictObject({ verdict: verdictWord, meaning: words }).optional(),
  proposal: proposal.optional(),
});
export type TeamVerdict = z.output<typeof verdict>;

const step = { id, title: shortWords, text: words, when: z.array(condition).max(20).optional() };
const for_s = z.union([z.int().min(1).max(3600), z.string().regex(/^\$[a-z][a-z0-9_]*$/, "seconds, or $input")]);
const traces = z
  .array(
    z.strictObject({
      id,
      tracer: z.string().min(1).max(32),
      params: z.record(z.string(), z.union([template, z.number(), z.boolean()])).default({}),
    }),
  )
  .max(6)
  .default([]);
const sections = z.array(z.string().min(1).max(64)).max(20).default([]);
const verdicts = z.array(verdict).min(1).max(50);

const teamStep = z.discriminatedUnion("kind", [
  z.strictObject({ ...step, kind: z.literal("collect"), sections }),
  z.strictObject({ ...step, kind: z.literal("measure"), for_s, traces, sections }),
  z.strictObject({ ...step, kind: z.literal("examine"), verdicts }),
  z.strictObject({
    ...step,
    kind: z.literal("ask"),
    question: words,
    answers: z
      .array(z.strictObject({ id, text: shortWords }))
      .max(12)
      .default([]),
  }),
  z.strictObject({ ...step, kind: z.literal("propose"), verdicts }),
  z.strictObject({ ...step, kind: z.literal("verify"), for_s, traces, sections, verdicts }),
]);
export type TeamStep = z.output<typeof teamStep>;

export const teamBook = z.strictObject({
  id,
  title: shortWords,
  symptom: words,
  when_to_use: words,
  runs: words,
  inputs: z
    .array(
      z.strictObject({
        name: z.string().regex(/^[a-z][a-z0-9_]{0,31}$/, "lower case letters, digits and underscores"),
        title: shortWords,
        description: words,
        type: z.enum(["interface", "pod", "address", "name", "seconds", "number", "text"]),
        required: z.boolean().default(false),
        default: z.string().max(1000).optional(),
      }),
    )
    .max(20)
    .default([]),
  suggested_by: z
    .array(z.strictObject({ finding: z.string().min(1).max(64), inputs: z.record(z.string(), z.string()).default({}) }))
    .max(20)
    .default([]),
  steps: z.array(teamStep).min(1).max(40),
});
export type TeamBook = z.output<typeof teamBook>;
