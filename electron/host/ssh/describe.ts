/** What connecting to a target would do, for a person to read before it is done. Connects to nothing. */
import * as fs from "node:fs/promises";
import type { SshResolved, SshResolvedHop } from "../../shared/contract.ts";
import { chooseForChain } from "./backend.ts";
import { resolveChain } from "./chain.ts";
import { expandProxyCommand } from "./proxy-command.ts";
import type { ResolvedHost, ResolveOptions } from "./resolve.ts";
import { hostWithPort, nodeName } from "./target.ts";

/** `known_hosts`: used instead of the user's files. Rejects as `resolveChain`. */
export async function describeTarget(
  target: string,
  options: ResolveOptions & { known_hosts?: string },
): Promise<SshResolved> {
  const chain = await resolveChain(target, options);
  return {
    target: target.trim(),
    hops: await Promise.all(chain.map((host, index) => describeHop(host, index === 0, options.known_hosts))),
    ...(await chooseForChain(chain, options)),
  };
}

async function describeHop(host: ResolvedHost, first: boolean, known_hosts?: string): Promise<SshResolvedHop> {
  const { alias, hostname, user, port, agent, identities_only, host_key_alias } = host;
  const exists = (file: string) =>
    fs.access(file).then(
      () => true,
      () => false,
    );
  return {
    host: nodeName(user, hostname, port),
    alias,
    hostname,
    user,
    port,
    identity_files: await Promise.all(host.identity_files.map(async (file) => ({ file, exists: await exists(file) }))),
    agent,
    identities_only,
    known_as: host_key_alias ?? hostWithPort(hostname, port),
    user_known_hosts: known_hosts === undefined ? host.user_known_hosts : [known_hosts],
    global_known_hosts: host.global_known_hosts,
    strict_host_key_checking: host.strict_host_key_checking,
    // A hop's own way is taken to the first only.
    proxy_command: first && host.proxy_command !== null ? expandProxyCommand(host.proxy_command, host) : null,
    config_files: host.config_files,
    approximate: host.approximate,
  };
}
