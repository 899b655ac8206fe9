/**
 * Which program makes the connection to a host: bpfdesk's own (ssh2), or the system's ssh where the host's
 * configuration asks for what ssh2 does not do. The reason is for a person to read.
 */
import { execFile } from "node:child_process";
import * as fs from "node:fs/promises";
import { agentKeyTypes } from "./agent-keys.ts";
import { matchesName, readKnownHosts } from "./known-hosts.ts";
import { offerFor } from "./offer.ts";
import { readOpenSshKey } from "./openssh-key.ts";
import type { ResolvedHost } from "./resolve.ts";
import { hostWithPort, nodeName } from "./target.ts";
import { keyTypeOf } from "./wire.ts";

export interface Backend {
  backend: "ssh2" | "openssh";
  why: string;
}

/** What the files, the agent and Kerberos say; found by `gatherFacts`. */
export interface BackendFacts {
  requested?: Backend["backend"] | undefined;
  /** Key files that exist; `type` of the public part where it is known. */
  identities: { file: string; type: string | null; certificate: string | null }[];
  /** Types of the keys the agent holds; null without an agent. */
  agent: string[] | null;
  /** Of the host, in known_hosts. */
  known: { plain: boolean; authority: boolean };
  /** There is a Kerberos ticket. */
  ticket: boolean;
}

/** By ssh2's names: what a person calls it, and what ssh_config does. */
const KINDS = [
  ["kex", "key exchange", "kexalgorithms"],
  ["cipher", "cipher", "ciphers"],
  ["hmac", "MAC", "macs"],
  ["serverHostKey", "host key algorithm", "hostkeyalgorithms"],
] as const;
const CERTIFICATE = /-cert-v\d+@/;
const SECURITY_KEY = /^(sk-|webauthn-sk-)/;

/** The backend for one host. Pure. */
export function chooseBackend(resolved: ResolvedHost, facts: BackendFacts): Backend {
  if (facts.requested === "openssh") return { backend: "openssh", why: "It was asked for." };
  // A wish for bpfdesk's own connection does not make a revoked key a good one.
  const revokes = ![undefined, "none"].includes(resolved.config.get("revokedhostkeys")?.[0]);
  if (facts.requested === "ssh2" && !revokes) return { backend: "ssh2", why: "It was asked for." };
  const reason = needsOpenSsh(resolved, facts);
  return reason === null
    ? { backend: "ssh2", why: "bpfdesk's own connection does all this host asks for." }
    : { backend: "openssh", why: `${reason}, which only the system's ssh can use.` };
}

function needsOpenSsh(resolved: ResolvedHost, facts: BackendFacts): string | null {
  const list = (name: string) => resolved.config.get(name)?.[0]?.split(",") ?? [];
  const set = (name: string) => ![undefined, "none", "no", "false"].includes(resolved.config.get(name)?.[0]);
  const [certificate] = resolved.certificate_files;
  if (certificate !== undefined) return `The configuration names the certificate ${certificate}`;
  for (const { file, type, certificate: beside } of facts.identities) {
    if (beside !== null) return `${beside} is a certificate`;
    if (type !== null && CERTIFICATE.test(type)) return `${file} is a certificate`;
    if (type !== null && SECURITY_KEY.test(type)) return `${file} is a key in a security key (FIDO)`;
  }
  if (!resolved.identities_only) {
    if (facts.agent?.some((type) => CERTIFICATE.test(type))) return "The agent holds a certificate";
    if (facts.agent?.some((type) => SECURITY_KEY.test(type))) return "The agent holds a key in a security key (FIDO)";
  }
  if (facts.known.authority && !facts.known.plain) {
    return "known_hosts knows the host by a certificate authority only, so by its host certificate";
  }
  const keys = list("hostkeyalgorithms");
  if (keys.length > 0 && keys.every((name) => CERTIFICATE.test(name) || SECURITY_KEY.test(name))) {
    return "The configuration allows only host certificates";
  }
  const offer = offerFor(resolved.config);
  for (const [kind, name, option] of KINDS) {
    if (offer[kind].length === 0) return `The configuration allows only the ${name} ${list(option).join(", ")}`;
  }
  if (set("pkcs11provider")) return "The configuration names a smart card (PKCS11Provider)";
  if (set("revokedhostkeys")) return "The configuration names a list of revoked host keys (RevokedHostKeys)";
  if (set("knownhostscommand")) return "The configuration asks a program for host keys (KnownHostsCommand)";
  if (set("proxyusefdpass")) return "The configuration passes the connection by ProxyUseFdpass";
  if (set("gssapiauthentication")) {
    if (facts.ticket) return "There is a Kerberos ticket, and GSSAPIAuthentication is yes";
    if (list("preferredauthentications")[0]?.startsWith("gssapi")) return "Kerberos (GSSAPI) is preferred";
  }
  return null;
}

