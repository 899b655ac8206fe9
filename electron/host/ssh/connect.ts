/**
 * Connects to a node over SSH, step by step and visibly: resolving, connecting, host key,
 * authenticating, privileges. Every step has its own time limit, can be cancelled, and fails with an
 * error that names the node, the step and what to try.
 */
import type { Duplex } from "node:stream";
import type { Client } from "ssh2";
import { BpfdeskError, type Phase } from "../../core/errors.ts";
import type { Prompt } from "../../core/journal/events.ts";
import type { PromptAnswer } from "../../shared/contract.ts";
import { connectionLost } from "../transport/execution.ts";
import { findPrivileges, type OnCommand } from "../transport/privileges.ts";
import { quoteArgv } from "../transport/quote.ts";
import type { NodeTransport } from "../transport/types.ts";
import { type Connection, openClient } from "./client.ts";
import { dial } from "./dial.ts";
import { type KeyRing, type KeySource, loadKeys } from "./keys.ts";
import { readKnownHosts } from "./known-hosts.ts";
import { type ResolvedHost, resolveHost } from "./resolve.ts";
import { openSession, SshTransport } from "./ssh-transport.ts";
import { Steps } from "./steps.ts";
import { nodeName, parseTarget } from "./target.ts";

export interface ConnectSshOptions {
  /** Alias of ~/.ssh/config, or `[user@]host[:port]`. */
  target: string;
  /** Tried before all other keys; must exist. */
  identity_file?: string;
  /** Used instead of the user's known_hosts files. */
  known_hosts?: string;
  /** Used instead of ~/.ssh/config and the system's configuration. */
  config_file?: string;
  /**
   * True: root is wanted, and not getting it is an error. False: never ask for sudo's password.
   * Undefined: ask when one is needed; without an answer go on without root.
   */
  sudo?: boolean;
  /** Limit for each answer of the server in ms; ConnectTimeout or 15 s otherwise. */
  limit_ms?: number;
  /** Told of what is run before the transport exists. */
  onCommand?: OnCommand;
  onPhase(phase: Phase, detail: string): void;
  ask(prompt: Prompt): Promise<PromptAnswer>;
  signal: AbortSignal;
}

const DEFAULT_LIMIT_MS = 15_000;
const MAX_HOPS = 8;

/** Rejects with a BpfdeskError, code `cancelled` within moments of the signal. Leaves nothing open then. */
export async function connectSsh(options: ConnectSshOptions): Promise<NodeTransport> {
  const target = parseTarget(options.target);
  const resolving = new Steps({ ...options, node: target.text });
  const connections: Connection[] = [];
  let steps = resolving;
  try {
    resolving.enter("resolving", target.text, 0);
    const chain = await resolving.during(resolveChain(target.text, options, resolving, 0));
    resolving.end();
    for (const [index, resolved] of chain.entries()) {
      steps.end();
      const isNode = index === chain.length - 1;
      steps = stepsFor(resolved, options, isNode);
      const keys = await steps.during(loadKeys(keySource(resolved, options, isNode), steps));
      const stream = await openStream(resolved, connections[0]?.client ?? null, steps, limitOf(resolved, options));
      connections.unshift(await login(stream, resolved, keys, steps, options));
    }
    return await openTransport(connections, chain.at(-1), steps, options);
  } catch (error) {
    for (const { client } of connections) client.destroy();
    throw error;
  } finally {
    steps.end();
  }
}

/** The hosts to log in to, in order; the last is the node. */
async function resolveChain(
  text: string,
  options: ConnectSshOptions,
  steps: Steps,
  depth: number,
): Promise<ResolvedHost[]> {
  const resolved = await resolveHost(text, {
    signal: options.signal,
    ...(options.config_file === undefined ? {} : { config_file: options.config_file }),
  });
  if (resolved.proxy_command !== null) {
    throw steps.error({
      code: "proxy-command",
      message: `${text} is reached by a ProxyCommand, which bpfdesk does not run yet.`,
      hint: "Use ProxyJump for it, or forward a port with ssh -L and connect to that.",
      cause: resolved.proxy_command.slice(0, 500),
    });
  }
  if (depth > MAX_HOPS) {
    throw steps.error({
      code: "proxy-jump",
      message: `${text} is behind more than ${MAX_HOPS} hops.`,
      hint: "Check ProxyJump in ~/.ssh/config: does a host name itself?",
    });
  }
  const [first, ...others] = resolved.proxy_jump;
  if (first === undefined) return [resolved];
  // As OpenSSH: the first hop may have hops of its own, the others are reached through the one before.
  const chain = await resolveChain(first, options, steps, depth + 1);
  for (const hop of others) chain.push((await resolveChain(hop, options, steps, MAX_HOPS)).at(-1) ?? resolved);
  return [...chain, resolved];
}

