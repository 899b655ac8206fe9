import { describe, expect, it } from "vitest";
import { readFacts } from "../facts/facts.ts";
import { buildDatapath } from "../model/build.ts";
import { collected, smallNode } from "../model/testdata/collected.ts";
import { aDatapath, aHook, aNode, anEntry, anIface, aPod, aProgram } from "../model/testdata/make.ts";
import dumps from "../model/testdata/returns.json";
import type { BpfMount, Datapath, HookEntry, Iface, Owner, Program } from "../model/types.ts";
import { allRules, examine } from "./run.ts";

const OUT = "egress (out → pod)";
const IN = "ingress (pod → out)";

/** Findings in short: severity, rule, subject. */
const short = (datapath: Datapath): string[] =>
  examine(datapath).map(({ severity, id, subject_name }) => `${severity} ${id}: ${subject_name}`);

const owner = (family: string): Owner => ({
  family,
  process: null,
  pod: null,
  container_id: null,
  image: null,
  evidence: ["pinned at /sys/fs/bpf/x"],
});

/** A pod's host end with these entries on its egress, and one healthy program on its ingress. */
function podIface(entries: HookEntry[], change: Partial<Iface> = {}): Iface {
  const ingress = aHook("tc_ingress", IN, [anEntry("in", { prog_id: 100 })]);
  return anIface(7, "lxc1", { pod_host_end: true, hooks: [ingress, aHook("tc_egress", OUT, entries)], ...change });
}

function withPrograms(interfaces: Iface[], programs: Program[]): Datapath {
  return aDatapath({ interfaces, programs: [aProgram(100, { name: "cil_from_container" }), ...programs] });
}

const NEVER = { value: "no", reason: "pref 1 handle 0x1: a (id 1) always ends the chain" } as const;
const MAYBE = { value: "cannot_tell", reason: "its code was not read" } as const;
const first = (prog_id: number) => anEntry("first", { prog_id });
const second = (prog_id: number, change: Partial<HookEntry> = {}) =>
  anEntry("second", { prog_id, pref: 2, order: 2, reachable: MAYBE, ...change });

it("finds nothing on a healthy node, also with XDP and tc on one interface", () => {
  const eth0 = anIface(2, "eth0", {
    kind: "ether",
    driver: "virtio_net",
    hooks: [
      aHook("xdp", "xdp ingress (out → host)", [anEntry("x", { mechanism: "xdp", mode: "native", prog_id: 1 })]),
      aHook("tc_ingress", "ingress (out → host)", [anEntry("i", { prog_id: 2 })]),
    ],
  });
  const programs = [aProgram(1, { name: "entry", type: "xdp" }), aProgram(2, { name: "entry" }), aProgram(3)];
  expect(short(withPrograms([eth0, podIface([first(3)])], programs))).toEqual([]);
});

