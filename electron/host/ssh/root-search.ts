/** The last step of connecting, whatever program makes the connection: how root is reached on the node. */
import { BpfdeskError } from "../../core/errors.ts";
import { connectionLost } from "../transport/execution.ts";
import { type FoundPrivileges, findPrivileges, type PrivilegeOptions } from "../transport/privileges.ts";
import type { ConnectSshOptions } from "./connect.ts";
import { limitOf } from "./hops.ts";
import type { ResolvedHost } from "./resolve.ts";
import type { Steps } from "./steps.ts";
import { parseTarget } from "./target.ts";

export interface RootSearch extends Required<Pick<PrivilegeOptions, "open" | "terminals">> {
  node: ResolvedHost;
  steps: Steps;
  options: ConnectSshOptions;
  /** Calls back once when the connection is gone; returns what undoes it. */
  onLost(listener: () => void): () => void;
}

/** Rejects with a BpfdeskError of phase `privileges`. */
export async function searchRoot(search: RootSearch): Promise<FoundPrivileges> {
  const { node, steps, options, open, terminals } = search;
  steps.enter("privileges", `as ${node.user}`, limitOf(node, options));
  const found = findPrivileges({
    open,
    terminals,
    ask: (prompt) => steps.ask(prompt),
    node: steps.node,
    sudo: options.sudo,
    user: node.user,
    shell_prefix: sshArgv(options),
    onDetail: (detail) => steps.detail(detail),
    onCommand: options.onCommand,
  });
  // Between two commands, while a person thinks, only the connection itself tells that it is gone.
  let forget = () => {};
  const lost = new Promise<never>((_, reject) => {
    forget = search.onLost(() => reject(steps.error(connectionLost("the search for root", steps.node))));
  });
  try {
    return await steps.during(Promise.race([found, lost]));
  } catch (error) {
    const unplaced = error instanceof BpfdeskError && error.data.phase === undefined;
    throw unplaced ? new BpfdeskError({ ...error.data, phase: "privileges" }) : error;
  } finally {
    forget();
  }
}

/** The ssh command that reaches the same node, as one would type it. */
export function sshArgv(options: ConnectSshOptions): string[] {
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
