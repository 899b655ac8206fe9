/** The lab itself: what it builds is what its plan says, faults do what they claim, and nothing stays. */
import * as path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { run } from "./exec.ts";
import { expectedHooks, faultInterface } from "./expected.ts";
import { FAULTS, type FaultName } from "./faults.ts";
import { attachLab, type Lab, startLab } from "./lab.ts";
import { observeHooks, runCount } from "./observe.ts";
import { endpointPods, NODE_ADDRESS } from "./plan.ts";
import { savedStates } from "./state.ts";

describe("a lab node", () => {
  let lab: Lab;
  beforeAll(async () => {
    lab = await startLab({ ssh: true });
  });
  afterAll(async () => {
    await lab.stop();
  });

  const observed = async () =>
    (await observeHooks(lab)).map(({ entries, ...hook }) => ({
      ...hook,
      entries: entries.map(({ prog_id: _, ...entry }) => entry),
    }));
  const inOrder = (hooks: { ifname: string; hook: string }[]) =>
    [...hooks].sort((a, b) => (`${a.ifname} ${a.hook}` < `${b.ifname} ${b.hook}` ? -1 : 1));

  it("has on every hook the programs of its plan, in the order the kernel runs them", async () => {
    expect(inOrder(await observed())).toEqual(inOrder(expectedHooks(lab.plan)));
  });

  it("carries traffic between pods, to the outside and from it, through the tail calls", async () => {
    const flows = await lab.traffic();
    expect(flows.filter((flow) => flow.udp.answered !== flow.udp.sent || flow.tcp.answered !== flow.tcp.tried)).toEqual(
      [],
    );
    const tracked = await lab.run([
      "bpftool",
      "-j",
      "map",
      "dump",
      "pinned",
      "/sys/fs/bpf/tc/globals/cilium_ct4_global",
    ]);
    expect(JSON.parse(tracked.stdout).length).toBeGreaterThan(flows.length);
  });

  it("looks like a node from inside: its own name, process 1, unified cgroups and pod logs", async () => {
    const said = await lab.run(["sh", "-c", "hostname; cat /proc/1/comm; ls /sys/fs/cgroup; ls /var/log/pods | wc -l"]);
    const [name, comm] = said.stdout.split("\n");
    expect([name, comm]).toEqual([lab.plan.hostname, "systemd"]);
    expect(said.stdout).toContain("kubepods.slice");
    expect(said.stdout.trim().split("\n").at(-1)).toBe(String(lab.plan.pods.length + 2));
    expect((await lab.run(["ip", "-br", "addr", "show", "eth0"])).stdout).toContain(NODE_ADDRESS);
  });

  it("shows each pod's processes in the cgroup and network namespace of its plan", async () => {
    for (const pod of endpointPods(lab.plan)) {
      const procs = await lab.run(["cat", `/sys/fs/cgroup${pod.container_cgroup}/cgroup.procs`]);
      const [pid] = procs.stdout.trim().split("\n");
      const said = await lab.run([
        "sh",
        "-c",
        'readlink /proc/$0/exe; cat /proc/$0/cgroup; ip netns identify "$0"',
        pid ?? "",
      ]);
      expect(said.stdout).toContain(`/run/lab/bin/${pod.app}\n`);
      expect(said.stdout).toContain(`0::${pod.container_cgroup}\n`);
      expect(said.stdout).toContain(pod.endpoint.netns);
    }
  });

  it("lets an engineer in over SSH, into the node and not into the machine", async () => {
    const ssh = lab.ssh;
    if (!ssh) throw new Error("no sshd");

    const options = [
      "-F",
      "none",
      "-o",
      `UserKnownHostsFile=${ssh.knownHosts}`,
      "-o",
      "BatchMode=yes",
      "-i",
      ssh.keyFile,
    ];
    const command = "hostname; cat /proc/self/cgroup | tail -1; sudo -n bpftool -j map show | head -c 1";
    const said = await run(["ssh", ...options, "-p", String(ssh.port), `engineer@${ssh.host}`, command]);
    expect(said).toEqual({ code: 0, stdout: `${lab.plan.hostname}\n0::/system.slice/ssh.service\n[`, stderr: "" });
  });

  for (const fault of FAULTS) {
    it(`lays the fault ${fault} on one interface and takes it away again`, async () => {
      await lab.addFault(fault);
      expect(inOrder(await observed())).toEqual(inOrder(expectedHooks(lab.plan, [fault])));
      if (fault === "second-bpf-mount") expect((await lab.run(["ls", "/sys/fs/bpf/tc"])).code).not.toBe(0);
      await lab.clearFault(fault);
      expect(inOrder(await observed())).toEqual(inOrder(expectedHooks(lab.plan)));
    });
  }

  describe("with run counts on", () => {
    let before: string;
    const stats = "/proc/sys/kernel/bpf_stats_enabled";
    beforeAll(async () => {
      before = (await lab.run(["cat", stats])).stdout.trim();
      await lab.run(["tee", stats], "1");
    });
    afterAll(async () => {
      await lab.run(["tee", stats], before);
    });

    const entriesOf = async (fault: FaultName) => {
      const hooks = await observeHooks(lab);
      const ifname = faultInterface(lab.plan, fault);
      return hooks.find((hook) => hook.ifname === ifname && hook.hook === "tc_egress")?.entries ?? [];
    };

    it("a stale filter drops one packet in fifty in front of the current program", async () => {
      await lab.addFault("stale-filter");
      const ifname = faultInterface(lab.plan, "stale-filter") ?? "";
      const [stale, current] = await entriesOf("stale-filter");
      const stopped = async () =>
        (await runCount(lab, stale?.prog_id ?? 0)) - (await runCount(lab, current?.prog_id ?? 0));
      const before = await stopped();
      const flows = await lab.traffic({ towards: ifname, udp: 150, tcp: 0 });
      const sent = flows.reduce((sum, flow) => sum + flow.udp.sent, 0);
      const lost = sent - flows.reduce((sum, flow) => sum + flow.udp.answered, 0);
      // Exactly one in fifty per CPU that carried them.
      expect(lost).toBeGreaterThanOrEqual(Math.floor(sent / 50) - 2);
      expect(lost).toBeLessThanOrEqual(Math.ceil(sent / 50) + 1);
      expect((await stopped()) - before).toBe(lost);
      await lab.clearFault("stale-filter");
    });

    it("a filter behind one that ends the chain never runs", async () => {
      await lab.addFault("dead-filter");
      await lab.traffic({ towards: faultInterface(lab.plan, "dead-filter") ?? "" });
      const [current, dead] = await entriesOf("dead-filter");
      expect(await runCount(lab, current?.prog_id ?? 0)).toBeGreaterThan(0);
      expect(await runCount(lab, dead?.prog_id ?? 0)).toBe(0);
      await lab.clearFault("dead-filter");
    });
  });
});

