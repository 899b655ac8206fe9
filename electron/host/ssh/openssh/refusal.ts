/**
 * Why the system's ssh gave up, from its own words: what happened and what to try. Pure. Only lines of the
 * step it failed in are looked at, because a server can print what looks like another step's.
 */
import type { ErrorData } from "../../../core/errors.ts";
import { GRACE } from "../login-error.ts";
import type { ResolvedHost } from "../resolve.ts";
import type { Told } from "./told.ts";

interface Circumstances {
  /** `user@host:port`. */
  node: string;
  resolved: ResolvedHost;
  /** It is reached through a hop of ours. */
  through: boolean;
  /** The time the server gives a login may be over. */
  late: boolean;
  /** ssh could not ask anybody (BatchMode). */
  batch: boolean;
}

type Refusal = Pick<ErrorData, "code" | "message" | "hint">;

/** From connect(2) and getaddrinfo(3), which ssh quotes. */
const UNREACHABLE: [words: RegExp, what: string, hint: string][] = [
  [
    /Could not resolve hostname/,
    "its name is not known",
    "Check the spelling, the VPN, and HostName in ~/.ssh/config.",
  ],
  [/Connection refused/, "nothing listens on that port", "Check the port; sshd may be down or listen elsewhere."],
  [/No route to host/, "there is no route to it", "Check the address, the network and the VPN."],
  [/Network is unreachable/, "there is no route to its network", "Check the network and the VPN."],
  [/timed out/, "it does not answer", "Check the address, and that no firewall drops the packets."],
];

const SHOWN_LINES = 8;

/** What is told when ssh ended before it was logged in. `phase` and `node` are the caller's to add. */
export function explainRefusal(told: Told, circumstances: Circumstances): Refusal & { cause: string } {
  const refusal = refusalOf(told, told.words.slice(-40).join("\n"), circumstances);
  // What the command said, without what ssh says of every such loss.
  const own = refusal.code === "proxy-command" ? /^(kex_exchange_identification|Connection closed by UNKNOWN)/ : /^$/;
  const words = told.words.filter((line) => !own.test(line));
  return { ...refusal, cause: words.slice(-SHOWN_LINES).map(printable).join("\n").slice(-2000) };
}

function refusalOf(told: Told, said: string, circumstances: Circumstances): Refusal {
  const wrong =
    /terminating, \d+ bad configuration|Bad (?:configuration option|owner or permissions)|keyword \S+ extra arguments|^[^\n]*line \d+: /m;
  if (told.server === null && wrong.test(said)) {
    return {
      code: "ssh-config",
      message: `ssh refuses its configuration for ${circumstances.node}.`,
      hint: "Correct the line it names.",
    };
  }
  if (told.phase === "connecting") return notReached(told, said, circumstances);
  return told.phase === "host_key" ? notTrusted(told, said, circumstances) : notLetIn(told, said, circumstances);
}

function notReached(told: Told, said: string, { node, resolved, through }: Circumstances): Refusal {
  const place = `${resolved.hostname} port ${resolved.port}`;
  const none = /no matching ([a-z ]+?) found/i.exec(said);
  if (none !== null) {
    return {
      code: "no-common-algorithm",
      message: `${node} and the system's ssh have no ${none[1]} in common.`,
      hint: "The node allows only what is very old or very new; its offer is named below, ssh -Q lists what ssh knows.",
    };
  }
  if (through && /stdio forward|open failed|open refused/.test(said)) {
    return {
      code: "connect-failed",
      message: `The hop before it could not reach ${place}.`,
      hint: "Check the address as seen from the hop, and AllowTcpForwarding there.",
    };
  }
  if (told.server === null && resolved.proxy_command !== null && !through && /UNKNOWN port 65535/.test(said)) {
    return {
      code: "proxy-command",
      message: `The ProxyCommand for ${node} ended before the node answered.`,
      hint: `Run it in a terminal: ${resolved.proxy_command.slice(0, 500)}`,
    };
  }
  const reason = UNREACHABLE.find(([words]) => words.test(said));
  if (reason !== undefined && told.server === null) {
    const [, what, hint] = reason;
    return { code: "connect-failed", message: `${node} cannot be reached at ${place}: ${what}.`, hint };
  }
  if (told.server !== null) return cutOff(node);
  return {
    code: "not-ssh",
    message: `${node} took the connection but did not speak SSH with us.`,
    hint: "Check the port: another service may listen there, or the line was cut.",
  };
}