describe("several programs on one direction", () => {
  it.each<[string, Program[], HookEntry[], Partial<Iface>, string[]]>([
    [
      "of one name are a duplicate",
      [aProgram(1, { name: "cil_to_container" }), aProgram(2, { name: "cil_to_container" })],
      [first(1), second(2)],
      {},
      [`warning duplicate-name: lxc1 ${OUT}`],
    ],
    [
      "of one name stay a duplicate when the second never runs",
      [aProgram(1, { name: "cil_to_container" }), aProgram(2, { name: "cil_to_container" })],
      [first(1), second(2, { reachable: NEVER })],
      {},
      [`warning duplicate-name: lxc1 ${OUT}`],
    ],
    [
      "are a duplicate when they are the same program twice, without a name",
      [aProgram(1)],
      [first(1), second(1)],
      {},
      [`warning duplicate-name: lxc1 ${OUT}`],
    ],
    [
      "of which the second never runs are a dead filter",
      [aProgram(1, { name: "a" }), aProgram(2, { name: "b" })],
      [first(1), second(2, { reachable: NEVER })],
      {},
      [`warning filter-never-runs: lxc1 ${OUT}`],
    ],
    [
      "are worse when a stranger keeps the policy from running",
      [aProgram(1, { name: "a" }), aProgram(2, { name: "b", owner: owner("cilium") })],
      [first(1), second(2, { reachable: NEVER })],
      {},
      [`critical filter-never-runs: lxc1 ${OUT}`],
    ],
    [
      "that may all run are several",
      [aProgram(1, { name: "a" }), aProgram(2, { name: "b" })],
      [first(1), second(2)],
      {},
      [`warning multiple-programs: lxc1 ${OUT}`],
    ],
    [
      "are nobody's fault on an interface that is no pod's",
      [aProgram(1, { name: "a" }), aProgram(2, { name: "b" })],
      [first(1), second(2)],
      { pod_host_end: false },
      [],
    ],
    [
      "without names are not called the same",
      [aProgram(1), aProgram(2)],
      [first(1), second(2)],
      {},
      [`warning multiple-programs: lxc1 ${OUT}`],
    ],
    [
      "for different protocols do not meet",
      [aProgram(1, { name: "a" }), aProgram(2, { name: "a" })],
      [anEntry("first", { prog_id: 1, protocol: "ip" }), second(2, { protocol: "ipv6" })],
      {},
      [],
    ],
    [
      "in different mechanisms count together",
      [aProgram(1, { name: "a" }), aProgram(2, { name: "a" })],
      [anEntry("first", { prog_id: 1, mechanism: "tcx", pref: null }), second(2)],
      {},
      [`warning duplicate-name: lxc1 ${OUT}`],
    ],
  ])("%s", (_, programs, entries, change, expected) => {
    expect(short(withPrograms([podIface(entries, change)], programs))).toEqual(expected);
  });

  it("count netkit and tc of one direction together", () => {
    const netkit = aHook("netkit_primary", "netkit primary (out → pod)", [
      anEntry("nk", { mechanism: "netkit", prog_id: 2, pref: null }),
    ]);
    const iface = podIface([first(1)]);
    const both = { ...iface, hooks: [...iface.hooks, netkit] };
    const programs = [aProgram(1, { name: "a" }), aProgram(2, { name: "b" })];
    expect(short(withPrograms([both], programs))).toEqual([`warning multiple-programs: lxc1 ${OUT}`]);
  });

  it("are listed in the order they run, with what tells them apart", () => {
    const programs = [
      aProgram(1, { name: "cil_to_container", tag: "aa", loaded_at: 1763600100, run_cnt: "5" }),
      aProgram(2, { name: "cil_to_container", tag: "bb", loaded_at: 1763650000 }),
    ];
    const [finding] = examine(withPrograms([podIface([first(1), second(2)])], programs));
    expect(finding?.subject).toBe("first");
    expect(finding?.evidence).toEqual([
      "1. pref 1 handle 0x1: cil_to_container (id 1), tag aa, loaded 2025-11-20T00:55:00Z, run_cnt 5",
      "2. pref 2 handle 0x1: cil_to_container (id 2), tag bb, loaded 2025-11-20T14:46:40Z",
    ]);
  });
});

describe("from a node's own answers", () => {
  it("a stale filter under one pref is one finding, whose evidence says that it is older than the agent", () => {
    const datapath = buildDatapath(
      readFacts(collected({ ...smallNode(), "bpf.map": [{ id: 7, type: "hash", name: "cilium_policy_v" }] })),
    );
    expect(short(datapath)).toEqual([`warning duplicate-name: lxc1 ${OUT}`, "info statistics-off: worker-1"]);
    expect(examine(datapath)[0]?.evidence[0]).toBe(
      "1. pref 1 handle 0x2: cil_to_container (id 13), tag e971eba66b5cefa2, loaded 2025-11-20T00:55:00Z, owner cilium (uses map 7 named cilium_policy_v), loaded before cilium-agent (pid 900) started at 2025-11-20T14:30:00Z",
    );
  });

  it("a filter behind one that always ends the chain is a dead filter", () => {
    const answers = smallNode();
    answers["bpf.prog"] = JSON.parse(JSON.stringify(answers["bpf.prog"]).replace('"cil_to_container"', '"observer"'));
    const followUp = { "bpf.xlated": `#prog 13\n${JSON.stringify(dumps.two_ways)}\n` };
    const datapath = buildDatapath(readFacts(collected(answers)), readFacts(collected(followUp)));
    // The program that is kept from running is the CNI's, and what stands in front is the CNI's too.
    expect(short(datapath).filter((one) => !one.startsWith("info"))).toEqual([
      `warning filter-never-runs: lxc1 ${OUT}`,
    ]);
  });
});

