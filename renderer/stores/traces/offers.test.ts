import { expect, it } from "vitest";
import { type TracerManifest, tracerManifest } from "../../../electron/core/trace/manifest.ts";
import { bigNode, NODE_SIZES } from "../../../test/support/big-node.ts";
import { indexOf, type Thing } from "../datapath-index.ts";
import { offersFor } from "./offers.ts";

const index = indexOf(bigNode(NODE_SIZES.small));

const param = (name: string, type: string, more: object) => ({ name, title: name, description: name, type, ...more });
const tracer = (name: string, params: object[]): TracerManifest =>
  tracerManifest.parse({
    name,
    title: name,
    question: "?",
    summary: "s",
    cost: "low",
    cost_note: "c",
    needs: [],
    variants: [{ id: "one", title: "One", needs: [], proves: "p" }],
    kernels_tried: [],
    params,
    records: {},
  });
const tracers = [
  tracer("verdict", [
    param("ifname", "text", { suggests: "ifname" }),
    param("direction", "enum", { values: ["ingress", "egress", "xdp"] }),
    param("prog_ids", "list", { suggests: "prog_id" }),
  ]),
  tracer("dns", [param("name", "text", {})]),
];
const paramsOf = (thing: Thing) => offersFor(thing, index, tracers).map(({ tracer, params }) => [tracer.name, params]);

function find(wanted: (thing: Thing) => boolean): Thing {
  const found = [...index.things.values()].find(wanted);
  if (!found) throw new Error("the node has no such thing");
  return found;
}

it("fills in interface and direction for an attachment of the node's own namespace", () => {
  const thing = find((one) => one.kind === "entry" && one.iface.host_netns && one.hook.hook === "tc_egress");
  const name = thing.kind === "entry" ? thing.iface.name : "";
  expect(paramsOf(thing)).toEqual([["verdict", { ifname: name, direction: "egress" }]]);
});

it("fills in the programs of the hook where the interface's name means nothing to the tracer", () => {
  const thing = find((one) => one.kind === "entry" && !one.iface.host_netns);
  const ids = thing.kind === "entry" ? thing.hook.entries.map(({ prog_id }) => prog_id).join(",") : "";
  expect(paramsOf(thing)).toEqual([["verdict", { prog_ids: ids }]]);
});

it("fills in interface and namespace where the tracer can be told which", () => {
  const thing = find((one) => one.kind === "entry" && !one.iface.host_netns);
  const taking = [
    tracer("flows", [param("ifname", "text", { suggests: "ifname" }), param("netns", "text", { suggests: "netns" })]),
  ];
  const iface = thing.kind === "entry" ? thing.iface : null;
  expect(offersFor(thing, index, taking)[0]?.params).toEqual({ ifname: iface?.name, netns: iface?.netns });
});

it("fills in an attached program by its id, and offers nothing for one that is not attached", () => {
  const attached = find((one) => one.kind === "program" && one.value.attached.length > 0);
  const id = attached.kind === "program" ? String(attached.value.id) : "";
  expect(paramsOf(attached)).toEqual([["verdict", { prog_ids: id }]]);
  expect(paramsOf(find((one) => one.kind === "program" && one.value.attached.length === 0))).toEqual([]);
});

it("offers nothing where no tracer takes what the thing is", () => {
  expect(paramsOf(find((one) => one.kind === "map"))).toEqual([]);
});
