import { beforeAll, describe, expect, it } from "vitest";
import { readFacts } from "../facts/facts.ts";
import { buildDatapath } from "./build.ts";
import { followUpPrograms } from "./follow-up.ts";
import { type Answers, collected, HOST, POD_NETNS, POD_UID, prog, smallNode, veth } from "./testdata/collected.ts";
import dumps from "./testdata/returns.json";
import type { Datapath, Iface, Program } from "./types.ts";

const build = (answers: Answers, followUp: Answers | null = null): Datapath =>
  buildDatapath(readFacts(collected(answers)), followUp === null ? null : readFacts(collected(followUp)));

function iface(datapath: Datapath, name: string, netns = HOST): Iface {
  const found = datapath.interfaces.find((one) => one.name === name && one.netns === netns);
  if (found === undefined) throw new Error(`no interface ${name}`);
  return found;
}

function program(datapath: Datapath, id: number): Program {
  const found = datapath.programs.find((one) => one.id === id);
  if (found === undefined) throw new Error(`no program ${id}`);
  return found;
}

/** What the hooks of an interface show, in short. */
const hooks = (one: Iface) =>
  one.hooks.map(({ hook, direction, entries }) => ({
    hook,
    direction,
    entries: entries.map(({ order, mechanism, prog_id, handle, link_id, mode }) =>
      [order, mechanism, prog_id, handle ?? link_id ?? mode].join(" "),
    ),
  }));

