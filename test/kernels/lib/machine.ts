/**
 * A virtual machine under test, reached by bpfdesk's own transport: scripts, files, servers, and what is in its kernel.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { connectSsh } from "../../../electron/host/ssh/connect.ts";
import type { Execution, NodeTransport } from "../../../electron/host/transport/types.ts";
import { bootKernel } from "../../../scripts/kernels/vm.mjs";
import { buildLab } from "../../lab/node/build.ts";
import { within } from "./limit.ts";
import type { Variables } from "./match.ts";

/** Where the cases' files are in the machine; first in the PATH of every script. */
const FILES = "/root/files";
const SCRIPT_MS = 240_000;
const READY_MS = 120_000;
const STOP_MS = 60_000;
/** Two busy cores may not let a node or us speak for a while. */
const LEASE_S = 60;

export interface Machine {
  kernel: string;
  release: string;
  port: number;
  /** As the command line takes it, and the words that let it in. */
  target: string;
  login: string[];
  /** For scripts and looks; never what is tested. */
  admin: NodeTransport;
  /** A connection of its own. `port`: another way to the same server. */
  connect(port?: number): Promise<NodeTransport>;
  /** Runs shell as root with the variables in its environment; what it prints as NAME=VALUE are variables from then on. */
  script(script: string, variables: Variables): Promise<Record<string, string>>;
  /** Starts shell that stays, until it says that it is ready. */
  serve(script: string, variables: Variables): Promise<Server>;
  console(lines: number): string;
  stop(): Promise<void>;
}

export interface Server {
  variables: Record<string, string>;
  /** Sends SIGINT and waits; what it printed meanwhile as NAME=VALUE are variables, too. */
  stop(): Promise<Record<string, string>>;
}

/** NAME=VALUE, and the lines of the lab's loader: `prog 12 drops_some` is prog_drops_some=12. */
export function variablesOf(output: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const line of output.split("\n")) {
    const set = /^([A-Za-z]\w*)=(.*)$/.exec(line);
    if (set) found[set[1] ?? ""] = set[2] ?? "";
    const object = /^(prog|map|link) (\d+) (\w+)$/.exec(line);
    if (object) found[`${object[1]}_${object[3]}`] = object[2] ?? "";
  }
  return found;
}

function argv(script: string, variables: Variables): string[] {
  const set = Object.entries(variables).map(([name, value]) => `${name}=${value}`);
  const inner = `PATH=$FILES:$PATH; cd "$FILES"; ${script}`;
  return ["env", ...set, `FILES=${FILES}`, "bash", "-euc", inner];
}

export async function startMachine(kernel: string): Promise<Machine> {
  const vm = await bootKernel(kernel);
  const connect = (port = vm.port) => {
    const config_file = path.join(vm.dir, `config-${port}`);
    const lines = [
      `HostKeyAlias [127.0.0.1]:${vm.port}`,
      "IdentityAgent none",
      "IdentityFile none",
      "GlobalKnownHostsFile none",
    ];
    fs.writeFileSync(config_file, `${lines.join("\n")}\n`);
    return connectSsh({
      target: `root@127.0.0.1:${port}`,
      config_file,
      known_hosts: vm.known_hosts,
      identity_file: vm.identity_file,
      limit_ms: 60_000,
      lease_s: LEASE_S,
      onPhase: () => {},
      ask: async () => ({ accept: false, values: [] }),
      signal: new AbortController().signal,
    });
  };
  try {
    const admin = await connect();
    await upload(admin);
    const run = (script: string, variables: Variables, timeout_ms: number) =>
      admin.exec({ argv: argv(script, variables), root: true, timeout_ms, record_key: "script" });
    return {
      kernel,
      release: vm.release,
      port: vm.port,
      target: vm.target,
      login: ["--identity", vm.identity_file, "--known-hosts", vm.known_hosts],
      admin,
      connect,
      async script(script, variables) {
        const execution = await run(script, variables, SCRIPT_MS);
        const [stdout, stderr, exit] = await Promise.all([
          text(execution.stdout),
          text(execution.stderr),
          execution.exited,
        ]);
        if (exit.code !== 0)
          throw new Error(`a script of the case failed (${exit.code ?? exit.signal}): ${stderr}\n${stdout}\n${script}`);
        return variablesOf(stdout);
      },
      serve: async (script, variables) => serve(await run(script, variables, 2 * SCRIPT_MS), script),
      console: vm.console,
      async stop() {
        await admin.close();
        await vm.stop();
      },
    };
  } catch (error) {
    await vm.stop();
    throw error;
  }
}

async function serve(execution: Execution, script: string): Promise<Server> {
  const lines: string[] = [];
  const stderr = text(execution.stderr);
  let ended = false;
  const reader = createInterface({ input: execution.stdout });
  const ready = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`a server did not say ready: ${lines.join("\n")}\n${script}`)),
      READY_MS,
    );
    reader.on("line", (line) => {
      lines.push(line);
      if (line === "ready") {
        clearTimeout(timer);
        resolve();
      }
    });
    reader.on("close", () => {
      ended = true;
      clearTimeout(timer);
      stderr.then((said) => reject(new Error(`a server ended before it was ready: ${said}\n${script}`)), reject);
    });
  });
  const over = new Promise<void>((resolve) => reader.once("close", resolve));
  try {
    await ready;
  } catch (error) {
    execution.cancel();
    await execution.exited.catch(() => {});
    throw error;
  }
  return {
    variables: variablesOf(lines.join("\n")),
    async stop() {
      if (!ended) execution.interrupt();
      try {
        await within(STOP_MS, `the end of a server\n${script}`, over);
      } catch (reason) {
        execution.cancel();
        await execution.exited.catch(() => {});
        throw reason;
      }
      await execution.exited;
      return variablesOf(lines.join("\n"));
    },
  };
}

/** The cases' helpers and the lab's loader and programs, packed by nobody: they are few and small. */
async function upload(admin: NodeTransport): Promise<void> {
  const lab = buildLab();
  const own = path.resolve(import.meta.dirname, "../files");
  const files = [
    ...fs.readdirSync(own).map((name) => path.join(own, name)),
    ...fs
      .readdirSync(lab)
      .filter((name) => name === "lab-agent" || name === "lab-maps" || name.endsWith(".o"))
      .map((name) => path.join(lab, name)),
  ];
  const made = await admin.exec({ argv: ["mkdir", "-p", FILES], root: true, timeout_ms: 30_000, record_key: "mkdir" });
  await Promise.all([text(made.stdout), text(made.stderr), made.exited]);
  for (const file of files) await admin.upload(fs.readFileSync(file), `${FILES}/${path.basename(file)}`, 0o755);
}
