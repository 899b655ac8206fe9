/**
 * Connects to a node over SSH, step by step and visibly: resolving, connecting, host key,
 * authenticating, privileges. Every step has its own time limit, can be cancelled, and fails with an
 * error that names the node, the step and what to try.
 */
import { BpfdeskError, type Phase } from "../../core/errors.ts";
import type { Prompt } from "../../core/journal/events.ts";
import type { LinkInfo } from "../../core/ssh/link.ts";
import type { PromptAnswer } from "../../shared/contract.ts";
import { connectionLost } from "../transport/execution.ts";
import { findPrivileges, type OnCommand } from "../transport/privileges.ts";
import { quoteArgv } from "../transport/quote.ts";
import type { NodeTransport } from "../transport/types.ts";
import { resolveChain } from "./chain.ts";
import type { Connection } from "./client.ts";
import { askNobody, limitOf, type OpenChain, openChain } from "./hops.ts";
import type { ResolvedHost } from "./resolve.ts";
import { openSession, SshTransport } from "./ssh-transport.ts";
import { Steps } from "./steps.ts";
import { parseTarget } from "./target.ts";

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
  /** Chosen by what the host needs when absent. */
  backend?: "ssh2" | "openssh";
  /** Told of what is run before the transport exists. */
  onCommand?: OnCommand;
  onPhase(phase: Phase, detail: string): void;
  ask(prompt: Prompt): Promise<PromptAnswer>;
  signal: AbortSignal;
}

/** Rejects with a BpfdeskError, code `cancelled` within moments of the signal. Leaves nothing open then. */
export async function connectSsh(options: ConnectSshOptions): Promise<NodeTransport> {
  const target = parseTarget(options.target);
  const resolving = new Steps({ ...options, node: target.text });
  let chain: ResolvedHost[];
  try {
    resolving.enter("resolving", target.text, 0);
    chain = await resolving.during(resolveChain(target.text, options));
  } finally {
    resolving.end();
  }
  const opened = await openChain(chain, options);
  try {
    return await openTransport(chain, opened, options);
  } catch (error) {
    for (const { client } of opened.connections) client.destroy();
    throw error;
  } finally {
    opened.steps.end();
  }
}

async function openTransport(
  chain: ResolvedHost[],
  { connections, members, hops, steps }: OpenChain,
  options: ConnectSshOptions,
): Promise<NodeTransport> {
  const [connection] = connections;
  const node = chain.at(-1);
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
    link: { backend: "ssh2", why: "bpfdesk's own connection does all this host asks for.", hops } satisfies LinkInfo,
    lockKeys: () => {
      for (const { keys } of members) keys.lock();
    },
    /** The same chain again with the keys and host keys of the first time; rejects rather than ask anybody. */
    another: async (signal: AbortSignal): Promise<Connection[]> => {
      const quietly = { ...options, onPhase: () => {}, ask: askNobody(steps.node), signal };
      const again = await openChain(chain, quietly, members);
      again.steps.end();
      return again.connections;
    },
  });
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
