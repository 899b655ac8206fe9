/**
 * What a file of `resources/collect` holds: one question to a node, why it is asked, and its limits.
 *
 * Shape only. Reading files is the host's (`host/collect/sections.ts`), making a script of sections is
 * `compose.ts`.
 */
import { z } from "zod";

const place = z.enum(["node", "netns"]);

/** Schema of a section file; unknown keys are refused, so that a misspelt limit cannot pass. */
export const sectionSchema = z.strictObject({
  /** `<group>.<name>`; also the name of the file. */
  id: z.string().regex(/^[a-z0-9]+\.[a-z0-9_]+$/),
  title: z.string().min(1),
  /** One sentence: what would not be known without it. */
  why: z.string().min(1),
  /** Where it runs: once on the node, once in every other network namespace, or both. */
  scope: z
    .union([place, z.array(place).min(1)])
    .transform((scope): ("node" | "netns")[] => [...new Set(Array.isArray(scope) ? scope : [scope])]),
  /** 1: always. 2: asked afterwards, with ids that only the first stage can name. 3: only when a runbook names it. */
  stage: z.union([z.literal(1), z.literal(2), z.literal(3)]).default(1),
  order: z.int().min(0),
  needs_root: z.boolean(),
  /** The only program in it that needs root: where sudo allows just that one, nothing is missing. */
  root_tool: z
    .string()
    .regex(/^[a-z]+$/)
    .optional(),
  /** What is not seen without root; printed as the section's stderr then. */
  without_root: z.string().min(1).optional(),
  timeout_s: z.int().min(1).max(120),
  max_bytes: z
    .int()
    .min(1)
    .max(128 * 1024 * 1024),
  /**
   * Its output is empty unless the output of that section, in the same place, holds one of these words. Lets a
   * namespace be read without it; where it runs all the same, its command comes to the same result.
   */
  empty_unless: z
    .strictObject({ section: z.string().min(1), words: z.array(z.string().regex(/^[a-z0-9_]+$/)).min(1) })
    .optional(),
  /** Shell text for dash, bash and busybox ash. `$BPFTOOL` is the bpftool to use. */
  command: z.string().min(1),
});

/** A section as the rest of the program knows it. */
export type Section = z.output<typeof sectionSchema>;
