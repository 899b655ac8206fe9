/**
 * Connecting to a test sshd in one line: a configuration that knows nothing of the machine's own keys,
 * answers taken from a list, and everything that was asked and shown kept for comparison.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { text } from "node:stream/consumers";
import type { ErrorData, Phase } from "../../electron/core/errors.ts";
import type { Prompt } from "../../electron/core/journal/events.ts";
import { type ConnectSshOptions, connectSsh } from "../../electron/host/ssh/connect.ts";
import type { ExecExit, ExecRequest, NodeTransport } from "../../electron/host/transport/types.ts";
import type { PromptAnswer } from "../../electron/shared/contract.ts";
import type { TestSshd } from "./sshd.ts";

export interface Attempt {
  asked: Prompt[];
  phases: Phase[];
  details: string[];
  /** Resolves with the transport, or with the error's data. */
  outcome: Promise<NodeTransport | ErrorData>;
  abort: AbortController;
}

export interface AttemptOptions
  extends Partial<Pick<ConnectSshOptions, "identity_file" | "sudo" | "limit_ms" | "backend" | "lease_s">> {
  user?: string;
  /** Another port than the server's own: a proxy's. */
  port?: number;
  /** Lines of the ssh configuration, e.g. `StrictHostKeyChecking yes`. */
  config?: string[];
  /** known_hosts to use; the server's own keys by default. */
  known_hosts?: string;
  /** Answers by kind of prompt; a prompt without one is never answered. */
  answers?: Partial<Record<Prompt["kind"], (string | null)[]>>;
}

type Backend = "ssh2" | "openssh";
let backendOfFile: Backend | undefined;

/** For files that make the promises of another file by the other program. */
export function connectBy(backend: Backend): void {
  backendOfFile = backend;
}

/** Where the two cannot say the same. */
export function connectsBy(backend: Backend): boolean {
  return backend === (backendOfFile ?? "ssh2");
}

/** Text of an answer, or null to refuse. */
function answerTo(value: string | null): PromptAnswer {
  return value === null ? { accept: false, values: [] } : { accept: true, values: [value] };
}

export function connect(server: TestSshd, options: AttemptOptions = {}): Attempt {
  const { user = "engineer", port = server.port, answers = {} } = options;
  const config_file = path.join(server.dir, `config-${Math.random().toString(36).slice(2)}`);
  // A proxy has another port, but it is the same host.
  const alias = port === server.port ? [] : [`HostKeyAlias [127.0.0.1]:${server.port}`];
  const lines = [...(options.config ?? []), ...alias, "IdentityAgent none", "IdentityFile none"];
  fs.writeFileSync(config_file, `${lines.join("\n")}\nGlobalKnownHostsFile none\n`);
  const abort = new AbortController();
  const asked: Prompt[] = [];
  const phases: Phase[] = [];
  const details: string[] = [];
  const left = structuredClone(answers);
  const { identity_file, sudo, limit_ms, lease_s, backend = backendOfFile } = options;
  const outcome = connectSsh({
    target: `${user}@127.0.0.1:${port}`,
    config_file,
    known_hosts: options.known_hosts ?? server.knownHosts,
    ...(identity_file === undefined ? {} : { identity_file }),
    ...(sudo === undefined ? {} : { sudo }),
    ...(limit_ms === undefined ? {} : { limit_ms }),
    ...(backend === undefined ? {} : { backend }),
    ...(lease_s === undefined ? {} : { lease_s }),
    signal: abort.signal,
    onPhase(phase, detail) {
      if (phases.at(-1) !== phase) phases.push(phase);
      details.push(detail);
    },
    ask(prompt) {
      asked.push(prompt);
      const next = left[prompt.kind]?.shift();
      return next === undefined ? new Promise(() => {}) : Promise.resolve(answerTo(next));
    },
  }).catch((error: { data?: ErrorData }) => {
    if (error.data === undefined) throw error;
    return error.data;
  });
  return { asked, phases, details, outcome, abort };
}

/** A connection that must come about. */
export async function connected(server: TestSshd, options: AttemptOptions = {}): Promise<NodeTransport> {
  const outcome = await connect(server, { identity_file: server.keyFile, ...options }).outcome;
  if ("exec" in outcome) return outcome;
  throw new Error(`not connected: ${JSON.stringify(outcome)}\n${server.log()}`);
}

export interface Ran {
  exit: ExecExit | ErrorData;
  stdout: string;
  stderr: string;
}

/** Runs a command to its end. `exit` is the error's data when it failed. */
export async function run(transport: NodeTransport, argv: string[], options: Partial<ExecRequest> = {}): Promise<Ran> {
  const request = { argv, root: false, timeout_ms: 30_000, record_key: "test", ...options };
  try {
    const execution = await transport.exec(request);
    const exited = execution.exited.catch((error: { data: ErrorData }) => error.data);
    const [stdout, stderr, exit] = await Promise.all([text(execution.stdout), text(execution.stderr), exited]);
    return { exit, stdout, stderr };
  } catch (error) {
    return { exit: (error as { data: ErrorData }).data, stdout: "", stderr: "" };
  }
}
