import { expect, it } from "vitest";
import type { BookInput } from "../../../electron/core/runbook/types.ts";
import { firstInputs, inputProblems, ofOneNode, paramOf, startInputs } from "./form.ts";

const input = (name: string, type: BookInput["type"], more: Partial<BookInput> = {}): BookInput => ({
  name,
  title: name,
  description: "",
  type,
  required: false,
  ...more,
});
const inputs = [
  input("interface", "interface"),
  input("for", "seconds", { required: true, default: "10" }),
  input("ratio", "number"),
  input("note", "text"),
];

it("begins with what was given, then with what the book says", () => {
  expect(firstInputs(inputs, { interface: "lxc1", gone: "x" })).toEqual({
    interface: "lxc1",
    for: "10",
    ratio: "",
    note: "",
  });
});

it("names what would be refused", () => {
  expect(inputProblems(inputs, { interface: "two words", for: "", ratio: "much", note: "a b" })).toEqual({
    interface: "One name, without spaces.",
    for: "This is needed.",
    ratio: "A number.",
  });
  for (const wrong of ["0", "-1", "1.5", "86401", "soon", "1e3"]) {
    expect(inputProblems(inputs, { for: wrong })).toHaveProperty("for");
  }
  expect(inputProblems(inputs, { for: " 86400 ", ratio: "0.02" })).toEqual({});
});

it("asks for what was filled in only, without spaces around it", () => {
  expect(startInputs(inputs, { interface: " lxc1 ", for: "5", ratio: "  ", other: "x" })).toEqual({
    interface: "lxc1",
    for: "5",
  });
});

it("offers values of the picture for interfaces, pods and addresses", () => {
  expect(inputs.map((one) => paramOf(one).suggests)).toEqual(["ifname", undefined, undefined, undefined]);
  expect([paramOf(input("p", "pod")).suggests, paramOf(input("d", "address")).suggests]).toEqual(["pod", "ip"]);
});

it("knows that an interface's name means something on one node only", () => {
  expect(ofOneNode(inputs, { interface: "lxc1", for: "5" }).map(({ name }) => name)).toEqual(["interface"]);
  expect(ofOneNode(inputs, { interface: " " })).toEqual([]);
});