describe("a small node", () => {
  let datapath: Datapath;
  beforeAll(() => {
    datapath = build(smallNode());
  });

  it("matches both ends of a pod's pair and gives both to the pod", () => {
    const [host, inside] = [iface(datapath, "lxc1"), iface(datapath, "eth0", POD_NETNS)];
    expect([host.peer, inside.peer]).toEqual([inside.key, host.key]);
    expect([host.pod, inside.pod, iface(datapath, "eth0").pod]).toEqual([`pod:${POD_UID}`, `pod:${POD_UID}`, null]);
    expect([host.pod_host_end, inside.pod_host_end, iface(datapath, "eth0").pod_host_end]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it("shows the hooks in packet order, each direction both ways, entries in the order they run", () => {
    expect(hooks(iface(datapath, "lxc1"))).toEqual([
      { hook: "tc_ingress", direction: "ingress (pod → out)", entries: ["1 tcx 11 3"] },
      { hook: "tc_egress", direction: "egress (out → pod)", entries: ["1 clsact 13 0x2", "2 clsact 12 0x1"] },
    ]);
    expect(hooks(iface(datapath, "eth0"))).toEqual([
      { hook: "xdp", direction: "xdp ingress (out → host)", entries: ["1 xdp 15 native"] },
    ]);
    expect(iface(datapath, "lxc1").hooks[1]?.qdisc).toEqual({ kind: "clsact", handle: "ffff:", drops: 4, packets: 10 });
  });

  it("names the pod from the log folders", () => {
    expect(datapath.pods).toMatchObject([
      { uid: POD_UID, namespace: "shop", name: "cart-1", name_source: "/var/log/pods", netns: POD_NETNS, pids: [4242] },
    ]);
  });

  it("tells owners by holders, pins and maps, and says by which", () => {
    expect(program(datapath, 12).owner).toEqual({
      family: "cilium",
      process: { pid: 900, comm: "cilium-agent", exe: "/usr/bin/cilium-agent" },
      pod: null,
      container_id: null,
      image: null,
      evidence: [
        "held by pid 900 (cilium-agent), program file /usr/bin/cilium-agent",
        "named cil_to_container, as cilium's programs are",
      ],
    });
    expect(program(datapath, 13).owner).toMatchObject({
      family: "cilium",
      process: null,
      evidence: ["uses map 7 named cilium_policy_v", "named cil_to_container, as cilium's programs are"],
    });
  });

  it("takes holders from /proc where bpftool tells none", () => {
    expect(program(datapath, 11).pids).toEqual([{ pid: 900, comm: "cilium-agent" }]);
  });

  it("never tells a family from a program's name alone", () => {
    const answers = smallNode();
    answers["bpf.prog"] = [prog(99, "cil_to_container", {})];
    expect(program(build(answers), 99).owner).toBeNull();
  });

  it("puts cgroup and tracing attachments in their lanes, with pod and link", () => {
    expect(datapath.cgroups).toMatchObject([
      { attach_type: "cgroup_inet4_connect", prog_id: 16, link_id: 4, order: 1, pod: `pod:${POD_UID}` },
    ]);
    expect(datapath.tracing).toMatchObject([
      { lane: "tracing", kind: "tracepoint", target: "sched_process_exec", prog_id: 17, link_id: 6 },
    ]);
  });

  it("draws tail calls, and does not call their targets loose", () => {
    expect(datapath.tail_calls).toEqual([{ from: 11, map_id: 5, index: 7, to: 14 }]);
    const noHolder = {
      why: "attached_no_holder",
      text: "attached, but no process holds it and nothing is pinned",
    };
    expect(datapath.loose).toEqual([
      { what: "prog:15", ...noHolder },
      { what: "prog:16", ...noHolder },
      {
        what: "map:8",
        why: "pinned_not_attached",
        text: "pinned at /sys/fs/bpf/calico/left; no program uses it and no process holds it",
      },
    ]);
  });

  it("finds the agents and when they started", () => {
    expect(datapath.node.agents).toMatchObject([
      { family: "cilium", pid: 900, started_at: 1763600000 + 49_000, evidence: "program file /usr/bin/cilium-agent" },
      { family: "systemd", pid: 1 },
    ]);
  });

  it("asks for the code of programs that share a hook, those in front first", () => {
    expect(followUpPrograms(datapath)).toEqual([13, 12]);
  });
});

describe("with the code of programs", () => {
  const xlated = (id: number, rows: unknown) => `#prog ${id}\n${JSON.stringify(rows)}\n`;

  it("says that the second filter never runs when the first always ends the chain", () => {
    const datapath = build(smallNode(), { "bpf.xlated": xlated(13, dumps.two_ways) + xlated(12, dumps.constant) });
    expect(iface(datapath, "lxc1").hooks[1]?.entries.map((entry) => entry.reachable.value)).toEqual(["yes", "no"]);
    expect(program(datapath, 13).returns).toEqual({ values: [0, 2], complete: true });
  });

  it("follows tail calls into the programs of their slots", () => {
    const answers = smallNode();
    // The recorded program calls slot 1 of map 28 and returns 2 when it is empty.
    answers["bpf.progarrays"] = [{ command: ["map", "dump", "id", "28"], output: [slot(1, 14), slot(2, 15)] }];
    const own = { "bpf.xlated": xlated(13, dumps.tail_calls) };
    const both = { "bpf.xlated": xlated(13, dumps.tail_calls) + xlated(14, dumps.constant) };
    expect(program(build(answers, own), 13).returns).toEqual({ values: [2], complete: false });
    expect(program(build(answers, both), 13).returns).toEqual({ values: [0, 2], complete: true });
  });

  it("does not trust the code of a program that another one replaced", () => {
    const answers = smallNode();
    answers["bpf.prog"] = [...(answers["bpf.prog"] as object[]), prog(20, "ext", { type: "ext" })];
    answers["bpf.link"] = [{ id: 9, type: "tracing", prog_id: 20, target_obj_id: 13, target_btf_id: 4 }];
    const datapath = build(answers, { "bpf.xlated": xlated(13, dumps.constant) });
    expect(program(datapath, 13).returns).toEqual({ values: [0], complete: false });
  });
});

const slot = (index: number, id: number) => ({
  key: [`0x0${index}`, "0x00", "0x00", "0x00"],
  value: [`0x0${id.toString(16)}`, "0x00", "0x00", "0x00"],
});

describe("a node that answers in part", () => {
  it("keeps what arrived, whichever section is missing, and names the loss", () => {
    for (const missing of Object.keys(smallNode())) {
      const answers = smallNode();
      delete answers[missing];
      const datapath = build(answers);
      const kept = missing === "net.link" ? 1 : 4;
      if (!missing.includes("netns")) expect(datapath.interfaces.length).toBeGreaterThanOrEqual(kept);
    }
    const answers = smallNode();
    delete answers["bpf.prog"];
    const datapath = build(answers);
    expect(hooks(iface(datapath, "lxc1"))[1]?.entries).toEqual(["1 clsact 13 0x2", "2 clsact 12 0x1"]);
    expect(datapath.sections.filter((one) => !one.ok)).toMatchObject([
      { section: "bpf.prog", warnings: [{ code: "missing-section" }] },
    ]);
  });

  it("gives an empty picture for an empty answer", () => {
    const datapath = build({});
    expect([datapath.interfaces, datapath.programs, datapath.pods, datapath.tail_calls]).toEqual([[], [], [], []]);
    expect(datapath.sections.every((one) => !one.ok)).toBe(true);
  });

  it("shows clsact programs from bpftool alone, with no place it cannot know", () => {
    const answers = smallNode();
    delete answers["tc.filter"];
    const entries = iface(build(answers), "lxc1").hooks[1]?.entries ?? [];
    expect(entries.map(({ prog_id, pref, handle, reachable }) => [prog_id, pref, handle, reachable.value])).toEqual([
      [13, null, null, "yes"],
      [12, null, null, "cannot_tell"],
    ]);
  });

  it("knows a pod's interface by its name where its namespace cannot be entered", () => {
    const answers = smallNode();
    for (const name of Object.keys(answers)) if (name.includes("netns:")) delete answers[name];
    answers["net.link"] = [veth(7, "lxcce44b725157e", 2), veth(8, "weird0", 2)];
    const datapath = build(answers);
    const ends = datapath.interfaces.map(({ name, pod, pod_host_end }) => [name, pod, pod_host_end]);
    expect(ends).toEqual([
      ["lxcce44b725157e", null, true],
      ["weird0", null, false],
    ]);
  });
});

describe("peers", () => {
  it("are not guessed when two namespaces fit", () => {
    const answers = smallNode();
    answers["netns.list"] = `${POD_NETNS}\t4242\tcni-abc\n4026532300\t\tcni-def\n`;
    answers["net.link netns:4026532300"] = [veth(2, "eth0", 7)];
    expect(iface(build(answers), "lxc1").peer).toBeNull();
  });

  it("are told apart by the node's namespace ids", () => {
    const answers = smallNode();
    answers["netns.list"] = `${POD_NETNS}\t4242\tcni-abc\n4026532300\t\tcni-def\n`;
    answers["net.link netns:4026532300"] = [veth(2, "eth0", 7)];
    answers["net.netns"] = [
      { nsid: 0, name: "cni-def" },
      { nsid: 1, name: "cni-abc" },
    ];
    expect(iface(build(answers), "lxc1").peer).toBe("if:4026532300:2");
  });
});

describe("mounts of the bpf filesystem", () => {
  it.each<[string, string[], boolean[]]>([
    ["one", ["30 24 0:26 / /sys/fs/bpf rw - bpf bpf rw"], [false]],
    [
      "one over another at the same place",
      ["30 24 0:26 / /sys/fs/bpf rw - bpf bpf rw", "90 30 0:60 / /sys/fs/bpf rw - bpf bpf rw"],
      [true, false],
    ],
    [
      "one below a later mount of a parent folder",
      [
        "24 1 0:20 / /sys rw - sysfs sysfs rw",
        "30 24 0:26 / /sys/fs/bpf rw - bpf bpf rw",
        "91 24 0:61 / /sys/fs rw - tmpfs tmpfs rw",
      ],
      [true],
    ],
    [
      "one mounted on what covers the parent folder",
      [
        "24 1 0:20 / /sys rw - sysfs sysfs rw",
        "91 24 0:61 / /sys/fs rw - tmpfs tmpfs rw",
        "92 91 0:62 / /sys/fs/bpf rw - bpf bpf rw",
      ],
      [false],
    ],
    [
      "two beside each other",
      ["30 24 0:26 / /sys/fs/bpf rw - bpf bpf rw", "95 24 0:70 / /run/bpffs rw - bpf bpf rw"],
      [false, false],
    ],
  ])("%s", (_, lines, shadowed) => {
    const answers = smallNode();
    answers["node.mounts"] = `${lines.join("\n")}\n`;
    expect(build(answers).node.bpf_mounts.map((one) => one.shadowed)).toEqual(shadowed);
  });
});
