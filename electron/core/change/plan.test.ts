import { describe, expect, it } from "vitest";
import { aDatapath, aHook, aNode, anEntry, anIface, aPod, aProgram } from "../model/testdata/make.ts";
import type { Datapath, HookEntry, HookName, Iface, Program } from "../model/types.ts";
import { makePlan, type PlanFacts, planSeed } from "./plan.ts";
import type { SshPath } from "./ssh-path.ts";

const DAY = 86_400;
const cilium = { family: "cilium", process: null, pod: null, container_id: null, image: null };
const agent = {
  family: "cilium",
  comm: "cilium-agent",
  pid: 812,
  exe: null,
  pod: null,
  started_at: 10 * DAY,
  evidence: "",
};
const program = (id: number, change: Partial<Program> = {}) =>
  aProgram(id, {
    name: "cil_to_container",
    loaded_at: 10 * DAY,
    owner: { ...cilium, evidence: ["pinned"] },
    ...change,
  });

const stale = anEntry("stale", { pref: 1, handle: "0x1", prog_id: 5, order: 1 });
const current = anEntry("current", { pref: 2, handle: "0x1", prog_id: 9, order: 2 });
const POD = aPod("uid-1", { namespace: "shop", name: "cart" });
const podEnd = (entries: HookEntry[], hook: HookName = "tc_egress", more: Partial<Iface> = {}) =>
  anIface(7, "lxc1", {
    pod: POD.key,
    pod_host_end: true,
    hooks: [aHook(hook, "egress (out → pod)", entries)],
    ...more,
  });
const node = aNode({ agents: [agent], hostname: "node-1" });
const netns = [{ inode: "4026531840", name: null, host: true, pid: 1, pod: null }];
const uplink = anIface(2, "eth0", { kind: "ether", addresses: ["10.0.0.5/24"] });
const lab = (change: Partial<Datapath> = {}): Datapath =>
  aDatapath({
    node,
    netns,
    pods: [POD],
    programs: [program(5, { loaded_at: 3 * DAY }), program(9)],
    interfaces: [uplink, podEnd([stale, current])],
    ...change,
  });
const PATH: SshPath = { server: "10.0.0.5", dev: "eth0" };
const facts = (datapath: Datapath, entry: string, more: Partial<PlanFacts> = {}): PlanFacts => ({
  ...{ node: "n1", host: "root@node-1:22", datapath, entry, path: PATH, runs_per_s: null, lease_s: 20 },
  planId: () => "id",
  ...more,
});
const plan = (datapath: Datapath, entry: string, more: Partial<PlanFacts> = {}) =>
  makePlan(facts(datapath, entry, more)).plan;
const codes = (datapath: Datapath, entry: string, more: Partial<PlanFacts> = {}) =>
  plan(datapath, entry, more).risks.map(({ code }) => code);

