/**
 * known_hosts as OpenSSH reads it: host patterns, `[host]:port`, hashed names, `!`,
 * `@revoked`. Host certificates (`@cert-authority`) are recognised and reported, not used.
 * Read only; `known-hosts-file.ts` writes.
 */
import { createHash, createHmac } from "node:crypto";
import * as fs from "node:fs/promises";
import { wildcard } from "./wildcard.ts";

export interface KnownHost {
  file: string;
  /** Counted from 1. */
  line: number;
  marker: "" | "@cert-authority" | "@revoked";
  /** The host field as written: patterns, or one hashed name. */
  names: string;
  key_type: string;
  /** Base64, as written. */
  key: string;
}

export type HostKeyState =
  | { state: "known"; entry: KnownHost }
  /** No key of this host, or none of this type (`known_types` then names the others). */
  | { state: "new"; known_types: string[]; certificate_authority: boolean }
  | { state: "changed"; entry: KnownHost }
  | { state: "revoked"; entry: KnownHost };

/** Parses a file's text. Lines OpenSSH would skip are skipped. */
export function parseKnownHosts(text: string, file: string): KnownHost[] {
  const entries: KnownHost[] = [];
  text.split("\n").forEach((raw, index) => {
    const words = raw.trim().split(/[ \t]+/);
    if (words[0] === undefined || words[0] === "" || words[0].startsWith("#")) return;
    let marker: KnownHost["marker"] = "";
    if (words[0] === "@cert-authority" || words[0] === "@revoked") {
      marker = words[0];
      words.shift();
    } else if (words[0].startsWith("@")) return;
    const [names, key_type, key] = words;
    if (names === undefined || key_type === undefined || key === undefined) return;
    entries.push({ file, line: index + 1, marker, names, key_type, key });
  });
  return entries;
}

/** Does the entry's host field match a name, which is `host` or `[host]:port`? */
export function matchesName(entry: KnownHost, name: string): boolean {
  const host = name.toLowerCase();
  if (entry.names.startsWith("|")) {
    const [, version, salt = "", hash] = entry.names.split("|");
    if (version !== "1") return false;
    return createHmac("sha1", Buffer.from(salt, "base64")).update(host).digest("base64") === hash;
  }
  let matched = false;
  for (const pattern of entry.names.toLowerCase().split(",")) {
    const negated = pattern.startsWith("!");
    if (!wildcard(negated ? pattern.slice(1) : pattern)(host)) continue;
    if (negated) return false;
    matched = true;
  }
  return matched;
}

/**
 * What the files say about a key that a server showed.
 *
 * `names` are tried in order: `[host]:port`, then, as OpenSSH does, the host without its port; the
 * later ones can only vouch for the very same key, never make it a changed one.
 */
export function checkHostKey(entries: KnownHost[], names: string[], key_type: string, key: string): HostKeyState {
  const [name = "", ...others] = names;
  const own = entries.filter((entry) => matchesName(entry, name));
  const anywhere = entries.filter((entry) => names.some((one) => matchesName(entry, one)));
  const revoked = anywhere.find((entry) => entry.marker === "@revoked" && entry.key === key);
  if (revoked !== undefined) return { state: "revoked", entry: revoked };
  const plain = own.filter((entry) => entry.marker === "");
  const same = plain.find((entry) => entry.key_type === key_type && entry.key === key);
  if (same !== undefined) return { state: "known", entry: same };
  const changed = plain.find((entry) => entry.key_type === key_type);
  if (changed !== undefined) return { state: "changed", entry: changed };
  const elsewhere = entries.find(
    (entry) => entry.marker === "" && entry.key === key && others.some((one) => matchesName(entry, one)),
  );
  if (elsewhere !== undefined) return { state: "known", entry: elsewhere };
  return {
    state: "new",
    known_types: [...new Set(plain.map((entry) => entry.key_type))],
    certificate_authority: own.some((entry) => entry.marker === "@cert-authority"),
  };
}

/** `SHA256:` and base64 without padding, as ssh-keygen -l prints it. Takes the base64 of the key. */
export function fingerprint(key: string): string {
  const digest = createHash("sha256").update(Buffer.from(key, "base64")).digest("base64");
  return `SHA256:${digest.replace(/=+$/, "")}`;
}

/** Reads and parses the files that exist, in the order given. */
export async function readKnownHosts(files: string[]): Promise<KnownHost[]> {
  const texts = await Promise.all(files.map((file) => readUnlessPipe(file).catch(emptyWhenMissing)));
  return texts.flatMap((text, index) => parseKnownHosts(text, files[index] ?? ""));
}

/** A pipe that nobody writes to would be waited for. */
async function readUnlessPipe(file: string): Promise<string> {
  if ((await fs.stat(file)).isFIFO()) throw new Error(`${file} is a pipe`);
  return fs.readFile(file, "utf8");
}

/** For a read that failed: no text when there is no such file. */
export function emptyWhenMissing(error: NodeJS.ErrnoException): string {
  if (error.code === "ENOENT" || error.code === "ENOTDIR") return "";
  throw error;
}