describe("the benchmark profile", () => {
  it("holds as many programs and interface attachments as a busy node", async () => {
    const lab = await startLab({ profile: "busy" });
    const hooks = await observeHooks(lab);
    const attachments = hooks.reduce((sum, hook) => sum + hook.entries.length, 0);
    const programs = lab.state.own.prog.length;
    await lab.stop();
    expect({ pods: lab.plan.pods.length, attachments, programs }).toEqual({ pods: 50, attachments: 74, programs: 140 });
  });
});

describe("the command line of the lab", () => {
  const cli = async (...args: string[]) => {
    const script = path.resolve(import.meta.dirname, "../../../scripts/lab.mjs");
    return run([process.execPath, script, ...args]);
  };

  it("brings a node up, lays faults on it from another process, and takes it down without a trace", async () => {
    const known = new Set(savedStates().map(({ dir }) => dir));
    const up = await cli("up", "--pods", "4", "--fault", "dead-filter");
    expect(up.code).toBe(1); // four pods have no third clsact interface
    expect(savedStates().filter(({ dir }) => !known.has(dir))).toEqual([]);

    expect((await cli("up", "--pods", "8", "--fault", "dead-filter")).code).toBe(0);
    const [state] = savedStates().filter(({ dir }) => !known.has(dir));
    if (!state) throw new Error("the lab was not remembered");
    const lab = attachLab(state);
    expect(lab.faults).toEqual(["dead-filter"]);
    await lab.clearFault("dead-filter");
    await lab.addFault("duplicate-tcx");
    expect((await observeHooks(lab)).find((hook) => hook.entries.length === 2)?.ifname).toBe(
      faultInterface(lab.plan, "duplicate-tcx"),
    );
    await lab.stop();
    expect(savedStates().filter(({ dir }) => !known.has(dir))).toEqual([]);
  });
});
