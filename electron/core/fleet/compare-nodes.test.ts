import { describe, expect, it } from "vitest";
import { aDatapath, aHook, aNode, anEntry, anIface, aPod, aProgram } from "../model/testdata/make.ts";
import type { BpfMap, Datapath } from "../model/types.ts";
import { compareNodes, type NodeComparison } from "./compare-nodes.ts";

const EGRESS = "egress (out → pod)";
const INGRESS = "ingress (out → host)";

/** A node with an uplink and as many pods as asked for, with ids and names of its own. */
function node(own: number, pods = 2, change: (datapath: Datapath) => void = () => {}): Datapath {
  const id = (place: number) => own * 100 + place;
  const datapath = aDatapath({
    node: aNode({ hostname: `node-${own}` }),
    programs: [
      aProgram(id(0), { name: "cil_from_netdev", tag: "aa00" }),
      ...Array.from({ length: pods }, (_, pod) => aProgram(id(pod + 1), { name: "cil_to_container", tag: "bb00" })),
    ],
    maps: [
      aMap(id(50), "cilium_ct4_glob", 512),
      ...Array.from({ length: pods }, (_, pod) => aMap(id(pod + 51), `cilium_calls_0${id(pod)}`, 50)),
    ],
    pods: Array.from({ length: pods }, (_, pod) => aPod(`u${id(pod)}`)),
    interfaces: [
      anIface(2, "eth0", {
        kind: "ether",
        driver: "virtio_net",
        hooks: [aHook("tc_ingress", INGRESS, [anEntry("e0", { prog_id: id(0), link_id: own })])],
      }),
      ...Array.from({ length: pods }, (_, pod) =>
        anIface(10 + pod, `lxc${id(pod)}`, {
          pod: `pod:u${id(pod)}`,
          pod_host_end: true,
          hooks: [aHook("tc_egress", EGRESS, [anEntry(`p${pod}`, { prog_id: id(pod + 1), handle: `0x${own}` })])],
        }),
      ),
    ],
  });
  change(datapath);
  return datapath;
}

function aMap(id: number, name: string, max_entries: number): BpfMap {
  return {
    key: `map:${id}`,
    id,
    type: "hash",
    name,
    flags: 1,
    bytes_key: 4,
    bytes_value: 8,
    max_entries,
    bytes_memlock: null,
    frozen: false,
    btf_id: null,
    pinned: [],
    pids: [],
    owner: null,
    used_by: [],
    origin: { section: "test", scope: "node", raw: null },
  };
}

/** Everything that is not the same, by part, as text. */
function differences({ parts }: NodeComparison): string[] {
  return parts.flatMap(({ id, rows }) =>
    rows
      .filter(({ state }) => state !== "same")
      .map(({ name, state, left, right }) => `${id}: ${name} ${state}: ${left?.value ?? "-"} | ${right?.value ?? "-"}`),
  );
}

