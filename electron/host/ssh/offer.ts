/**
 * The algorithms that bpfdesk's own connection offers: of those it knows only what the configuration allows
 * (KexAlgorithms, HostKeyAlgorithms, Ciphers, MACs). Whoever forbade one must not get it from us. Pure.
 */
/// <reference path="./ssh2-constants.d.ts" />
import constants from "ssh2/lib/protocol/constants.js";
import type { ResolvedHost } from "./resolve.ts";
import { wildcard } from "./wildcard.ts";

/** Names by kind, as ssh2 calls them; the best first. One that is empty cannot be offered at all. */
export interface Offer {
  kex: readonly string[];
  serverHostKey: readonly string[];
  cipher: readonly string[];
  hmac: readonly string[];
}

/** ssh2's own order; DSA is left out on purpose. */
const HOST_KEYS = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
  "ssh-rsa",
].filter((name) => constants.SUPPORTED_SERVER_HOST_KEY.includes(name));

/** `knownTypes` come first among the host keys: otherwise a known host could show a key nobody has seen. */
export function offerFor(config: ResolvedHost["config"], knownTypes: readonly string[] = []): Offer {
  const allowed = (name: string, own: readonly string[], all: readonly string[]) =>
    allow(config.get(name)?.[0], own, all);
  const keys = allowed("hostkeyalgorithms", HOST_KEYS, HOST_KEYS);
  const known = (name: string) => knownTypes.includes(name.startsWith("rsa-sha2-") ? "ssh-rsa" : name);
  return {
    kex: allowed("kexalgorithms", constants.DEFAULT_KEX, constants.SUPPORTED_KEX),
    serverHostKey: [...keys.filter(known), ...keys.filter((name) => !known(name))],
    cipher: allowed("ciphers", constants.DEFAULT_CIPHER, constants.SUPPORTED_CIPHER),
    hmac: allowed("macs", constants.DEFAULT_MAC, constants.SUPPORTED_MAC),
  };
}

/**
 * `value` as `ssh -G` lists it, or as a file has it, where `+`, `-` and `^` change the defaults; absent: the
 * defaults. A list that forbids none of the defaults leaves them in their order, which is that of their speed here.
 */
function allow(value: string | undefined, defaults: readonly string[], supported: readonly string[]): string[] {
  if (value === undefined) return [...defaults];
  const change = /^[+^-]/.exec(value)?.[0];
  const patterns = (change === undefined ? value : value.slice(1)).split(",").map((name) => wildcard(name.trim()));
  const named = [...new Set(patterns.flatMap((one) => supported.filter(one)))];
  const others = defaults.filter((name) => !named.includes(name));
  if (change === "-") return others;
  if (change === "^") return [...named, ...others];
  if (change === undefined && others.length > 0) return named;
  return [...defaults, ...named.filter((name) => !defaults.includes(name))];
}
