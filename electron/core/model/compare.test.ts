import { expect, it } from "vitest";
import { compare } from "./compare.ts";
import { aDatapath, aHook, anEntry, anIface, aPod, aProgram } from "./testdata/make.ts";
import type { Datapath } from "./types.ts";

const EGRESS = "egress (out → pod)";

function node(change: (datapath: Datapath) => void = () => {}): Datapath {
  const datapath = aDatapath({
    programs: [aProgram(1, { name: "cil_to_container", run_cnt: "10", run_time_ns: "99" })],
    pods: [aPod("u1")],
    interfaces: [anIface(7, "lxc1", { hooks: [aHook("tc_egress", EGRESS, [anEntry("e1", { prog_id: 1 })])] })],
  });
  change(datapath);
  return datapath;
}

it("finds nothing between two looks at an unchanged node, whatever its counters did", () => {
  const later = node((datapath) => {
    datapath.programs = [aProgram(1, { name: "cil_to_container", run_cnt: "5000", run_time_ns: "777" })];
    const [hook] = datapath.interfaces[0]?.hooks ?? [];
    if (hook?.qdisc) hook.qdisc = { ...hook.qdisc, drops: 12, packets: 5000 };
  });
  expect(compare(node(), later)).toEqual({ came: [], went: [], changed: [] });
});

it("names what came, what went, and which fields changed", () => {
  const later = node((datapath) => {
    datapath.programs.push(aProgram(2, { name: "old" }));
    datapath.pods = [];
    datapath.interfaces = [
      anIface(7, "lxc1", {
        mtu: 9000,
        hooks: [
          aHook("tc_egress", EGRESS, [
            anEntry("e2", { prog_id: 2, handle: "0x2" }),
            anEntry("e1", { prog_id: 1, order: 2 }),
          ]),
        ],
      }),
    ];
  });
  expect(compare(node(), later)).toEqual({
    came: [
      { key: "prog:2", what: "program", name: "old (id 2)", fields: [] },
      { key: "e2", what: "entry", name: "lxc1 egress (out → pod): pref 1 handle 0x2: old (id 2)", fields: [] },
    ],
    went: [{ key: "pod:u1", what: "pod", name: "default/u1", fields: [] }],
    changed: [
      {
        key: "if:4026531840:7",
        what: "interface",
        name: "lxc1",
        fields: [{ field: "mtu", before: "1500", after: "9000" }],
      },
      {
        key: "e1",
        what: "entry",
        name: "lxc1 egress (out → pod): pref 1 handle 0x1: cil_to_container (id 1)",
        fields: [{ field: "order", before: "1", after: "2" }],
      },
    ],
  });
});
