/** Whatever a node answers, a picture comes out: no exception, and every key in it belongs to something. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { readFacts } from "../facts/facts.ts";
import { examine } from "../findings/run.ts";
import { toTopology } from "../topology/topology.ts";
import { buildDatapath } from "./build.ts";
import { compare } from "./compare.ts";
import { followUpPrograms } from "./follow-up.ts";
import { collected, smallNode } from "./testdata/collected.ts";

const good = collected(smallNode());

/** Cuts, repeats or replaces a piece of one section's text. */
const damage = fc.record({
  at: fc.nat({ max: good.sections.length - 1 }),
  from: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.nat({ max: 40 }),
  text: fc.oneof(
    fc.constantFrom("", "null", "0", "-1", "99999999999999999999", "{}", "[]", '"x"', "\n", "1e999"),
    fc.string({ maxLength: 8 }),
  ),
});

it("makes a picture of any answer", () => {
  fc.assert(
    fc.property(fc.array(damage, { minLength: 1, maxLength: 6 }), (damages) => {
      const sections = good.sections.map((one) => ({ ...one }));
      for (const { at, from, length, text } of damages) {
        const section = sections[at];
        if (section === undefined) continue;
        const start = Math.floor(from * section.stdout.length);
        section.stdout = section.stdout.slice(0, start) + text + section.stdout.slice(start + length);
      }
      const datapath = buildDatapath(readFacts({ ...good, sections }));
      examine(datapath);
      toTopology(datapath);
      followUpPrograms(datapath);
      const same = compare(datapath, datapath);
      expect(same).toEqual({ came: [], went: [], changed: [] });
      const entries = datapath.interfaces.flatMap((one) => one.hooks.flatMap((hook) => hook.entries));
      const keys = new Set(entries.map((one) => one.key));
      const next = entries.flatMap((one) => one.verdicts.flatMap((step) => step.next ?? []));
      expect(next.filter((key) => !keys.has(key))).toEqual([]);
    }),
    { numRuns: 400, seed: 20_261_121 },
  );
});
