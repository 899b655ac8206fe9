/** Every runbook that ships: whole, and naming only what there is. */
import { readdirSync } from "node:fs";
import { basename, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { allRules } from "../../electron/core/findings/run.ts";
import { shippedBooks } from "../../electron/core/runbook/books.ts";
import { checkInputs } from "../../electron/core/runbook/inputs.ts";
import type { RunState } from "../../electron/core/runbook/types.ts";

const root = resolve(import.meta.dirname, "../..");
const sections = new Set(readdirSync(resolve(root, "resources/collect")).map((file) => basename(file, ".yaml")));
const findings = new Set(allRules().map(({ id }) => id));
const tracers = new Set(
  readdirSync(resolve(root, "bpf/tracers"), { withFileTypes: true }).flatMap((one) =>
    one.isDirectory() ? one.name : [],
  ),
);

it("is found by listing the folder", () => {
  const folders = readdirSync(resolve(root, "electron/core/runbook/books"), { withFileTypes: true });
  expect(shippedBooks().map(({ id }) => id)).toEqual(
    folders.flatMap((one) => (one.isDirectory() ? one.name : [])).sort(),
  );
});

describe.each(shippedBooks().map((book) => [book.id, book] as const))("%s", (id, book) => {
  it("says what it is for and what it costs, and its steps can be told apart", () => {
    for (const text of [book.title, book.symptom, book.when_to_use, book.runs]) expect(text).not.toBe("");
    const ids = book.steps.map((step) => step.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const step of book.steps) expect([step.title, step.text]).not.toContain("");
    const names = book.inputs.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  it("has defaults that it would take, and is suggested by findings that there are, with inputs it has", () => {
    const defaults = Object.fromEntries(book.inputs.map(({ name, default: value = "" }) => [name, value]));
    const optional = book.inputs.map((input) => ({ ...input, required: false }));
    expect(() => checkInputs({ id, inputs: optional }, defaults)).not.toThrow();
    const names = new Set(book.inputs.map(({ name }) => name));
    for (const { finding, inputs = {} } of book.suggested_by ?? []) {
      expect(findings).toContain(finding);
      for (const name of Object.keys(inputs)) expect(names).toContain(name);
    }
  });

  it("does without anything it would have gathered: no step fails, and nothing is confirmed", () => {
    const inputs = checkInputs(
      { id, inputs: book.inputs.map((input) => ({ ...input, required: false })) },
      Object.fromEntries(book.inputs.map(({ name, default: value = "" }) => [name, value])),
    );
    const state: RunState = {
      ...{ node: { name: "n1", label: "node-1", root: false }, started_at: 0, inputs, datapath: null, previous: null },
      ...{ collect_command_id: null, traces: {}, readings: {}, answers: {}, changes: [], verdicts: [] },
      left_out: Object.fromEntries(book.steps.map((step) => [step.id, "It could not be done."])),
    };
    for (const step of book.steps) {
      const when = step.when?.(state) ?? true;
      if (step.kind === "collect") for (const name of step.sections ?? []) expect(sections).toContain(name);
      if (step.kind === "measure" || step.kind === "verify") {
        if (when !== true) continue;
        const plan = step.plan(state);
        for (const name of plan.sections) expect(sections).toContain(name);
        for (const { tracer } of plan.traces) expect(tracers).toContain(tracer);
      }
      const verdicts =
        step.kind === "examine" ? step.examine(state) : step.kind === "propose" ? step.propose(state) : [];
      expect(verdicts.filter(({ verdict }) => verdict === "confirmed")).toEqual([]);
    }
  });
});
