import { expect, it } from "vitest";
import { bigNode, NODE_SIZES } from "../../../test/support/big-node.ts";
import type { HookEntry, HookName, Program } from "../model/types.ts";
import { verdictWords } from "./verdicts.ts";

const datapath = bigNode(NODE_SIZES.small);
const chains = datapath.interfaces.flatMap((iface) => iface.hooks);
const program = datapath.programs[0] as Program;

function entry(mechanism: HookEntry["mechanism"], last: boolean): HookEntry {
  const found = chains
    .flatMap((hook) => hook.entries)
    .find(
      (candidate) =>
        candidate.mechanism === mechanism && last === candidate.verdicts.every((step) => step.next === null),
    );
  if (!found) throw new Error(`the node has no such ${mechanism} entry`);
  return found;
}

const words = (of: HookEntry, values: number[] | null, hook: HookName = "tc_ingress") => {
  const {
    details: _,
    known: __,
    ...rest
  } = verdictWords(of, { ...program, returns: values === null ? null : { values, complete: true } }, hook);
  return rest;
};

it("names the way on, the way out and the drop of a clsact filter nothing is known about", () => {
  expect(words(entry("clsact", false), null)).toEqual({
    next: "UNSPEC",
    line: "OK → stack · SHOT → drop",
    exit: "stack",
    pass: "OK",
  });
});

it("says that a packet which passes egress goes to the device", () => {
  expect(words(entry("tcx", true), null, "tc_egress")).toEqual({
    next: "",
    line: "PASS → device · DROP → drop",
    exit: "device",
    pass: "PASS",
  });
});

it("says that a packet which passes a netkit pair goes to the pod, or from it to the node", () => {
  expect(words(entry("tcx", true), null, "netkit_primary").exit).toBe("peer");
  expect(words(entry("tcx", true), null, "netkit_peer").exit).toBe("stack");
});

it("leaves out what a program that was read completely cannot return", () => {
  expect(words(entry("clsact", false), [0, 7])).toEqual({
    next: "",
    line: "OK → stack · REDIRECT → redirect",
    exit: "stack",
    pass: "OK",
  });
  expect(words(entry("clsact", false), [-1, 2])).toEqual({ next: "UNSPEC", line: "SHOT → drop", exit: "", pass: "" });
});

it("names a verdict that only means the same as another when the program returns it", () => {
  expect(words(entry("clsact", false), [3, -1, 2]).next).toBe("UNSPEC, PIPE");
});

it("treats a go-on with nothing behind it as passing", () => {
  expect(words(entry("xdp", true), [2], "xdp")).toEqual({
    next: "",
    line: "PASS → stack",
    exit: "stack",
    pass: "PASS",
  });
});
