/**
 * Incidents as data: `incidents/<runbook>/<name>.yaml`, found by listing: what is the matter with a node, and what the
 * runbook must say of it, and must not. What the members mean: docs/lab.md.
 */
import * as path from "node:path";
import { z } from "zod";
import { expectation, scene } from "./cases.ts";
import { parseYaml, readFolder } from "./read-yaml.ts";

const ofVerdicts = z.preprocess(
  (value) => (typeof value === "object" && value !== null ? { record: "verdict", ...value } : value),
  expectation,
);

const incidentFile = scene.extend({
  /** Where it is tried unless it is tried everywhere. */
  kernels: z.array(z.enum(["5.10", "6.1", "6.12", "newest"])).min(1),
  /** Of the runbook. */
  inputs: z.record(z.string(), z.union([z.string(), z.number()])).default({}),
  /** The kinds of verdict that are confirmed: each of them, and no other. */
  confirmed: z.array(z.string()),
  /** Of the verdicts. */
  expect: z.array(ofVerdicts).min(1),
  /** What is proposed is approved, verified by the same runbook, and taken back. */
  remedy: z
    .strictObject({
      /** Of the verdict whose proposal is taken; there is one. */
      kind: z.string(),
      /** The word that approves it. */
      typed: z.string(),
      /** Shell: what it prints is the same before and after. */
      same: z.string(),
    })
    .optional(),
});
export type Remedy = NonNullable<z.infer<typeof incidentFile>["remedy"]>;

export interface Incident extends z.infer<typeof incidentFile> {
  /** `<runbook>/<name>`. */
  id: string;
  runbook: string;
  file: string;
}

const INCIDENTS = path.resolve(import.meta.dirname, "../incidents");

/** Reads one file. Throws an error with `file:line: where: what`. */
export function parseIncident(text: string, file: string): Incident {
  const id = path.join(path.basename(path.dirname(file)), path.basename(file, ".yaml"));
  return { ...parseYaml(incidentFile, text, file), id, runbook: path.dirname(id), file };
}

/** All incidents, by runbook and name. */
export function readIncidents(): Incident[] {
  return readFolder(INCIDENTS, parseIncident);
}
