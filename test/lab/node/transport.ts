/**
 * A NodeTransport into a lab node without SSH: commands run as root in its namespaces. For the lab's own
 * checks and for recording; what SSH adds is tested with the real sshd.
 */
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import type { ExecRequest, Execution, NodeTransport } from "../../../electron/host/transport/types.ts";
import type { Lab } from "./lab.ts";

export function labTransport(lab: Lab): NodeTransport {
  return {
    kind: "local",
    host: lab.plan.hostname,
    user: "root",
    privileges: "root",
    exec: (request) => Promise.resolve(exec(lab, request)),
    upload: async (bytes, path, mode) => {
      fs.writeFileSync(`/proc/${lab.pid1}/root${path}`, bytes, { mode, flag: "wx" });
    },
    shellLine: ({ argv }) => argv.join(" "),
    onLost: () => undefined,
    close: () => Promise.resolve(),
  };
}

function exec(lab: Lab, request: ExecRequest): Execution {
  const [command = "", ...args] = [...lab.session, ...request.argv];
  const child = spawn(command, args, { stdio: "pipe", timeout: request.timeout_ms });
  if (request.stdin !== undefined) child.stdin.end(request.stdin);
  const exited = new Promise<{ code: number | null; signal: string | null }>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve({ code, signal }));
  });
  const { stdout, stderr } = child;
  const say = (word: string) => void child.stdin.write(`${word}\n`);
  return { stdout, stderr, exited, cancel: () => child.kill(), interrupt: () => child.kill("SIGINT"), say };
}