describe("program-older-than-agent", () => {
  const agent = {
    family: "cilium",
    comm: "cilium-agent",
    pid: 9,
    exe: null,
    pod: null,
    started_at: 1000,
    evidence: "process name",
  };
  const ifaces = [podIface([first(1)]), anIface(8, "lxc2", { hooks: [aHook("tc_egress", OUT, [second(2)])] })];
  const look = (loaded: [number, number]) =>
    short({
      ...withPrograms(ifaces, [
        aProgram(1, { owner: owner("cilium"), loaded_at: loaded[0] }),
        aProgram(2, { owner: owner("cilium"), loaded_at: loaded[1] }),
      ]),
      node: aNode({ agents: [agent] }),
    });

  it("points at the one that was passed over when others are newer", () => {
    expect(look([500, 1001])).toEqual([`warning program-older-than-agent: lxc1 ${OUT}`]);
  });
  it("is a remark when the agent was only restarted", () => {
    expect(look([500, 600])).toEqual(["info program-older-than-agent: cilium on 2 hooks"]);
  });
  it("says nothing within the grain of the clocks", () => {
    expect(look([999, 1001])).toEqual([]);
  });
});

describe("missing-enforcement", () => {
  const full = (index: number, name = `lxc${index}`): Iface =>
    anIface(index, name, {
      pod_host_end: true,
      hooks: [
        aHook("tc_ingress", IN, [anEntry(`i${index}`, { prog_id: 100 })]),
        aHook("tc_egress", OUT, [anEntry(`e${index}`, { prog_id: 101 })]),
      ],
    });
  const bare = (index: number): Iface => anIface(index, `lxc${index}`, { pod_host_end: true });
  const node = (interfaces: Iface[], family: string | null = "cilium"): Datapath => ({
    ...withPrograms(interfaces, []),
    programs: [100, 101].map((id) => aProgram(id, { name: `p${id}`, owner: family === null ? null : owner(family) })),
    sections: ["bpf.net", "tc.qdisc", "tc.filter"].map((section) => ({
      section,
      scope: "node",
      ok: true,
      exit: 0,
      ms: 1,
      bytes: 1,
      truncated: false,
      warnings: [],
    })),
  });

  it("points at the pod interface that carries nothing while its siblings do", () => {
    expect(short(node([full(1), full(2), full(3), bare(4)]))).toEqual([
      `critical missing-enforcement: lxc4 ${IN} and lxc4 ${OUT}`,
    ]);
  });
  it("is less sure when nobody knows whose programs the siblings carry", () => {
    expect(short(node([full(1), full(2), full(3), bare(4)], null))).toEqual([
      `warning missing-enforcement: lxc4 ${IN} and lxc4 ${OUT}`,
    ]);
  });
  it("says nothing when one direction is empty on a good part of the pods", () => {
    const oneWay = (index: number): Iface => {
      const iface = full(index);
      return { ...iface, hooks: iface.hooks.slice(0, 1) };
    };
    expect(short(node([1, 2, 3, 4, 5].map((one) => full(one)).concat([6, 7].map(oneWay))))).toEqual([]);
  });
  it("says nothing when most interfaces are bare, or there are too few to compare", () => {
    expect(short(node([full(1), bare(2), bare(3)]))).toEqual([]);
    expect(short(node([full(1), bare(2)]))).toEqual([]);
  });
  it("says nothing when the lists it rests on were cut", () => {
    const datapath = node([full(1), full(2), full(3), bare(4)]);
    datapath.sections = datapath.sections.map((one) => (one.section === "bpf.net" ? { ...one, ok: false } : one));
    expect(short(datapath)).toEqual([]);
  });
});

