import { expect, it } from "vitest";
import { bigNode, NODE_SIZES } from "../../../test/support/big-node.ts";
import { indexOf } from "../datapath-index.ts";
import { addToList, fitting, suggestionsFor } from "./suggestions.ts";

const datapath = bigNode(NODE_SIZES.small);
const index = indexOf(datapath);

it("offers interfaces of the node's own namespace, with pod and direction in words", () => {
  const offered = suggestionsFor("ifname", index);
  const own = datapath.interfaces.filter((iface) => iface.host_netns).map(({ name }) => name);
  expect(offered.map(({ value }) => value).sort()).toEqual([...new Set(own)].sort());
  expect(offered.find(({ value }) => value.startsWith("lxc"))?.text).toMatch(
    /^veth, pod \S+\/\S+, ingress \(pod → out\)/,
  );
});

it("offers programs by id with name and place, attached ones first", () => {
  const offered = suggestionsFor("prog_id", index);
  const attached = datapath.programs.filter((program) => program.attached.length > 0).map(({ id }) => String(id));
  expect(
    offered
      .slice(0, attached.length)
      .map(({ value }) => value)
      .sort(),
  ).toEqual(attached.sort());
  expect(offered.find(({ text }) => text.startsWith("cil_from_container"))?.text).toContain("sched_cls, lxc");
});

it("offers each value once", () => {
  for (const kind of ["ifname", "prog_id", "map_id", "pid", "netns", "pod", "ip"] as const) {
    const values = suggestionsFor(kind, index).map(({ value }) => value);
    expect({ kind, twice: values.length - new Set(values).size }).toEqual({ kind, twice: 0 });
  }
});

const some = [
  { value: "102", text: "cil_from_container" },
  { value: "105", text: "stale_filter" },
];

it("finds a value by what it is, and in a list by the word that was begun", () => {
  expect(fitting(some, "stale", false).map(({ value }) => value)).toEqual(["105"]);
  expect(fitting(some, "102, st", true).map(({ value }) => value)).toEqual(["105"]);
  expect(fitting(some, "102, ", true).map(({ value }) => value)).toEqual(["105"]);
});

it("puts a chosen value in the place of the word that was begun", () => {
  expect(addToList("102, st", "105")).toBe("102, 105");
  expect(addToList("", "105")).toBe("105");
});
