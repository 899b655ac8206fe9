/**
 * What a person types to name a node: an alias of ~/.ssh/config, or `[user@]host[:port]`, with IPv6
 * addresses in brackets when a port follows. Pure text; looks nothing up.
 */
import { BpfdeskError } from "../../core/errors.ts";

export interface Target {
  /** As typed. */
  text: string;
  user: string | null;
  /** Alias, name or address, without brackets. */
  host: string;
  port: number | null;
}

/**
 * Configurations put these names into commands (`ProxyCommand … %h`, `Match exec`), which a shell
 * reads; OpenSSH before 9.6 did not refuse shell characters in them (CVE-2023-51385).
 */
const UNSAFE = /[\s\0-\x1f\x7f'"`$\\;&<>|(){}*?!#~^]/;

/** Parses a target; `ssh://` may stand before it, as in ProxyJump. Throws `bad-target` with what is wrong. */
export function parseTarget(text: string): Target {
  const typed = text.trim().replace(/^ssh:\/\/([^/]*)\/?$/i, "$1");
  const at = typed.lastIndexOf("@");
  const user = at < 0 ? null : typed.slice(0, at);
  const rest = typed.slice(at + 1);
  const parts = /^\[([^\]]+)\](?::([^:]*))?$/.exec(rest) ?? /^([^:]*)(?::([^:]*))?$/.exec(rest) ?? [rest, rest];
  const [, host = "", portText] = parts;
  const port = portText === undefined ? null : Number(portText);
  if (host === "") throw badTarget(typed, "it names no host");
  if (user === "") throw badTarget(typed, "the user before @ is empty");
  if (port !== null && !(/^\d{1,5}$/.test(portText ?? "") && port >= 1 && port <= 65535)) {
    throw badTarget(typed, `the port must be 1 to 65535, not ${JSON.stringify(portText)}`);
  }
  for (const part of [user ?? "", host]) {
    if (part.startsWith("-")) throw badTarget(typed, "a name cannot begin with a dash");
    if (UNSAFE.test(part)) throw badTarget(typed, "it holds characters that no host or user name has");
  }
  return { text: typed, user, host, port };
}

/** `host`, or `[host]:port` when the port is not 22: the form known_hosts and people use. */
export function hostWithPort(host: string, port: number): string {
  return port === 22 ? host : `[${host}]:${port}`;
}

/** `user@host:port` with brackets around IPv6 addresses; the port is left out when it is 22. */
export function nodeName(user: string, host: string, port: number): string {
  const bare = host.includes(":") ? `[${host}]` : host;
  return `${user}@${bare}${port === 22 ? "" : `:${port}`}`;
}

function badTarget(text: string, why: string): BpfdeskError {
  return new BpfdeskError({
    code: "bad-target",
    message: `${JSON.stringify(text.slice(0, 200))} cannot be connected to: ${why}.`,
    hint: "Give an alias of ~/.ssh/config, or user@host, user@host:port, user@[IPv6 address]:port.",
    phase: "resolving",
    node: text.slice(0, 200),
  });
}