describe("two nodes side by side", () => {
  it("are the same when only ids, names of pods' interfaces and the number of pods differ", () => {
    const compared = compareNodes(node(1, 2), node(2, 5));
    expect([compared.differs, differences(compared)]).toEqual([false, []]);
    const pods = compared.parts.find(({ id }) => id === "attachments")?.rows.at(-1);
    expect(pods).toEqual({
      name: `pod interfaces ${EGRESS}`,
      state: "same",
      left: { value: "1. clsact pref 1 cil_to_container", count: 2, where: ["lxc100", "lxc101"] },
      right: {
        value: "1. clsact pref 1 cil_to_container",
        count: 5,
        where: ["lxc200", "lxc201", "lxc202", "lxc203", "lxc204"],
      },
    });
  });

  it("differ by a stale filter on one pod, and by the code it brought, and by nothing else", () => {
    const stale = node(1, 3, ({ interfaces, programs }) => {
      programs.push(aProgram(199, { name: "cil_to_container", tag: "01d0" }));
      const hook = interfaces[2]?.hooks[0];
      if (hook) {
        const [own] = hook.entries;
        hook.entries = [anEntry("old", { prog_id: 199, pref: 1 }), { ...(own ?? anEntry("own")), order: 2, pref: 2 }];
      }
    });
    expect(differences(compareNodes(stale, node(2)))).toEqual([
      `attachments: pod interfaces ${EGRESS} only_left: 1. clsact pref 1 cil_to_container, 2. clsact pref 2 cil_to_container | -`,
      "programs: sched_cls cil_to_container only_left: 01d0 | -",
    ]);
    expect(differences(compareNodes(node(2), stale)).every((line) => line.includes(" only_right: -"))).toBe(true);
  });

  it("differ by what is missing on one pod among others", () => {
    const bare = node(1, 3, ({ interfaces }) => {
      if (interfaces[1]) interfaces[1].hooks = [];
    });
    expect(differences(compareNodes(bare, node(2)))).toEqual([
      `attachments: pod interfaces ${EGRESS} only_left: no programs | -`,
    ]);
  });

  it("differ by versions, settings, MTU, code on a named interface and sizes of maps, each with both values", () => {
    const other = node(2, 2, (datapath) => {
      Object.assign(datapath.node, { kernel: "6.12.1", bpf_stats_enabled: true, os: "Other" });
      datapath.programs[0] = aProgram(200, { name: "cil_from_netdev", tag: "aa01" });
      datapath.maps[0] = aMap(250, "cilium_ct4_glob", 1024);
      if (datapath.interfaces[0]) datapath.interfaces[0].mtu = 9000;
    });
    const before = node(1, 2, (datapath) => Object.assign(datapath.node, { bpf_stats_enabled: false }));
    expect(differences(compareNodes(before, other))).toEqual([
      "versions: kernel different: 6.18.0 | 6.12.1",
      "versions: os different: Debian GNU/Linux 12 (bookworm) | Other",
      "settings: kernel.bpf_stats_enabled different: no | yes",
      "interfaces: eth0 different: ether, virtio_net, mtu 1500, up | ether, virtio_net, mtu 9000, up",
      "programs: sched_cls cil_from_netdev different: aa00 | aa01",
      "maps: cilium_ct4_glob different: hash, 512 entries of 4 + 8 bytes, flags 0x1 | hash, 1024 entries of 4 + 8 bytes, flags 0x1",
    ]);
  });

  it("are told apart by trouble counters only where one of them has none", () => {
    const counted = (value: string) => (datapath: Datapath) => {
      datapath.node.counters = [
        { group: "softnet cpu0", name: "dropped", value: "0" },
        { group: "softnet cpu1", name: "dropped", value },
        { group: "Ip", name: "InReceives", value },
      ];
    };
    expect(differences(compareNodes(node(1, 2, counted("3")), node(2, 2, counted("900"))))).toEqual([]);
    expect(differences(compareNodes(node(1, 2, counted("3")), node(2, 2, counted("0"))))).toEqual([
      "counters: softnet dropped different: more than 0 | 0",
    ]);
  });

  it("says which parts one of them could not be seen whole in", () => {
    const blind = node(1, 2, (datapath) => {
      datapath.programs = [];
      const state = { scope: "node", exit: 1, ms: 1, bytes: 0, truncated: false, warnings: [] };
      datapath.sections = [
        { ...state, section: "bpf.prog", ok: false },
        { ...state, section: "bpf.map", ok: true },
      ];
    });
    const { parts } = compareNodes(blind, node(2));
    expect(parts.filter(({ unread }) => unread.left.length > 0).map(({ id, unread }) => [id, unread])).toEqual(
      ["attachments", "cgroups", "tracing", "programs"].map((id) => [id, { left: ["bpf.prog"], right: [] }]),
    );
  });

  it("come out the same whatever order the tools listed things in", () => {
    const turned = (datapath: Datapath): Datapath => ({
      ...datapath,
      programs: datapath.programs.toReversed(),
      maps: datapath.maps.toReversed(),
      interfaces: datapath.interfaces.toReversed(),
    });
    expect(differences(compareNodes(turned(node(1)), node(2)))).toEqual(differences(compareNodes(node(1), node(2))));
    const rows = (comparison: NodeComparison) => comparison.parts.map(({ rows }) => rows.map(({ name }) => name));
    expect(rows(compareNodes(turned(node(1)), node(2)))).toEqual(rows(compareNodes(node(1), node(2))));
  });
});
