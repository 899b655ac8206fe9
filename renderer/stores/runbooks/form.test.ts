import { expect, it } from "vitest";
import { checkInputs } from "../../../electron/core/runbook/inputs.ts";
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
  input("name", "name", { required: true }),
];

it("begins with what was given, then with what the book says", () => {
  expect(firstInputs(inputs, { interface: "lxc1", gone: "x" })).toEqual({
    interface: "lxc1",
    for: "10",
    ratio: "",
    note: "",
    name: "",
  });
});

it("names what would be refused", () => {
  expect(inputProblems(inputs, { interface: "two words", for: "", name: "", ratio: "much", note: "a b" })).toEqual({
    interface: "One interface's name, at most 15 characters.",
    name: "This is needed.",
    ratio: "A number.",
  });
});

it("takes what the host takes, and names what it would refuse", () => {
  const tried: Record<BookInput["type"], string[]> = {
    interface: ["lxc1", "eth0.12", "a".repeat(15), "a".repeat(16), "a b", "a/b"],
    pod: ["shop/web-1", "web 1"],
    address: ["10.0.0.1", "10.0.0.1:53", "fd00::1", "[fd00::1]:53", "10.0.0.0/8", "here", "10.0.0.1; reboot"],
    name: ["example.org.", "_x"],
    seconds: ["1", "3600", " 10 ", "0", "-1", "1.5", "3601", "soon", "1e3"],
    number: ["0", "-1.5", "0.02", "1e3", "much", "0x10", "Infinity"],
    text: ["any thing"],
  };
  for (const [type, values] of Object.entries(tried)) {
    const one = input("x", type as BookInput["type"], { required: true });
    for (const value of values) {
      const refused = (() => {
        try {
          checkInputs({ id: "book", inputs: [one] }, startInputs([one], { x: value }));
          return false;
        } catch {
          return true;
        }
      })();
      expect({ type, value, named: inputProblems([one], { x: value }).x !== undefined }).toEqual({
        type,
        value,
        named: refused,
      });
    }
  }
});

it("asks for what was filled in only, without spaces around it", () => {
  expect(startInputs(inputs, { interface: " lxc1 ", for: "5", ratio: "  ", other: "x" })).toEqual({
    interface: "lxc1",
    for: "5",
  });
});

it("offers values of the picture for interfaces, pods and addresses", () => {
  expect(inputs.map((one) => paramOf(one).suggests)).toEqual(["ifname", undefined, undefined, undefined, undefined]);
  expect([paramOf(input("p", "pod")).suggests, paramOf(input("d", "address")).suggests]).toEqual(["pod", "ip"]);
});

it("knows that an interface's name means something on one node only", () => {
  expect(ofOneNode(inputs, { interface: "lxc1", for: "5" }).map(({ name }) => name)).toEqual(["interface"]);
  expect(ofOneNode(inputs, { interface: " " })).toEqual([]);
});
