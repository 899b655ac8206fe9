/**
 * Connects to a node over SSH, step by step and visibly: resolving, connecting, host key,
 * authenticating, privileges. Every step has its own time limit, can be cancelled, and fails with an
 * error that names the node, the step and what to try.
 */
import { BpfdeskError, type Phase } from "../../core/errors.ts";
import type { Prompt } from "../../core/journal/events.ts";
import type { LinkInfo } from "../../core/ssh/link.ts";
import type { PromptAnswer } from "../../shared/contract.ts";
import type { OnCommand } from "../transport/privileges.ts";
import { quoteArgv } from "../transport/quote.ts";
import type { NodeTransport } from "../transport/types.ts";
import { type Backend, chooseForChain } from "./backend.ts";
import { resolveChain } from "./chain.ts";
import type { Connection } from "./client.ts";
import { askNobody, type OpenChain, openChain } from "./hops.ts";
import { connectOpenSsh } from "./openssh/connect.ts";
import type { ResolvedHost } from "./resolve.ts";
import { searchRoot, sshArgv } from "./root-search.ts";
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
  /** `$BPFDESK_TAG` of every command. */
  tag?: string;
  /** How long a command goes on when the node hears nothing of us, in seconds; 15 otherwise. */
  lease_s?: number;
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
  let chosen: Backend;
  try {
    resolving.enter("resolving", target.text, 0);
    chain = await resolving.during(resolveChain(target.text, options));
    chosen = await resolving.during(chooseForChain(chain, options));
  } finally {
    resolving.end();
  }
  if (chosen.backend === "openssh") return connectOpenSsh(options, chain, chosen.why);
  try {
    return await connectSsh2(options, chain, chosen.why);
  } catch (error) {
    // What bpfdesk's own connection does not know, the system's may.
    const other = error instanceof BpfdeskError && error.data.code === "no-common-algorithm";
    if (!other || options.backend === "ssh2" || chain.some((host) => host.approximate)) throw error;
    return connectOpenSsh(
      options,
      chain,
      `bpfdesk's own connection has no algorithm in common with it (${error.data.cause ?? ""}).`,
    );
  }
}

async function connectSsh2(options: ConnectSshOptions, chain: ResolvedHost[], why: string): Promise<NodeTransport> {
  const opened = await openChain(chain, options);
  try {
    return await openTransport(chain, opened, options, why);
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
  why: string,
): Promise<NodeTransport> {
  const [connection] = connections;
  const node = chain.at(-1);
  if (connection === undefined || node === undefined) throw new Error("a chain has at least the node");
  const privileges = await searchRoot({
    node,
    steps,
    options,
    terminals: true,
    open: (argv, terminal) => openSession(connection, quoteArgv(argv), steps.node, undefined, terminal),
    onLost(listener) {
      connection.client.once("close", listener);
      return () => connection.client.removeListener("close", listener);
    },
  });
  return new SshTransport({
    host: steps.node,
    user: privileges.user,
    connections,
    privileges,
    tag: options.tag,
    lease_s: options.lease_s,
    ssh_argv: sshArgv(options),
    link: { backend: "ssh2", why, hops } satisfies LinkInfo,
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
