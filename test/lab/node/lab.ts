/**
 * The lab: a Kubernetes node of our own on this machine, in namespaces of its own.
 *
 * `startLab` makes it, `stop` removes it and throws when anything is left behind. The node has its own
 * pid, mount, network, UTS, IPC and cgroup namespaces, so nothing inside can be mistaken for the
 * machine's, and killing its process 1 ends everything in it. Needs root on Linux.
 */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { bindScript, prepareSshdFiles, startSshd, type TestSshd } from "../../support/sshd.ts";
import { agentPlan, BIN, tetragonPlan } from "./agent-plan.ts";
import { buildLab } from "./build.ts";
import { cgroup2Mount, cgroupProcs, LAB_PREFIX, removeCgroups, removeOrphans } from "./cgroups.ts";
import { must, type Ran, run, until } from "./exec.ts";
import { addFault, clearFault, type FaultName, type FaultTools, isOlderThanAgent, nextSecond } from "./faults.ts";
import { alone, leftovers, machineState, type OwnIds } from "./inventory.ts";
import { layNetwork } from "./network.ts";
import {
  endpointPods,
  type LabMechanism,
  type LabProfile,
  NODE_ADDRESS,
  type NodePlan,
  type PodPlan,
  planNode,
} from "./plan.ts";
import { type Flow, runTraffic, type TrafficOptions } from "./traffic.ts";

export interface LabOptions {
  /** How many pods; 12 unless the profile is `busy` (50). */
  pods?: number;
  mechanism?: LabMechanism;
  profile?: LabProfile;
  faults?: FaultName[];
  /** Start a real sshd on 127.0.0.1 whose sessions are inside the node. */
  ssh?: boolean;
  /** Folder with a portable `bpftool` that takes the place of the machine's own in the node. */
  bpftool?: string;
}

export interface Lab {
  plan: NodePlan;
  /** Process 1 of the node, as this machine sees it. */
  pid1: number;
  /** argv prefix that runs a command inside the node, outside its cgroups. */
  enter: string[];
  /** The same as a login session has it: in sshd's cgroup. */
  session: string[];
  /** Null unless started with `ssh: true`. */
  ssh: TestSshd | null;
  faults: FaultName[];
  run(argv: readonly string[], stdin?: string): Promise<Ran>;
  addFault(name: FaultName): Promise<void>;
  clearFault(name: FaultName): Promise<void>;
  restartAgent(): Promise<void>;
  /** Bounded UDP and TCP exchanges between pods and with the outside. */
  traffic(options?: TrafficOptions): Promise<Flow[]>;
  /** What a later process needs to take it down (`stopFromState`). */
  state: LabState;
  /** Removes everything and throws when something is left. */
  stop(): Promise<void>;
}

export interface LabState {
  dir: string;
  cgroup_dir: string;
  outer: number;
  wire: number;
  pid1: number;
  options: LabOptions;
  faults: FaultName[];
  own: { prog: number[]; map: number[]; link: number[] };
  before: string[];
}

/** Makes the node. Cleans up after itself when a step fails. */
export async function startLab(options: LabOptions = {}): Promise<Lab> {
  const profile = options.profile ?? "full";
  const plan = planNode({
    pods: options.pods ?? (profile === "busy" ? 50 : 12),
    mechanism: options.mechanism ?? "mixed",
    profile,
  });
  removeOrphans();
  const before = await machineState();
  const state = await startFrame(plan, options, before);
  const lab = makeLab(plan, state);
  try {
    await furnish(lab, options);
  } catch (error) {
    await lab.stop().catch(() => undefined);
    throw error;
  }
  return lab;
}

/** A handle on a lab another process started; it has no `ssh`. */
export function attachLab(state: LabState): Lab {
  const profile = state.options.profile ?? "full";
  const pods = state.options.pods ?? (profile === "busy" ? 50 : 12);
  return makeLab(planNode({ pods, mechanism: state.options.mechanism ?? "mixed", profile }), state);
}

