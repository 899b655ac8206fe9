/**
 * Logs in to the hosts of a chain, each through the one before: TCP or a ProxyCommand to the first, a
 * forwarded channel to the others. Each with its own configuration, host key check and questions.
 */
import type { Duplex } from "node:stream";
import type { Client } from "ssh2";
import { BpfdeskError, type Phase } from "../../core/errors.ts";
import type { Prompt } from "../../core/journal/events.ts";
import type { LinkHop } from "../../core/ssh/link.ts";
import type { PromptAnswer } from "../../shared/contract.ts";
import { type Connection, openClient } from "./client.ts";
import { dial } from "./dial.ts";
import { type KeyRing, loadKeys } from "./keys.ts";
import { readKnownHosts } from "./known-hosts.ts";
import { type ProxyCommand, startProxyCommand } from "./proxy-command.ts";
import type { ResolvedHost } from "./resolve.ts";
import { Steps } from "./steps.ts";
import { nodeName } from "./target.ts";

export interface HopsOptions {
  /** For the node itself: tried before all other keys; must exist. */
  identity_file?: string;
  /** Used instead of the user's known_hosts files. */
  known_hosts?: string;
  /** Limit for each answer of a server in ms; ConnectTimeout or 15 s otherwise. */
  limit_ms?: number;
  onPhase(phase: Phase, detail: string): void;
  ask(prompt: Prompt): Promise<PromptAnswer>;
  signal: AbortSignal;
}

/** One host one is logged in to, and what the same login needs again: keys unlocked so far, the host key. */
interface Member {
  resolved: ResolvedHost;
  keys: KeyRing;
  host_key: string;
}

export interface OpenChain {
  /** The node's, then those of the hops before it, the last one first. */
  connections: Connection[];
  /** The hosts in order; the last is the node. */
  hops: LinkHop[];
  members: Member[];
  /** Of the node. The caller ends them. */
  steps: Steps;
}

const DEFAULT_LIMIT_MS = 15_000;

/** `before`: of an earlier login to the same chain. Rejects with a BpfdeskError; nothing is open then. */
export async function openChain(
  chain: ResolvedHost[],
  options: HopsOptions,
  before: Member[] = [],
): Promise<OpenChain> {
  const opened: Omit<OpenChain, "steps"> = { connections: [], hops: [], members: [] };
  let steps: Steps | null = null;
  try {
    for (const [index, resolved] of chain.entries()) {
      steps?.end();
      steps = stepsFor(chain, index, options);
      const known = before[index];
      const keys = known?.keys.for(steps) ?? (await steps.during(loadKeys(keySource(chain, index, options), steps)));
      const user_known_hosts = options.known_hosts === undefined ? resolved.user_known_hosts : [options.known_hosts];
      const host = { ...resolved, user_known_hosts };
      const hop = opened.connections[0]?.client ?? null;
      const { client, stream, hop: told, host_key } = await login(host, keys, hop, known?.host_key, steps, options);
      opened.connections.unshift({ client, stream });
      opened.hops.push(told);
      opened.members.push({ resolved, keys, host_key });
    }
    if (steps === null) throw new Error("a chain has at least the node");
    return { ...opened, steps };
  } catch (error) {
    steps?.end();
    for (const { client } of opened.connections) client.destroy();
    throw error;
  }
}

/** In ms: for each answer of the server. */
export function limitOf(resolved: ResolvedHost, options: Pick<HopsOptions, "limit_ms">): number {
  if (options.limit_ms !== undefined) return options.limit_ms;
  return resolved.connect_timeout_s === null ? DEFAULT_LIMIT_MS : resolved.connect_timeout_s * 1000;
}

async function login(
  resolved: ResolvedHost,
  keys: KeyRing,
  hop: Client | null,
  trusted: string | undefined,
  steps: Steps,
  options: HopsOptions,
) {
  const limit_ms = limitOf(resolved, options);
  const { hostname, port } = resolved;
  const proxied = hop === null && resolved.proxy_command !== null;
  steps.enter("connecting", proxied ? "by its ProxyCommand" : `${hostname} port ${port}`, limit_ms);
  // Read before there is a stream: nobody listens to it until ssh2 does.
  const files = [...resolved.user_known_hosts, ...resolved.global_known_hosts];
  const known = await steps.during(readKnownHosts(files)).catch((error: Error) => {
    throw error instanceof BpfdeskError ? error : unreadable(steps, error);
  });
  let proxy: ProxyCommand | null = null;
  let stream: Duplex | null = null;
  try {
    if (hop !== null) stream = await forward(hop, hostname, port, steps);
    else if (resolved.proxy_command === null) stream = await dial(hostname, port, steps);
    else {
      proxy = startProxyCommand(resolved.proxy_command, resolved, steps);
      stream = proxy.stream;
    }
    return await openClient({ stream, resolved, known, keys, steps, limit_ms, ...(trusted ? { trusted } : {}) });
  } catch (error) {
    stream?.destroy();
    throw proxy === null ? error : await proxy.explain(error);
  }
}

/** A host that is known must not look new because a file cannot be read. */
export function unreadable(steps: Steps, error: Error): BpfdeskError {
  return steps.error({
    code: "known-hosts-read",
    message: `The keys that are known for ${steps.node} cannot be read.`,
    hint: "Check who owns the known_hosts files and their permissions.",
    cause: error.message,
  });
}

async function forward(hop: Client, hostname: string, port: number, steps: Steps): Promise<Duplex> {
  let late = false;
  const forwarded = new Promise<Duplex>((resolve, reject) => {
    const onClose = () =>
      reject(
        steps.error({
          code: "connect-failed",
          message: `The connection to the hop before ${steps.node} was lost.`,
          hint: "Check the network and connect again.",
        }),
      );
    // ssh2 forgets the callback when the connection is lost before the answer.
    hop.once("close", onClose);
    hop.forwardOut("127.0.0.1", 0, hostname, port, (error, stream) => {
      hop.removeListener("close", onClose);
      if (error === undefined && late) stream.destroy();
      else if (error === undefined) resolve(stream);
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
  try {
    return await steps.during(forwarded);
  } catch (error) {
    late = true;
    throw error;
  }
}

function keySource(chain: ResolvedHost[], index: number, options: HopsOptions) {
  const { agent, identity_files, identities_only, certificate_files } = chain[index] as ResolvedHost;
  const isNode = index === chain.length - 1;
  const identity_file = isNode ? (options.identity_file ?? null) : null;
  return { agent, identity_files, identities_only, certificate_files, identity_file };
}

export function stepsFor(chain: readonly ResolvedHost[], index: number, options: HopsOptions): Steps {
  const [own, last] = [chain[index], chain.at(-1)].map((host) =>
    host === undefined ? "" : nodeName(host.user, host.hostname, host.port),
  ) as [string, string];
  const isNode = index === chain.length - 1;
  return new Steps({
    node: own,
    onPhase: (phase, detail) => options.onPhase(phase, isNode ? detail : `hop ${own}: ${detail}`),
    ask: options.ask,
    signal: options.signal,
    ...(isNode ? {} : { on_the_way_to: last }),
  });
}

/** For a login that must not bother anybody: every question is a refusal. */
export function askNobody(node: string): HopsOptions["ask"] {
  return async (prompt) => {
    throw new BpfdeskError({
      code: "needs-person",
      message: `Another connection to ${node} would ask for ${prompt.kind.replaceAll("_", " ")}, so none was made.`,
      hint: "Use ssh-agent or a key, so that nothing has to be typed.",
      node,
    });
  };
}
