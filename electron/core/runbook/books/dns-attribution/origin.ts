/** How an asker came to where it is: its command, its container, and the processes that started it. */
import type { Evidence } from "../../types.ts";
import type { Asker } from "./askers.ts";
import type { Ground } from "./ground.ts";
import { type Process, parentsOfProcess, processesIn } from "./processes.ts";

/** What a runtime leaves between itself and a container's processes. */
const SHIM = /^(containerd-shim|conmon|docker-containe|crio)/;
const LONGEST_LINE = 300;

/** Facts with their sources, and a clause for the verdict's meaning: "it was started by …". */
export interface Origin {
  evidence: Evidence[];
  meaning: string;
}

export function originOfAsker(asker: Asker, ground: Ground): Origin {
  const evidence: Evidence[] = [];
  const { container, processes, place } = asker;
  if (container !== null) evidence.push(containerEvidence(asker, ground));
  const [process] = processes;
  if (process === undefined) {
    const init = place.container_id === null ? undefined : rootsIn(ground, place.container_id)[0];
    if (init) evidence.push(fact(`the first process of its container: ${processText(init, ground)}`, init));
    const problem = ground.table.problems.length === 0 ? "" : ` (${ground.table.problems.join("; ")})`;
    return {
      evidence,
      meaning: `What started it is not known: it was not there when processes were read, before and after the watch${problem}.`,
    };
  }
  evidence.push(fact(processText(process, ground), process));
  const parents = parentsOfProcess(ground.table, process);
  if (parents.length > 0) {
    const chain = parents.map((one) => `${one.comm} (pid ${one.pid}${lineText(one)})`).join(" ← ");
    evidence.push(fact(`started by ${chain}`, process));
  }
  return { evidence, meaning: meaningOf(asker, process, parents, ground) };
}

function containerEvidence({ container, place }: Asker, { state, readings }: Ground): Evidence {
  const { name, pod, image, role, made, host_network, pod_key } = container as NonNullable<Asker["container"]>;
  const words = [
    `container ${name ?? "of unknown name"} of pod ${pod}`,
    image === null ? "image not known (crictl did not name it)" : `image ${image}`,
    role,
    ...(made === null ? [] : [made]),
    ...(host_network === true ? ["in the node's network (hostNetwork)"] : []),
  ];
  const told = readings.find(({ section }) => section === "k8s.crictl")?.command_id ?? state.collect_command_id;
  const source: Evidence["source"] =
    pod_key === null ? { kind: "command", command_id: told ?? "" } : { kind: "thing", key: pod_key };
  return { text: `${words.join("; ")}; by its cgroup ${place.cgroup}`, source };
}

/** Processes of a container whose parent is outside of it, by their start: its command, and what was put into it. */
function rootsIn({ table }: Ground, container_id: string): Process[] {
  const inside = processesIn(table, container_id);
  const pids = new Set(inside.map(({ pid }) => pid));
  return inside.filter(({ ppid }) => !pids.has(ppid));
}

function meaningOf({ place }: Asker, process: Process, parents: readonly Process[], ground: Ground): string {
  if (place.container_id === null) {
    const [parent] = parents;
    return parent === undefined ? "" : `It was started by ${parent.comm} (pid ${parent.pid}).`;
  }
  const roots = rootsIn(ground, place.container_id);
  const line = [process, ...parents];
  const root = line.findLast(({ container_id }) => container_id === place.container_id);
  const [command] = roots;
  if (root === undefined || command === undefined) return "";
  if (root.pid === command.pid) {
    return root.pid === process.pid
      ? "It is the container's own command."
      : `It descends from the container's own command, ${command.comm} (pid ${command.pid}).`;
  }
  const outside = parents.find(({ container_id }) => container_id !== place.container_id);
  const by = outside === undefined ? "" : ` by ${outside.comm} (pid ${outside.pid})`;
  if (outside !== undefined && !SHIM.test(outside.comm)) {
    return `It was put into the running container from outside${by}.`;
  }
  return `It is not the container's own command (${command.comm}, pid ${command.pid}) nor started by it: it was put into the running container${by}, as kubectl exec, a probe or a hook does, or its own parent has ended.`;
}

function processText(process: Process, { state }: Ground): string {
  const boot = state.datapath?.node.boot_time ?? null;
  // USER_HZ is 100 on every architecture Kubernetes runs on.
  const started = boot === null ? null : boot + Number(process.start) / 100;
  const words = [
    `pid ${process.pid} ${process.command_line === null ? process.comm : cut(process.command_line)}`,
    ...(process.exe === null ? [] : [`binary ${process.exe}${process.gone === null ? "" : " (deleted)"}`]),
    ...(process.uid === null ? [] : [`uid ${process.uid}`]),
    ...(process.inner_pid === null ? [] : [`pid ${process.inner_pid} inside`]),
    ...(started === null ? [] : [`started ${new Date(started * 1000).toISOString().replace(/\.\d+Z$/, "Z")}`]),
    ...(process.still_there ? [] : ["gone before the watch was over"]),
  ];
  return words.join("; ");
}

const lineText = ({ command_line, comm }: Process) =>
  command_line === null || command_line === comm ? "" : `: ${cut(command_line)}`;

const cut = (text: string) => (text.length <= LONGEST_LINE ? text : `${text.slice(0, LONGEST_LINE)}…`);

const fact = (text: string, { command_id }: Process): Evidence => ({ text, source: { kind: "command", command_id } });
