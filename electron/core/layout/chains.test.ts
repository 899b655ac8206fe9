import fc from "fast-check";
import { expect, it } from "vitest";
import { bigNode, NODE_SIZES } from "../../../test/support/big-node.ts";
import { tailCalls } from "./chains.ts";
import { placeLayers } from "./layers.ts";

const { programs } = bigNode(NODE_SIZES.small);
const ids = programs.map((program) => program.id);
const calls = fc.array(
  fc.record({ from: fc.constantFrom(...ids), to: fc.constantFrom(...ids), map_id: fc.constant(1), index: fc.nat(9) }),
  { maxLength: 120 },
);

it("counts what a plain walk along the calls finds, whatever circles there are", () => {
  fc.assert(
    fc.property(calls, (list) => {
      const tails = tailCalls(programs, list);
      for (const id of ids) {
        const reached = new Set<number>();
        const open = [id];
        for (let at = open.pop(); at !== undefined; at = open.pop())
          for (const call of list)
            if (call.from === at && !reached.has(call.to)) {
              reached.add(call.to);
              open.push(call.to);
            }
        expect(tails.reachesAny(id, new Set(programs.filter((p) => reached.has(p.id)).map((p) => p.key)))).toBe(
          reached.size > 0,
        );
        reached.delete(id);
        expect(tails.count(id)).toBe(reached.size);
      }
    }),
    { numRuns: 60 },
  );
});

it("ignores calls from and to programs that are not there", () => {
  const tails = tailCalls(programs, [{ from: 1, to: 2, map_id: 1, index: 0 }]);
  expect([tails.count(1), tails.from(1)]).toEqual([0, []]);
});

it("sets a box level with the only box it is called from, and never one over another", () => {
  const nodes = [0, 1, 2, 3, 4].map((id) => ({ id, layer: id < 3 ? 0 : 1, height: 40 }));
  const tops = placeLayers(
    nodes,
    [
      [0, 4],
      [2, 3],
    ],
    10,
  );
  expect([...tops.entries()].sort(([a], [b]) => a - b)).toEqual([
    [0, 0],
    [1, 50],
    [2, 100],
    [3, 100],
    [4, 0],
  ]);
});