/** Namespaces, mounts and process 1. */
async function startFrame(plan: NodePlan, options: LabOptions, before: string[]): Promise<LabState> {
  const build = buildLab();
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), LAB_PREFIX));
  // Users of the lab's sshd have their homes below it.
  fs.chmodSync(dir, 0o711);
  const bin = path.join(dir, "bin");
  fs.mkdirSync(bin);
  for (const name of fs.readdirSync(build).filter((file) => /^lab-|\.o$/.test(file)))
    fs.copyFileSync(path.join(build, name), path.join(bin, name));
  fs.renameSync(path.join(bin, "lab-node"), path.join(bin, "systemd"));
  for (const name of ["cilium-agent", "tetragon"]) fs.linkSync(path.join(bin, "lab-agent"), path.join(bin, name));
  const apps = new Set(["pause", "kubelet", "containerd", ...plan.pods.map((pod) => pod.app)]);
  for (const name of apps) fs.linkSync(path.join(bin, "lab-pod"), path.join(bin, name));
  fs.writeFileSync(path.join(dir, "os-release"), OS_RELEASE);
  fs.writeFileSync(path.join(dir, "hosts"), `127.0.0.1 localhost\n${NODE_ADDRESS} ${plan.hostname}\n`);
  const cgroupDir = path.join(cgroup2Mount(), path.basename(dir));
  fs.mkdirSync(path.join(cgroupDir, "system.slice/ssh.service"), { recursive: true });

  const outer = spawn(path.join(bin, "systemd"), [cgroupDir, dir, plan.hostname], {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = await new Promise<string>((resolve, reject) => {
    let text = "";
    let errors = "";
    outer.stderr.setEncoding("utf8").on("data", (more: string) => {
      errors += more;
    });
    outer.stdout.setEncoding("utf8").on("data", (more: string) => {
      text += more;
      if (text.includes("ready\n")) resolve(text);
    });
    outer.on("error", reject);
    outer.on("exit", (code) => reject(new Error(`the lab's frame ended with ${code}: ${errors}`)));
  }).catch((error) => {
    fs.rmSync(dir, { recursive: true });
    removeCgroups(cgroupDir);
    throw error;
  });
  outer.stdout.destroy();
  outer.stderr.destroy();
  outer.unref();
  const number = (key: string) => Number(new RegExp(`^${key} (\\d+)$`, "m").exec(said)?.[1]);
  return {
    dir,
    cgroup_dir: cgroupDir,
    outer: outer.pid ?? 0,
    wire: number("wire"),
    pid1: number("pid1"),
    options,
    faults: [],
    own: { prog: [], map: [], link: [] },
    before,
  };
}

/** Everything inside: sshd files, pods, network, agents, faults. */
async function furnish(lab: LabInside, options: LabOptions): Promise<void> {
  lab.noteHeldBy(lab.state.pid1);
  if (options.ssh) await lab.startSsh();
  if (options.bpftool) await lab.replaceBpftool(options.bpftool);
  await lab.startPods();
  await layNetwork(lab.plan, lab.enter, lab.state.outer, lab.state.pid1);
  await lab.startHolder("tetragon", lab.plan.tetragon, tetragonPlan());
  const faults = options.faults ?? [];
  for (const fault of faults.filter(isOlderThanAgent)) await lab.addFault(fault);
  if (faults.some(isOlderThanAgent)) await nextSecond();
  await lab.restartAgent();
  for (const fault of faults.filter((name) => !isOlderThanAgent(name))) await lab.addFault(fault);
}

interface LabInside extends Lab {
  startSsh(): Promise<void>;
  /** Remembers the programs a process of the lab holds. */
  noteHeldBy(pid: number): void;
  startPods(): Promise<void>;
  replaceBpftool(folder: string): Promise<void>;
  /** Starts a process of that pod which carries out a plan and holds what it loaded. */
  startHolder(exe: string, pod: PodPlan, plan: string): Promise<void>;
}

function makeLab(plan: NodePlan, state: LabState): LabInside {
  const enter = ["nsenter", "-t", String(state.pid1), "-m", "-u", "-i", "-n", "-C", "-p", "--"];
  const inCgroup = (cgroup: string) => path.join(state.cgroup_dir, cgroup);
  const root = `/proc/${state.pid1}/root`;

  /** Remembers the ids `lab-agent` printed. */
  const note = (said: string) => {
    for (const [, kind, id] of said.matchAll(/^(prog|map|link) (\d+) /gm)) {
      const list = state.own[kind as keyof LabState["own"]];
      if (!list.includes(Number(id))) list.push(Number(id));
    }
  };
  const agentProcs = () => {
    try {
      return fs
        .readFileSync(inCgroup(`${plan.cilium.container_cgroup}/cgroup.procs`), "utf8")
        .trim()
        .split("\n")
        .filter(Boolean);
    } catch {
      return [];
    }
  };
  const tools: FaultTools = {
    plan,
    must: (argv) => must([...enter, ...argv]),
    once: async (text) => note(await must([...enter, `${BIN}/lab-agent`, "--once"], `${text}\n`)),
    restartAgent: () => lab.restartAgent(),
    agentRuns: () => agentProcs().length > 0,
  };

  const lab: LabInside = {
    plan,
    pid1: state.pid1,
    enter,
    session: [...enter, "sh", "-c", JOIN_SSHD],
    ssh: null,
    faults: state.faults,
    state,
    run: (argv, stdin) => run([...enter, ...argv], stdin),
    async addFault(name) {
      if (state.faults.includes(name)) throw new Error(`the lab already has the fault ${name}`);
      await addFault(tools, name);
      state.faults.push(name);
    },
    async clearFault(name) {
      if (!state.faults.includes(name)) throw new Error(`the lab does not have the fault ${name}`);
      await clearFault(tools, name);
      state.faults.splice(state.faults.indexOf(name), 1);
    },
    async restartAgent() {
      for (const pid of agentProcs()) process.kill(Number(pid), "SIGKILL");
      if (!(await until(() => agentProcs().length === 0, 5000))) throw new Error("the agent does not end");
      await lab.startHolder("cilium-agent", plan.cilium, agentPlan(plan));
    },
    async startHolder(exe, pod, text) {
      fs.mkdirSync(inCgroup(pod.container_cgroup), { recursive: true });
      const argv = [`${BIN}/${exe}`, "--stay", `/sys/fs/cgroup${pod.container_cgroup}`];
      note(await must([...enter, ...argv], `${text}\n`));
    },
    async startPods() {
      const hosts = [plan.cilium, plan.tetragon];
      for (const pod of [...plan.pods, ...hosts]) {
        fs.mkdirSync(inCgroup(pod.sandbox_cgroup), { recursive: true });
        fs.mkdirSync(inCgroup(pod.container_cgroup), { recursive: true });
        const logs = path.join(root, "var/log/pods", pod.log_dir, pod.container);
        fs.mkdirSync(logs, { recursive: true });
        fs.writeFileSync(path.join(logs, "0.log"), "");
      }
      for (const unit of ["kubelet", "containerd"]) fs.mkdirSync(inCgroup(`/system.slice/${unit}.service`));
      const line = (cgroup: string, host: string, netns: string, how: string, exe: string) =>
        `/sys/fs/cgroup${cgroup} ${host} ${netns} ${how} ${BIN}/${exe}\n`;
      const table = [
        ...["kubelet", "containerd"].map((unit) => line(`/system.slice/${unit}.service`, "-", "-", "host", unit)),
        ...hosts.map((pod) => line(pod.sandbox_cgroup, "-", "-", "host", "pause")),
        ...endpointPods(plan).flatMap((pod) => [
          line(pod.sandbox_cgroup, pod.name, pod.endpoint.netns, "new", "pause"),
          line(pod.container_cgroup, pod.name, pod.endpoint.netns, "join", pod.app),
        ]),
      ];
      await must([...enter, `${BIN}/lab-pod`, "start"], table.join(""));
    },
    noteHeldBy(pid) {
      for (const fd of fs.readdirSync(`/proc/${pid}/fdinfo`)) {
        const id = /^prog_id:\s*(\d+)$/m.exec(fs.readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8"))?.[1];
        if (id) state.own.prog.push(Number(id));
      }
    },
    async replaceBpftool(folder) {
      fs.cpSync(folder, path.join(state.dir, "bin/bpftool"), { recursive: true });
      const script = path.join(state.dir, "bpftool");
      fs.writeFileSync(script, `#!/bin/sh\nexec ${BIN}/bpftool/bpftool "$@"\n`, { mode: 0o755 });
      const own = (await must([...enter, "sh", "-c", "command -v bpftool"])).trim();
      await must([...enter, "mount", "--bind", script, own]);
    },
    async startSsh() {
      const filesDir = path.join(state.dir, "ssh");
      fs.mkdirSync(filesDir);
      const files = prepareSshdFiles(filesDir);
      await must([...enter, "sh"], bindScript(files));
      lab.ssh = await startSshd({ files, enter: lab.session });
    },
    traffic: (traffic) => runTraffic(plan, enter, state, traffic),
    stop: () => stopLab(state, lab.ssh),
  };
  return lab;
}

async function stopLab(state: LabState, ssh: TestSshd | null): Promise<void> {
  const problems: string[] = [];
  await ssh?.stop().catch((error: Error) => problems.push(error.message));
  const own: OwnIds = {
    prog: new Set(state.own.prog),
    map: new Set(state.own.map),
    link: new Set(state.own.link),
  };
  kill(state.pid1, path.basename(state.cgroup_dir));
  const processes = () => [state.pid1, state.wire, state.outer].filter((pid) => belongs(pid, state));
  if (!(await until(() => processes().length === 0 && cgroupProcs(state.cgroup_dir).length === 0, 10_000)))
    problems.push(`processes left: ${[...processes(), ...cgroupProcs(state.cgroup_dir)].join(" ")}`);
  fs.rmSync(state.dir, { recursive: true, force: true });
  if (!(await until(() => removeCgroups(state.cgroup_dir), 5000))) problems.push(`cgroup left: ${state.cgroup_dir}`);
  problems.push(...(await leftovers(own, state.before)).map((line) => `left behind: ${line}`));
  if (problems.length > 0)
    throw new Error(`the lab did not go away cleanly${alone() ? "" : " (own objects only)"}:\n${problems.join("\n")}`);
}

/** nsenter leaves a command outside the node's cgroup tree; a session belongs to sshd's. */
const JOIN_SSHD = 'echo 0 > /sys/fs/cgroup/system.slice/ssh.service/cgroup.procs; exec "$0" "$@"';

const OS_RELEASE = `PRETTY_NAME="bpfdesk lab node"
NAME="bpfdesk lab"
ID=bpfdesk-lab
ID_LIKE=debian
VERSION_ID="1"
`;

/** True while that pid is a process of this lab (and not another that was given the number later). */
function belongs(pid: number, state: LabState): boolean {
  try {
    const exe = fs.readlinkSync(`/proc/${pid}/exe`);
    return exe.startsWith(state.dir) || exe.startsWith(BIN);
  } catch {
    return false;
  }
}

function kill(pid: number, cgroup: string): void {
  try {
    if (fs.readFileSync(`/proc/${pid}/cgroup`, "utf8").includes(`/${cgroup}`)) process.kill(pid, "SIGKILL");
  } catch {
    // ended already
  }
}