/** TCP, or a channel through the hop before. */
async function openStream(resolved: ResolvedHost, hop: Client | null, steps: Steps, limit_ms: number): Promise<Duplex> {
  const { hostname, port } = resolved;
  steps.enter("connecting", `${hostname} port ${port}`, limit_ms);
  if (hop === null) return dial(hostname, port, steps);
  const forwarded = new Promise<Duplex>((resolve, reject) => {
    hop.forwardOut("127.0.0.1", 0, hostname, port, (error, stream) => {
      if (error === undefined) resolve(stream);
      else {
        reject(
          steps.error({
            code: "connect-failed",
            message: `The hop before it could not reach ${hostname} port ${port}.`,
            hint: "Check the address as seen from the hop, and AllowTcpForwarding there.",
            cause: error.message,
          }),
        );
      }
    });
  });
  return steps.during(forwarded);
}

function keySource(resolved: ResolvedHost, options: ConnectSshOptions, isNode: boolean): KeySource {
  const { agent, identity_files, identities_only, certificate_files } = resolved;
  const identity_file = isNode ? (options.identity_file ?? null) : null;
  return { agent, identity_files, identities_only, certificate_files, identity_file };
}

async function login(
  stream: Duplex,
  resolved: ResolvedHost,
  keys: KeyRing,
  steps: Steps,
  options: ConnectSshOptions,
): Promise<Connection> {
  try {
    const user_known_hosts = options.known_hosts === undefined ? resolved.user_known_hosts : [options.known_hosts];
    return await openClient({
      stream,
      resolved: { ...resolved, user_known_hosts },
      known: await readKnownHosts([...user_known_hosts, ...resolved.global_known_hosts]),
      keys,
      steps,
      limit_ms: limitOf(resolved, options),
    });
  } catch (error) {
    stream.destroy();
    throw error;
  }
}

async function openTransport(
  connections: Connection[],
  node: ResolvedHost | undefined,
  steps: Steps,
  options: ConnectSshOptions,
): Promise<NodeTransport> {
  const [connection] = connections;
  if (connection === undefined || node === undefined) throw new Error("a chain has at least the node");
  steps.enter("privileges", `as ${node.user}`, limitOf(node, options));
  const search = findPrivileges({
    open: (argv, terminal) => openSession(connection, quoteArgv(argv), steps.node, undefined, terminal),
    terminals: true,
    ask: (prompt) => steps.ask(prompt),
    node: steps.node,
    sudo: options.sudo,
    user: node.user,
    shell_prefix: sshArgv(options),
    onDetail: (detail) => steps.detail(detail),
    onCommand: options.onCommand,
  });
  // Between two commands, while a person thinks, only the connection itself tells that it is gone.
  let onClose = () => {};
  const lost = new Promise<never>((_, reject) => {
    onClose = () => reject(steps.error(connectionLost("the search for root", steps.node)));
    connection.client.once("close", onClose);
  });
  const privileges = await steps.during(Promise.race([search, lost])).catch((error: unknown) => {
    throw error instanceof BpfdeskError && error.data.phase === undefined
      ? new BpfdeskError({ ...error.data, phase: "privileges" })
      : error;
  });
  connection.client.removeListener("close", onClose);
  return new SshTransport({
    host: steps.node,
    user: privileges.user,
    connections,
    privileges,
    ssh_argv: sshArgv(options),
  });
}

function stepsFor(resolved: ResolvedHost, options: ConnectSshOptions, isNode: boolean): Steps {
  const node = nodeName(resolved.user, resolved.hostname, resolved.port);
  const onPhase: ConnectSshOptions["onPhase"] = (phase, detail) =>
    options.onPhase(phase, isNode ? detail : `hop ${node}: ${detail}`);
  return new Steps({ node, onPhase, ask: options.ask, signal: options.signal });
}

function limitOf(resolved: ResolvedHost, options: ConnectSshOptions): number {
  if (options.limit_ms !== undefined) return options.limit_ms;
  return resolved.connect_timeout_s === null ? DEFAULT_LIMIT_MS : resolved.connect_timeout_s * 1000;
}

/** The ssh command that reaches the same node, as one would type it. */
function sshArgv(options: ConnectSshOptions): string[] {
  const { user, host, port } = parseTarget(options.target);
  return [
    "ssh",
    ...(options.config_file === undefined ? [] : ["-F", options.config_file]),
    ...(options.identity_file === undefined ? [] : ["-i", options.identity_file]),
    ...(options.known_hosts === undefined ? [] : ["-o", `UserKnownHostsFile=${options.known_hosts}`]),
    ...(port === null || port === 22 ? [] : ["-p", String(port)]),
    user === null ? host : `${user}@${host}`,
  ];
}