function notTrusted(told: Told, said: string, { node, late, batch }: Circumstances): Refusal {
  const shown = told.shown === null ? "" : ` (${told.shown.key_type} ${told.shown.fingerprint})`;
  if (/REVOKED HOST KEY|host key is revoked|[Hh]ost key \S+ revoked|is marked as revoked/.test(said)) {
    return {
      code: "host-key-revoked",
      message: `${node} showed a key that is marked as revoked${shown}.`,
      hint: "Do not go on. Ask whoever revoked the key for the node's new one.",
    };
  }
  if (/IDENTIFICATION HAS CHANGED|has changed and you have requested strict checking/.test(said)) {
    return {
      code: "host-key-changed",
      message: `The host key of ${node} has changed: it showed ${shown.trim().slice(1, -1)}.`,
      hint: "Someone may be listening in, or the node was installed anew. ssh names the line of known_hosts below.",
    };
  }
  if (/Host key verification failed|you have requested strict checking/.test(said)) {
    return {
      code: "host-key-unknown",
      message: `The host key of ${node} is not known${shown}, and nobody was to be asked.`,
      hint: batch
        ? "Connect once with ssh in a terminal and compare the fingerprint, or add the key to known_hosts."
        : "Compare the fingerprint with the node's own and add the key to known_hosts, or see StrictHostKeyChecking.",
    };
  }
  if (!late) return cutOff(node);
  return {
    code: "connect-failed",
    message: `${node} ended the connection before its host key was accepted.`,
    hint: GRACE,
  };
}

function notLetIn(told: Told, said: string, { node, resolved, late, batch }: Circumstances): Refusal {
  const tooMany = /Too many authentication failures/.test(said);
  if (tooMany || /Permission denied \(|No more authentication methods/.test(said)) {
    const tried = told.tried.length === 0 ? "nothing, there is no key" : counted(told.tried).join(", ");
    const took = told.took.length === 0 ? "" : ` It took ${told.took.join(", ")}, and wants more.`;
    const takes = told.takes.length === 0 ? "" : ` It takes ${told.takes.join(", ")}.`;
    const unasked = batch ? " ssh could ask for nothing here: load the key into ssh-agent." : "";
    return {
      code: "auth-failed",
      message: `${node} let nobody in; tried: ${tried}.${took}${takes}`,
      hint: tooMany
        ? `It gave up after ${told.keys} keys (MaxAuthTries): set IdentitiesOnly yes and an IdentityFile for it in ~/.ssh/config.`
        : `Check the user name (${resolved.user}) and that the node has your public key or trusts your certificate.${unasked}`,
    };
  }
  return {
    code: "connect-failed",
    message: `${node} ended the connection while logging in.`,
    hint: late ? GRACE : "Its log tells why (journalctl -u ssh). A limit of tries or of time may be over.",
  };
}

function cutOff(node: string): Refusal {
  return {
    code: "not-ssh",
    message: `${node} ended the connection while keys were exchanged.`,
    hint: "The line was cut, or the node refuses this address or has too many logins at once (MaxStartups).",
  };
}

function counted(tried: readonly string[]): string[] {
  const times = Map.groupBy(tried, (one) => one);
  return [...times].map(([one, all]) => (all.length === 1 ? one : `${one} (${all.length} times)`));
}

function printable(line: string): string {
  return line.replace(/\p{Cc}/gu, "");
}
