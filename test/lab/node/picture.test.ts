/** The product's picture of a lab node is the node: collector, parsers and model against the plan. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Datapath } from "../../../electron/core/model/types.ts";
import { SOCK_PROGRAMS } from "./agent-plan.ts";
import { portableBpftool } from "./bpftool.ts";
import { expectedHooks } from "./expected.ts";
import { type Lab, startLab } from "./lab.ts";
import { hooksOf, look } from "./look.ts";
import { endpointPods } from "./plan.ts";
import { labTransport } from "./transport.ts";

describe("the picture of a lab node", () => {
  let lab: Lab;
  let picture: Datapath;
  beforeAll(async () => {
    lab = await startLab({ bpftool: portableBpftool() });
    picture = await look(labTransport(lab));
  });
  afterAll(async () => {
    await lab.stop();
  });

  it("has every hook's programs in the kernel's order", () => {
    const byPlace = (one: { ifname: string; hook: string }) => `${one.ifname} ${one.hook}`;
    const sorted = <T extends { ifname: string; hook: string }>(hooks: T[]) =>
      [...hooks].sort((a, b) => (byPlace(a) < byPlace(b) ? -1 : 1));
    expect(sorted(hooksOf(picture))).toEqual(sorted(expectedHooks(lab.plan)));
  });

  it("tells native from generic XDP", () => {
    const modes = picture.interfaces.flatMap((one) =>
      one.hooks.flatMap((hook) => hook.entries.flatMap((entry) => (entry.mode ? [[one.name, entry.mode]] : []))),
    );
    expect(modes).toEqual([
      ["eth0", "native"],
      ["cilium_vxlan", "generic"],
    ]);
  });

  it("names the pod behind every lxc interface", () => {
    const pods = new Map(picture.pods.map((pod) => [pod.key, `${pod.namespace}/${pod.name}`]));
    const found = picture.interfaces
      .filter((one) => one.pod_host_end)
      .map((one) => [one.name, pods.get(one.pod ?? "")] as const);
    expect(new Map(found)).toEqual(
      new Map(endpointPods(lab.plan).map((pod) => [pod.endpoint.ifname, `${pod.namespace}/${pod.name}`])),
    );
  });

  it("finds every pod with its containers, whatever runtime and cgroup driver it has", () => {
    const found = picture.pods.map(({ uid, namespace, name, qos, host_network, containers }) => ({
      uid,
      namespace,
      name,
      qos,
      host_network,
      containers: containers.map(({ id, runtime }) => `${runtime} ${id}`).sort(),
    }));
    const expected = [...lab.plan.pods, lab.plan.cilium, lab.plan.tetragon].map((pod) => {
      // The cgroupfs driver's paths do not name the runtime.
      const runtime = pod.container_cgroup.includes(".slice") ? pod.runtime : null;
      return {
        uid: pod.uid,
        namespace: pod.namespace,
        name: pod.name,
        qos: pod.qos,
        host_network: pod.endpoint === null,
        containers: [pod.sandbox_id, pod.container_id].map((id) => `${runtime} ${id}`).sort(),
      };
    });
    const byUid = (a: { uid: string }, b: { uid: string }) => (a.uid < b.uid ? -1 : 1);
    expect(found.sort(byUid)).toEqual(expected.sort(byUid));
  });

  it("follows the tail calls of each pod's pipeline", () => {
    const name = new Map(picture.programs.map((program) => [program.id, program.name]));
    const own = new Set(lab.state.own.prog);
    const calls = new Set(
      picture.tail_calls
        .filter(({ from }) => own.has(from))
        .map(({ from, to }) => `${name.get(from)} → ${name.get(to)}`),
    );
    for (const call of [
      "cil_from_container → tail_handle_ipv4",
      "tail_handle_ipv4 → tail_ipv4_ct_egress",
      "cil_to_container → cil_lxc_policy",
      "cil_lxc_policy → tail_ipv4_ct_ingress",
      "cil_from_netdev → tail_handle_ipv4_from_netdev",
      "tail_handle_ipv4_from_netdev → tail_nodeport_rev_dnat_ipv4",
      "cil_xdp_entry → tail_lb_ipv4",
    ])
      expect(calls).toContain(call);
  });

  it("knows who holds the programs", () => {
    const own = new Set(lab.state.own.prog);
    const families = new Map<string | null, number>();
    for (const program of picture.programs.filter(({ id }) => own.has(id))) {
      const family = program.owner?.family ?? null;
      families.set(family, (families.get(family) ?? 0) + 1);
    }
    expect(Object.fromEntries(families)).toEqual({ systemd: 3, tetragon: 3, cilium: lab.state.own.prog.length - 6 });
    const agents = picture.node.agents.map(({ family, pod }) => [family, pod !== null]);
    expect(new Map(agents as [string, boolean][])).toEqual(
      new Map([
        ["cilium", true],
        ["tetragon", true],
        ["systemd", false],
      ]),
    );
  });

  it("puts cgroup and tracing programs in their lanes", () => {
    const name = new Map(picture.programs.map((program) => [program.id, program.name]));
    expect(
      picture.cgroups
        .filter(({ cgroup }) => cgroup === "/")
        .map(({ prog_id }) => name.get(prog_id))
        .sort(),
    ).toEqual([...SOCK_PROGRAMS].sort());
    expect(
      picture.cgroups
        .filter(({ attach_type }) => attach_type.endsWith("device"))
        .map(({ cgroup }) => cgroup)
        .sort(),
    ).toEqual(["systemd-logind", "systemd-timesyncd", "systemd-udevd"].map((unit) => `/system.slice/${unit}.service`));
    const own = new Set(lab.state.own.prog);
    expect(
      picture.tracing
        .filter(({ prog_id }) => own.has(prog_id ?? -1))
        .map(({ kind, target }) => `${kind} ${target}`)
        .sort(),
    ).toEqual(["raw_tracepoint sched_process_exec", "tracepoint sched_process_exec", "tracepoint sched_process_exit"]);
  });
});
