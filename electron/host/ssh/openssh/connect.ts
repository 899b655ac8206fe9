/**
 * Connects to a node by the system's `ssh`, for what bpfdesk's own connection cannot do: certificates,
 * security keys, Kerberos, post-quantum key exchange. The same steps, questions and errors as there; each
 * hop is a login of its own, through the one before.
 */
import { spawn } from "node:child_process";
import { quoteArgv } from "../../transport/quote.ts";
import type { NodeTransport } from "../../transport/types.ts";
import type { ConnectSshOptions } from "../connect.ts";
import { limitOf, stepsFor } from "../hops.ts";
import type { ResolvedHost } from "../resolve.ts";
import { searchRoot, sshArgv } from "../root-search.ts";
import { notStarted } from "../start.ts";
import type { Steps } from "../steps.ts";
import { type Login, login } from "./login.ts";
import { openSession, SessionRefused } from "./session.ts";
import { endAll, OpenSshTransport } from "./transport.ts";

export interface HowOpenSsh {
  /** Instead of `ssh` from PATH. */
  ssh?: string;
  /** Whether commands share one connection; everywhere but on Windows, whose ssh cannot. */
  sharing?: boolean;
}

/** `chain`: the hosts to log in to, in order; the last is the node. Rejects with a BpfdeskError; leaves nothing then. */
export async function connectOpenSsh(
  options: ConnectSshOptions,
  chain: readonly ResolvedHost[],
  why: string,
  { ssh = "ssh", sharing = process.platform !== "win32" }: HowOpenSsh = {},
): Promise<NodeTransport> {
  const node = chain.at(-1);
  if (node === undefined) throw new Error("a chain has at least the node");
  // Without sharing there is nothing to go through: ssh follows ProxyJump by itself.
  const hosts = sharing ? chain : [node];
  const logins: Login[] = [];
  let steps: Steps | null = null;
  try {
    for (const [index, resolved] of hosts.entries()) {
      const before = hosts[index - 1];
      steps?.end();
      steps = stepsFor(hosts, index, options);
      const way = before === undefined && resolved.proxy_command !== null ? "by its ProxyCommand" : "";
      steps.enter("connecting", way || `${resolved.hostname} port ${resolved.port}`, limitOf(resolved, options));
      await steps.during(present(ssh, why, steps));
      const isNode = resolved === node;
      const [hop] = logins;
      logins.unshift(
        await login({
          ssh,
          resolved,
          steps,
          sharing,
          limit_ms: limitOf(resolved, options),
          config_file: options.config_file,
          identity_file: isNode ? options.identity_file : undefined,
          known_hosts: options.known_hosts,
          through:
            hop === undefined || before === undefined
              ? null
              : { ssh, socket: hop.folder.socket, host: before.hostname },
        }),
      );
    }
    const [own, ...hops] = logins;
    if (own === undefined || steps === null) throw new Error("a chain has at least the node");
    const standing: [Login, ...Login[]] = [own, ...hops];
    const name = steps.node;
    const privileges = await searchRoot({
      node,
      steps,
      options,
      terminals: sharing,
      open: (argv, terminal) =>
        openSession({ ssh, login: own, host: node.hostname, sharing, command: quoteArgv(argv), terminal }).catch(
          (error) => {
            throw error instanceof SessionRefused ? notStarted(error, name) : error;
          },
        ),
      onLost: (listener) => {
        let listening = true;
        void own.ended.then(() => listening && listener());
        return () => {
          listening = false;
        };
      },
    });
    const alone = sharing ? "" : " This ssh cannot share a connection, so every command makes one of its own.";
    return new OpenSshTransport({
      ssh,
      host: name,
      user: privileges.user,
      logins: standing,
      sharing,
      privileges,
      tag: options.tag,
      lease_s: options.lease_s,
      ssh_argv: sshArgv(options),
      link: { backend: "openssh", why: why + alone, hops: logins.map(({ hop }) => hop).reverse() },
    });
  } catch (error) {
    await endAll(logins);
    throw error;
  } finally {
    steps?.end();
  }
}

/** Rejects with `no-openssh` when there is no such program. */
async function present(ssh: string, why: string, steps: Steps): Promise<void> {
  const found = await new Promise<boolean>((resolve) => {
    const child = spawn(ssh, ["-V"], { stdio: "ignore" });
    child.once("error", () => resolve(false));
    child.once("close", () => resolve(true));
  });
  if (found) return;
  throw steps.error({
    code: "no-openssh",
    message: `${steps.node} is to be reached by the system's ssh, and there is none on this machine. ${why}`,
    hint: "Install OpenSSH's client (the package openssh-client, on Windows the optional feature), so that ssh is in PATH.",
  });
}
