/**
 * Key files in OpenSSH's own format (openssh-key-v1): the public part, which is never encrypted, and
 * the private part opened with a passphrase without blocking: bcrypt is slow on purpose (about
 * 300 ms with ssh-keygen's default), so other work goes on between its rounds.
 */
/// <reference path="./bcrypt-pbkdf.d.ts" />
import { createDecipheriv, createHash } from "node:crypto";
import { setImmediate as breathe } from "node:timers/promises";
import bcrypt from "bcrypt-pbkdf";
import { Reader, sshString } from "./wire.ts";

const BEGIN = "-----BEGIN OPENSSH PRIVATE KEY-----";
const END = "-----END OPENSSH PRIVATE KEY-----";
const MAGIC = "openssh-key-v1\0";
/** ssh-keygen takes 24 by default; a file with a hundred times as many is meant to keep us busy. */
const MAX_ROUNDS = 2400;

/** OpenSSL's name, bytes of key and initialisation vector, bytes of the tag at the end. */
const CIPHERS: Record<string, { name: string; key: number; iv: number; tag: number }> = {
  "aes256-ctr": { name: "aes-256-ctr", key: 32, iv: 16, tag: 0 },
  "aes192-ctr": { name: "aes-192-ctr", key: 24, iv: 16, tag: 0 },
  "aes128-ctr": { name: "aes-128-ctr", key: 16, iv: 16, tag: 0 },
  "aes256-cbc": { name: "aes-256-cbc", key: 32, iv: 16, tag: 0 },
  "aes192-cbc": { name: "aes-192-cbc", key: 24, iv: 16, tag: 0 },
  "aes128-cbc": { name: "aes-128-cbc", key: 16, iv: 16, tag: 0 },
  "aes256-gcm@openssh.com": { name: "aes-256-gcm", key: 32, iv: 12, tag: 16 },
  "aes128-gcm@openssh.com": { name: "aes-128-gcm", key: 16, iv: 12, tag: 16 },
};

export interface OpenSshKey {
  encrypted: boolean;
  /** The public key as it goes over the wire. */
  blob: Buffer;
  /** The same file without a passphrase; null when the passphrase is wrong. Rejects with why it cannot be opened. */
  open(passphrase: string): Promise<string | null>;
}

/** Null when the text is no such file. */
export function readOpenSshKey(text: string): OpenSshKey | null {
  const from = text.indexOf(BEGIN);
  const to = text.indexOf(END);
  if (from < 0 || to < from) return null;
  const bytes = Buffer.from(text.slice(from + BEGIN.length, to), "base64");
  if (bytes.toString("latin1", 0, MAGIC.length) !== MAGIC) return null;
  try {
    const reader = new Reader(bytes, MAGIC.length);
    const cipher = reader.string().toString("latin1");
    const kdf = reader.string().toString("latin1");
    const options = reader.string();
    if (reader.uint32() !== 1) return null;
    const blob = reader.string();
    const secret = reader.string();
    const tag = reader.rest();
    return {
      encrypted: cipher !== "none",
      blob,
      async open(passphrase) {
        if (cipher === "none") return text;
        const known = CIPHERS[cipher];
        if (known === undefined) throw new Error(`its cipher ${cipher.slice(0, 60)} is not supported`);
        if (kdf !== "bcrypt") throw new Error(`its key derivation ${kdf.slice(0, 60)} is not supported`);
        const given = new Reader(options);
        const salt = given.string();
        const rounds = given.uint32();
        if (rounds < 1 || rounds > MAX_ROUNDS) throw new Error(`it asks for ${rounds} rounds of bcrypt`);
        const derived = await derive(passphrase, salt, known.key + known.iv, rounds);
        const plain = decipher(known, derived, secret, tag);
        if (plain === null || plain.readUInt32BE(0) !== plain.readUInt32BE(4)) return null;
        return withoutPassphrase(blob, plain);
      },
    };
  } catch {
    return null; // cut off
  }
}

function decipher(
  { name, key, iv, tag }: { name: string; key: number; iv: number; tag: number },
  derived: Buffer,
  secret: Buffer,
  given: Buffer,
): Buffer | null {
  try {
    const opener = createDecipheriv(name as "aes-256-gcm", derived.subarray(0, key), derived.subarray(key, key + iv));
    opener.setAutoPadding(false);
    if (tag > 0) opener.setAuthTag(given.subarray(0, tag));
    return Buffer.concat([opener.update(secret), opener.final()]);
  } catch {
    return null; // a tag that does not fit: another passphrase
  }
}

function withoutPassphrase(blob: Buffer, plain: Buffer): string {
  const one = Buffer.from([0, 0, 0, 1]);
  const none = [sshString("none"), sshString("none"), sshString("")];
  // Blocks of 8 bytes are right for "none"; those of the ciphers above are multiples of it.
  const body = Buffer.concat([Buffer.from(MAGIC), ...none, one, sshString(blob), sshString(plain)]);
  return `${BEGIN}\n${body.toString("base64").replace(/.{1,70}/g, "$&\n")}${END}\n`;
}

/** bcrypt_pbkdf(3) with a pause after each hash (some 10 ms). */
async function derive(passphrase: string, salt: Buffer, length: number, rounds: number): Promise<Buffer> {
  const sha512 = (...parts: Uint8Array[]) => {
    const hash = createHash("sha512");
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
  const password = sha512(Buffer.from(passphrase));
  const stride = Math.ceil(length / 32);
  const each = Math.ceil(length / stride);
  const derived = Buffer.alloc(length);
  for (let block = 0; block < stride; block++) {
    const count = Buffer.alloc(4);
    count.writeUInt32BE(block + 1);
    let hash = Buffer.alloc(32);
    const out = Buffer.alloc(32);
    for (let round = 0; round < rounds; round++) {
      const seed = round === 0 ? sha512(salt, count) : sha512(hash);
      hash = Buffer.alloc(32);
      bcrypt.hash(password, seed, hash);
      for (let at = 0; at < 32; at++) out[at] = (out[at] ?? 0) ^ (hash[at] ?? 0);
      await breathe();
    }
    for (let at = 0; at < each && at * stride + block < length; at++) derived[at * stride + block] = out[at] ?? 0;
  }
  return derived;
}