describe("about the node", () => {
  const mount = (mount_id: number, mount_point: string, shadowed: boolean, device: string): BpfMount => ({
    mount_point,
    mount_id,
    parent_id: 1,
    shadowed,
    device,
  });
  const tools = (version: string) => [{ name: "bpftool", path: "/usr/sbin/bpftool", version }];

  it.each<[string, Parameters<typeof aNode>[0], string[]]>([
    ["nothing, by itself", {}, []],
    [
      "a bpf mount over another",
      { bpf_mounts: [mount(1, "/sys/fs/bpf", true, "0:1"), mount(2, "/sys/fs/bpf", false, "0:2")] },
      ["warning shadowed-bpf-mount: /sys/fs/bpf"],
    ],
    [
      "a second bpf filesystem elsewhere",
      { bpf_mounts: [mount(1, "/sys/fs/bpf", false, "0:1"), mount(2, "/run/bpf", false, "0:2")] },
      ["warning shadowed-bpf-mount: /sys/fs/bpf, /run/bpf"],
    ],
    [
      "not a bind mount of the same one",
      { bpf_mounts: [mount(1, "/sys/fs/bpf", false, "0:1"), mount(2, "/run/bpf", false, "0:1")] },
      [],
    ],
    ["a bpftool that lists no tcx", { tools: tools("bpftool v7.1.0") }, ["info old-bpftool: node-1"]],
    [
      "not that bpftool where another was lent",
      { tools: [...tools("bpftool v7.1.0"), { name: "bpftool (lent)", path: "lent", version: "bpftool v7.5.0" }] },
      [],
    ],
    ["not that bpftool on a kernel without tcx", { tools: tools("bpftool v7.1.0"), kernel: "6.1.0-30" }, []],
    [
      "a node without bpftool",
      { tools: [{ name: "bpftool", path: null, version: null }] },
      ["info old-bpftool: node-1"],
    ],
    ["a kernel without BTF", { btf: false }, ["info no-btf: node-1"]],
    ["statistics that are off", { bpf_stats_enabled: false }, ["info statistics-off: node-1"]],
  ])("%s", (_, change, expected) => {
    expect(short(aDatapath({ node: aNode(change) }))).toEqual(expected);
  });
});

it("says so when XDP is generic where the driver has native XDP, and only there", () => {
  const generic = (index: number, name: string, driver: string) =>
    anIface(index, name, {
      driver,
      hooks: [aHook("xdp", "xdp ingress (out → host)", [anEntry(name, { mechanism: "xdp", mode: "generic" })])],
    });
  const interfaces = [generic(1, "eth0", "virtio_net"), generic(2, "vx0", "vxlan"), generic(3, "nk0", "netkit")];
  expect(short(aDatapath({ interfaces }))).toEqual([
    "info xdp-generic-on-native-driver: eth0 xdp ingress (out → host)",
  ]);
});

it("groups loose programs by why they hang loose, and leaves unheld attachments alone", () => {
  const programs = [1, 2, 3].map((id) => aProgram(id, { name: `p${id}` }));
  const loose = [
    { what: "prog:1", why: "pinned_not_attached" as const, text: "pinned at /a" },
    { what: "prog:2", why: "pinned_not_attached" as const, text: "pinned at /b" },
    { what: "prog:3", why: "attached_no_holder" as const, text: "attached" },
  ];
  expect(short(aDatapath({ programs, loose }))).toEqual(["info loose-program: p1 (id 1) and 1 more"]);
});

it("gives every finding a rule with that id, evidence, a meaning and a subject that exists", () => {
  const ids = new Set(allRules().map((rule) => rule.id));
  expect(ids.size).toBe(allRules().length);
  const datapath = buildDatapath(readFacts(collected(smallNode())));
  const keys = new Set([
    "node",
    ...datapath.programs.map((one) => one.key),
    ...datapath.maps.map((one) => one.key),
    ...datapath.interfaces.flatMap((one) => [one.key, ...one.hooks.flatMap((hook) => hook.entries.map((e) => e.key))]),
  ]);
  const bad = examine(datapath).filter(
    (one) => !ids.has(one.id) || one.evidence.length === 0 || one.meaning === "" || !keys.has(one.subject),
  );
  expect(bad).toEqual([]);
});

it("lists the worst first and is the same every time", () => {
  const iface = podIface([first(1), second(2, { reachable: NEVER })], { pod: "pod:p" });
  const datapath = {
    ...withPrograms([iface], [aProgram(1, { name: "a" }), aProgram(2, { name: "b", owner: owner("cilium") })]),
    node: aNode({ btf: false }),
    pods: [aPod("p")],
  };
  expect(examine(datapath).map((one) => one.severity)).toEqual(["critical", "info"]);
  expect(examine(datapath)).toEqual(examine(JSON.parse(JSON.stringify(datapath))));
});