describe("a plan", () => {
  it("gives no rate of a hook where the program runs on others, too", () => {
    const rate = (attached: string[]) => {
      const programs = [program(5, { loaded_at: 3 * DAY, attached }), program(9)];
      return plan(lab({ programs }), "stale", { runs_per_s: 120 }).affects.packets_per_s;
    };
    expect(rate(["stale"])).toBe(120);
    expect(rate(["stale", "elsewhere"])).toBeNull();
  });

  it("says what exactly is taken off, what that does to whom, and how it is taken back", () => {
    const made = makePlan(facts(lab(), "stale", { runs_per_s: 120 }));
    expect(made.argv).toEqual([
      ...[
        "detach",
        "--ifindex",
        "7",
        "--ifname",
        "lxc1",
        "--kind",
        "clsact",
        "--direction",
        "egress",
        "--prog-id",
        "5",
      ],
      ...["--pref", "1", "--handle", "1", "--chain", "0", "--protocol", "3", "--lease", "20"],
    ]);
    expect(made.plan).toEqual({
      plan_id: "id",
      node: "n1",
      attachment: {
        ...{
          entry: "stale",
          mechanism: "clsact",
          direction: "egress",
          ifname: "lxc1",
          ifindex: 7,
          netns: "4026531840",
        },
        ...{ prog_id: 5, prog_name: "cil_to_container", pref: 1, handle: 1, chain: 0, protocol: 3 },
      },
      command: `bpfdesk-change ${made.argv.join(" ")}`,
      by_hand: "tc filter del dev lxc1 egress pref 1 protocol all handle 0x1 bpf",
      affects: {
        hook: "lxc1 egress (out → pod)",
        pod: "shop/cart",
        remains: ["pref 2 handle 0x1: cil_to_container (id 9)"],
        packets_per_s: 120,
      },
      owner: { text: "cilium: pinned", will_probably: expect.stringContaining("will probably not put it back") },
      risks: [],
      undo: expect.stringContaining("pref 1 handle 0x1: cil_to_container (id 5)"),
      verification: expect.stringContaining("the pod answers as it did before"),
      confirm: "lxc1",
      lease_s: 20,
    });
  });

  it("is the same plan for the same attachment of the same boot, and no other", () => {
    const ref = plan(lab(), "stale").attachment;
    const seed = planSeed("boot-1", ref);
    expect(planSeed("boot-1", { ...ref, entry: "another key", prog_name: "" })).toBe(seed);
    expect(planSeed("boot-2", ref)).not.toBe(seed);
    for (const other of [
      { prog_id: 6 },
      { pref: 2 },
      { handle: 2 },
      { ifindex: 8 },
      { direction: "ingress" as const },
    ]) {
      expect(planSeed("boot-1", { ...ref, ...other })).not.toBe(seed);
    }
  });

  it.each<[string, HookName, Partial<HookEntry>, string]>([
    ["a tcx link", "tc_egress", { mechanism: "tcx", link_id: 31 }, "bpftool link detach id 31"],
    ["a netkit link", "netkit_primary", { mechanism: "netkit", link_id: 31 }, "bpftool link detach id 31"],
    ["native XDP", "xdp", { mechanism: "xdp", mode: "native" }, "ip link set dev lxc1 xdpdrv off"],
    ["generic XDP", "xdp", { mechanism: "xdp", mode: "generic" }, "ip link set dev lxc1 xdpgeneric off"],
    [
      "a chain of its own",
      "tc_egress",
      { chain: 4, protocol: "ip" },
      "tc filter del dev lxc1 egress chain 4 pref 1 protocol ip handle 0x1 bpf",
    ],
  ])("names the command by hand for %s", (_, hook, change, by_hand) => {
    const entry = anEntry("one", { prog_id: 5, ...change });
    expect(plan(lab({ interfaces: [podEnd([entry], hook)] }), "one").by_hand).toBe(by_hand);
  });

  it("enters the namespace of the interface, whose name is a word whatever is in it", () => {
    const iface = podEnd([stale], "tc_egress", { netns: "77", host_netns: false, pod_host_end: false });
    const space = { inode: "77", name: "a b'; reboot", host: false, pid: 4, pod: null };
    const { plan: made, argv } = makePlan(facts(lab({ interfaces: [iface], netns: [...netns, space] }), "stale"));
    expect(argv).toEqual(expect.arrayContaining(["--netns", "/run/netns/a b'; reboot", "--netns-inode", "77"]));
    expect(made.by_hand).toMatch(/^nsenter '--net=\/run\/netns\/a b'\\''; reboot' tc filter del /);
    expect(() => plan(lab({ interfaces: [iface] }), "stale")).toThrow("it cannot be entered");
  });
});

describe("what cannot be put back as it was is refused:", () => {
  it.each<[string, HookEntry[], string]>([
    [
      "a filter behind another of its pref",
      [anEntry("first", { prog_id: 9 }), anEntry("one", { prog_id: 5 })],
      "same pref",
    ],
    ["a block", [anEntry("one", { prog_id: 5, block: 3 })], "block 3"],
    ["another classifier", [anEntry("one", { kind: "flower" })], "flower filter"],
    [
      "a filter that only bpftool showed",
      [anEntry("one", { prog_id: 5, pref: null, handle: null })],
      "pref and handle",
    ],
    ["an unheard-of protocol", [anEntry("one", { prog_id: 5, protocol: "tokenring" })], "tokenring"],
    ["one that is named twice", [anEntry("one", { prog_id: 5 }), anEntry("one", { prog_id: 9 })], "more than once"],
  ])("%s", (_, entries, why) => {
    const asked = () => plan(lab({ interfaces: [podEnd(entries)] }), "one");
    expect(asked).toThrow(why);
    expect(asked).toThrow(expect.objectContaining({ data: expect.objectContaining({ code: "cannot-be-put-back" }) }));
  });

  it("and what is not there any more has nothing to be done about", () => {
    expect(() => plan(lab(), "gone")).toThrow("There is nothing to do on root@node-1:22");
  });
});

describe("risks:", () => {
  const only = (entry: HookEntry, more: Partial<Datapath> = {}) => lab({ interfaces: [podEnd([entry])], ...more });

  it("the agent's current program, which is the last on the pod's direction", () => {
    const made = plan(only(current), "current");
    expect(made.risks.map(({ code }) => code)).toEqual(["last-enforcing", "controller-owns"]);
    expect(made.owner.will_probably).toContain("restart the agent's pod instead");
  });

  it.each<[string, HookName, Record<string, unknown>, RegExp | null]>([
    ["blackhole", "netkit_peer", { policy: "forward", peer_policy: "blackhole" }, /to drop every packet/],
    ["forward", "netkit_primary", { policy: "forward", peer_policy: "blackhole" }, null],
    ["unknown", "netkit_primary", {}, /is not known/],
  ])("a netkit end without programs is left to its policy: %s", (_, hook, info_data, text) => {
    const entry = anEntry("one", { mechanism: "netkit", prog_id: 9, pref: null, handle: null });
    const raw = { linkinfo: { info_kind: "netkit", info_data } };
    const origin = { section: "net.link", scope: "", raw };
    const risk = (entries: HookEntry[]) =>
      plan(lab({ interfaces: [podEnd(entries, hook, { kind: "netkit", origin })] }), "one").risks.find(
        ({ code }) => code === "device-policy",
      )?.text ?? null;
    if (text === null) expect(risk([entry])).toBeNull();
    else expect(risk([entry])).toMatch(text);
    expect(risk([entry, anEntry("two", { mechanism: "netkit", prog_id: 5, pref: null, handle: null })])).toBeNull();
  });

  it("what is behind it and never ran would run, unless it never runs itself", () => {
    const never = { value: "no" as const, reason: "pref 2 always ends the chain" };
    const dead = anEntry("dead", { pref: 100, prog_id: 11, reachable: never });
    const datapath = lab({ interfaces: [podEnd([stale, current, dead])] });
    const made = plan(datapath, "current");
    expect(made.risks.map(({ code }) => code)).toEqual(["wakes-another", "controller-owns"]);
    expect(made.risks[0]?.text).toContain("pref 100 handle 0x1: program 11");
    expect(codes(datapath, "dead")).toEqual(["unknown-owner"]);
    const both = [{ ...current, reachable: never }, dead];
    expect(codes(lab({ interfaces: [podEnd([stale, ...both])] }), "current")).toEqual(["controller-owns"]);
  });

  it("an owner nobody knows", () => {
    const unknown = only(stale, { programs: [program(5, { owner: null }), program(9)] });
    const made = plan(unknown, "stale");
    expect(made.risks.map(({ code }) => code)).toEqual(["last-enforcing", "unknown-owner"]);
    expect(made.risks.at(-1)?.text).toContain("Hands off");
    const held = {
      family: null,
      process: { pid: 3, comm: "mystery", exe: null },
      evidence: ["held by pid 3 (mystery)"],
    };
    const owner = { ...cilium, ...held };
    expect(plan(only(stale, { programs: [program(5, { owner })] }), "stale").owner).toEqual({
      text: "not known: held by pid 3 (mystery)",
      will_probably: "Not known. mystery holds it and may attach it again at any time.",
    });
  });

  it("a link, which cannot be attached again", () => {
    const entry = anEntry("linked", { mechanism: "tcx", prog_id: 5, link_id: 31 });
    const datapath = lab({ interfaces: [podEnd([entry, current])] });
    expect(codes(datapath, "linked")).toEqual(["comes-back-without-link"]);
  });

  it("a control-plane node, also when that cannot be told", () => {
    const server = aPod("uid-2", { namespace: "kube-system", name: "kube-apiserver-node-1" });
    expect(codes(lab({ pods: [POD, server] }), "stale")).toEqual(["control-plane"]);
    const nameless = lab({ pods: [{ ...POD, name: null, namespace: null }] });
    expect(plan(nameless, "stale").risks).toMatchObject([
      { code: "control-plane", text: expect.stringContaining("Cannot tell") },
    ]);
  });
});

describe("the engineer's own way to the node", () => {
  const entry = anEntry("one", { prog_id: 5 });
  const on = (name: string, ifindex: number, change: Partial<Iface> = {}) =>
    anIface(ifindex, name, { kind: "ether", hooks: [aHook("tc_ingress", "ingress (out → host)", [entry])], ...change });
  const other = (name: string, ifindex: number, change: Partial<Iface> = {}) =>
    anIface(ifindex, name, { kind: "ether", ...change });
  const address = { addresses: ["10.0.0.5/24"] };
  const key = (ifindex: number) => `if:4026531840:${ifindex}`;

  it.each<[string, Iface[], SshPath | null | "none", "yes" | "no" | "cannot tell"]>([
    ["has the session's address", [on("eth0", 2, address)], PATH, "yes"],
    ["is the route back to the client", [on("eth1", 3), other("eth0", 2, address)], { ...PATH, dev: "eth1" }, "yes"],
    [
      "is a port of that bridge",
      [on("eth0", 2, { master: key(4) }), other("br0", 4, { kind: "bridge", ...address })],
      { ...PATH, dev: "br0" },
      "yes",
    ],
    [
      "is below that VLAN",
      [
        on("eth0", 2),
        other("eth0.5", 4, { kind: "vlan", ...address, origin: { section: "", scope: "", raw: { link: "eth0" } } }),
      ],
      { ...PATH, dev: "eth0.5" },
      "yes",
    ],
    [
      "is the other end of that pair",
      [on("veth1", 5, { kind: "veth" }), other("veth0", 4, { kind: "veth", peer: key(5), ...address })],
      { ...PATH, dev: "veth0" },
      "yes",
    ],
    ["is another uplink", [on("eth1", 3), other("eth0", 2, address)], PATH, "no"],
    [
      "may be below a tunnel",
      [on("eth0", 2), other("wg0", 4, { kind: "wireguard", ...address })],
      { ...PATH, dev: "wg0" },
      "cannot tell",
    ],
    [
      "is one of several, with the route unknown",
      [on("eth1", 3), other("eth0", 2, address)],
      { ...PATH, dev: null },
      "cannot tell",
    ],
    ["is there while the node says nothing", [on("eth0", 2, address)], null, "cannot tell"],
    ["is on this machine", [on("eth0", 2, address)], "none", "no"],
  ])("that %s", (_, interfaces, path, answer) => {
    const made = plan(lab({ interfaces }), "one", { path });
    const ssh = made.risks.find(({ code }) => code === "ssh-path");
    expect(made.confirm).toBe(answer === "no" ? interfaces[0]?.name : "node-1");
    if (answer === "no") expect(ssh).toBeUndefined();
    else expect(ssh?.text).toMatch(answer === "yes" ? /^Your own way/ : /^Cannot tell/);
  });

  it("never leads over a pod's pair, on whatever bridge it is", () => {
    const bridge = other("cni0", 4, { kind: "bridge", ...address });
    const datapath = lab({ interfaces: [bridge, podEnd([stale, current], "tc_egress", { master: key(4) })] });
    expect(plan(datapath, "stale", { path: { ...PATH, dev: "cni0" } })).toMatchObject({ risks: [], confirm: "lxc1" });
  });
});
