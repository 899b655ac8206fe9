/** The commands of `node scripts/lab.mjs`. Prints for people; tests use `startLab` itself. */
import { parseArgs } from "node:util";
import { portableBpftool } from "./bpftool.ts";
import { FAULTS, type FaultName } from "./faults.ts";
import { attachLab, type Lab, type LabOptions, startLab } from "./lab.ts";
import { endpointPods, type LabMechanism, type LabProfile } from "./plan.ts";
import { savedStates, saveState } from "./state.ts";

const USAGE = `usage: node scripts/lab.mjs COMMAND
  up [--pods N] [--profile full|busy] [--mechanism mixed|tcx|clsact] [--fault NAME]… [--bpftool] [--ssh]
                  make a node; with --ssh also a sshd on 127.0.0.1, and stay until Ctrl-C,
                  with --bpftool the portable one in place of the machine's own
  down            remove every lab made by "up", and say when something is left
  status          what is up, and how to enter it
  fault NAME      lay a fault on it:  ${FAULTS.join(" ")}
  clear NAME      take it away
  traffic         a burst of traffic through it
  record-sample   record resources/sample from a fresh lab
`;

async function up(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      pods: { type: "string" },
      profile: { type: "string" },
      mechanism: { type: "string" },
      fault: { type: "string", multiple: true },
      bpftool: { type: "boolean" },
      ssh: { type: "boolean" },
    },
  });
  const options: LabOptions = {};
  if (values.pods !== undefined) options.pods = Number(values.pods);
  if (values.profile !== undefined) options.profile = oneOf<LabProfile>(values.profile, ["full", "busy"]);
  if (values.mechanism !== undefined)
    options.mechanism = oneOf<LabMechanism>(values.mechanism, ["mixed", "tcx", "clsact"]);
  if (values.bpftool) options.bpftool = portableBpftool();
  if (values.ssh) options.ssh = true;
  options.faults = (values.fault ?? []).map((name) => oneOf<FaultName>(name, FAULTS));
  const lab = await startLab(options);
  describe(lab);
  if (!lab.ssh) {
    saveState(lab.state);
    return;
  }
  const { ssh } = lab;
  print(`ssh -i ${ssh.keyFile} -p ${ssh.port} -o UserKnownHostsFile=${ssh.knownHosts} root@${ssh.host}`);
  for (const [user, password] of Object.entries(ssh.passwords)) print(`  user ${user}, password ${password}`);
  print("Ctrl-C takes it down.");
  const alive = setInterval(() => undefined, 60_000);
  await new Promise((resolve) => process.once("SIGINT", resolve).once("SIGTERM", resolve));
  clearInterval(alive);
  await lab.stop();
}

function describe(lab: Lab): void {
  const { plan, state } = lab;
  print(
    `${plan.hostname}: ${plan.pods.length} pods, ${state.own.prog.length} programs, faults: ${state.faults.join(" ") || "none"}`,
  );
  print(`  enter it: ${lab.enter.join(" ")} bash`);
  const [pod] = endpointPods(plan);
  if (pod) print(`  a pod: ${pod.namespace}/${pod.name}, ${pod.endpoint.address}, ${pod.endpoint.ifname}`);
}

function current(): Lab {
  const state = savedStates().at(-1);
  if (!state) throw new Error("no lab is up");
  return attachLab(state);
}

async function main(): Promise<void> {
  const [command = "", ...args] = process.argv.slice(2);
  switch (command) {
    case "up":
      return up(args);
    case "down":
      for (const state of savedStates()) await attachLab(state).stop();
      return;
    case "status":
      if (savedStates().length === 0) print("no lab is up");
      for (const state of savedStates()) describe(attachLab(state));
      return;
    case "fault":
    case "clear": {
      const lab = current();
      const name = oneOf<FaultName>(args[0] ?? "", FAULTS);
      await (command === "fault" ? lab.addFault(name) : lab.clearFault(name));
      saveState(lab.state);
      return;
    }
    case "traffic":
      for (const flow of await current().traffic())
        print(
          `${flow.from} → ${flow.to}: udp ${flow.udp.answered}/${flow.udp.sent}, tcp ${flow.tcp.answered}/${flow.tcp.tried}`,
        );
      return;
    case "record-sample": {
      const { recordSample } = await import("./sample.ts");
      print(await recordSample());
      return;
    }
    default:
      process.stderr.write(USAGE);
      process.exitCode = 2;
  }
}

function oneOf<T extends string>(value: string, allowed: readonly T[]): T {
  const found = allowed.find((name) => name === value);
  if (found === undefined) throw new Error(`"${value}" is none of: ${allowed.join(" ")}`);
  return found;
}

const print = (line: string) => process.stdout.write(`${line}\n`);

main().catch((error: Error) => {
  process.stderr.write(`lab: ${error.message}\n`);
  process.exitCode = 1;
});