export interface FactsOptions {
  /** Given for the node itself. */
  identity_file?: string;
  known_hosts?: string;
  /** Asked for by the person. */
  backend?: Backend["backend"];
  signal: AbortSignal;
}

/** Looks at files, the agent and, where Kerberos is switched on, at tickets. Connects to no host. */
export async function gatherFacts(resolved: ResolvedHost, options: FactsOptions): Promise<BackendFacts> {
  const { identity_file, known_hosts, backend: requested, signal } = options;
  const files = [...(identity_file === undefined ? [] : [identity_file]), ...resolved.identity_files];
  const user = known_hosts === undefined ? resolved.user_known_hosts : [known_hosts];
  const kerberos = resolved.config.get("gssapiauthentication")?.[0] === "yes";
  const [identities, agent, entries, ticket] = await Promise.all([
    Promise.all([...new Set(files)].map(identityIn)),
    resolved.agent === null ? null : agentKeyTypes(resolved.agent, signal),
    readKnownHosts([...user, ...resolved.global_known_hosts]).catch(() => []),
    kerberos ? hasTicket(signal) : false,
  ]);
  const name = resolved.host_key_alias ?? hostWithPort(resolved.hostname, resolved.port);
  const own = entries.filter((entry) => matchesName(entry, name));
  return {
    requested,
    identities: identities.filter((one) => one !== null),
    agent,
    known: {
      plain: own.some((entry) => entry.marker === ""),
      authority: own.some((entry) => entry.marker === "@cert-authority"),
    },
    ticket,
  };
}

/** The first host that needs the system's ssh decides for the whole way. */
export async function chooseForChain(chain: readonly ResolvedHost[], options: FactsOptions): Promise<Backend> {
  let chosen: Backend | null = null;
  for (const [index, resolved] of chain.entries()) {
    const isNode = index === chain.length - 1;
    const { identity_file: _, ...others } = options;
    const facts = await gatherFacts(resolved, isNode ? options : others);
    const own = chooseBackend(resolved, facts);
    if (own.backend === "openssh") {
      const { user, hostname, port } = resolved;
      return isNode ? own : { ...own, why: `For the hop ${nodeName(user, hostname, port)}: ${own.why}` };
    }
    chosen = own;
  }
  return chosen ?? { backend: "ssh2", why: "" };
}

/** What is known of a key file without opening its private part; null when there is none. */
async function identityIn(file: string): Promise<BackendFacts["identities"][number] | null> {
  const [own, beside, certificate] = await Promise.all([file, `${file}.pub`, `${file}-cert.pub`].map(typeIn));
  if (own === undefined && beside === undefined) return null;
  const type = own === undefined || own === "" ? (beside ?? null) : own;
  return { file, type: type === "" ? null : type, certificate: certificate ? `${file}-cert.pub` : null };
}

const MAX_KEY_FILE = 64 << 10;

/** The type of the key in a file, empty when that cannot be seen, undefined when there is no file. */
async function typeIn(file: string): Promise<string | undefined> {
  try {
    const stat = await fs.stat(file);
    // A pipe that nobody writes to would be waited for.
    if (!stat.isFile() || stat.size > MAX_KEY_FILE) return "";
    const text = await fs.readFile(file, "utf8");
    const blob = readOpenSshKey(text)?.blob;
    return blob === undefined ? (/^((?:ssh|ecdsa|sk-ssh|sk-ecdsa)-\S+) AAAA/.exec(text)?.[1] ?? "") : keyTypeOf(blob);
  } catch {
    return undefined;
  }
}

function hasTicket(signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    execFile("klist", ["-s"], { signal, timeout: 3000 }, (error) => resolve(error === null));
  });
}
