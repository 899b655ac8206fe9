/**
 * A key file of any kind (OpenSSH, PEM, PuTTY, or a public key alone): its public part, and how it is
 * unlocked. Nothing is asked here; the private part is opened only when somebody wants to sign.
 */
import { createPrivateKey, type KeyObject } from "node:crypto";
import * as fs from "node:fs/promises";
import ssh2 from "ssh2";
import { readOpenSshKey } from "./openssh-key.ts";
import { readPpk } from "./ppk.ts";
import { type Signer, signerOf } from "./signing.ts";
import { keyTypeOf } from "./wire.ts";

const { parseKey } = ssh2.utils; // not among the names Node finds in a CommonJS module

export type KeyFile =
  | { state: "missing" }
  | { state: "unusable"; why: string }
  /** Of use when an agent holds the private part. */
  | { state: "public"; blob: Buffer }
  | {
      state: "private";
      /** Null for an encrypted PEM file that no `.pub` lies beside: it is known once it is open. */
      blob: Buffer | null;
      encrypted: boolean;
      /** Null when the passphrase is wrong. Rejects with why the file cannot be opened at all. */
      unlock(passphrase: string): Promise<Signer | null>;
    };

const MAX_KEY_FILE = 64 << 10;
const PEM = /-----BEGIN (?:(?:RSA|EC|ENCRYPTED) )?PRIVATE KEY-----/;

export async function readKeyFile(file: string): Promise<KeyFile> {
  let text: string;
  try {
    const stat = await fs.stat(file);
    if (!stat.isFile() || stat.size > MAX_KEY_FILE) return { state: "unusable", why: "not a key file" };
    text = await fs.readFile(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT" || code === "ENOTDIR" ? { state: "missing" } : { state: "unusable", why: String(error) };
  }
  try {
    return openSsh(text) ?? putty(text) ?? (await pem(text, file)) ?? publicOnly(text);
  } catch (error) {
    return { state: "unusable", why: error instanceof Error ? error.message : String(error) };
  }
}

function openSsh(text: string): KeyFile | null {
  const found = readOpenSshKey(text);
  if (found === null) return null;
  const { blob, encrypted } = found;
  if (keyTypeOf(blob).startsWith("sk-")) return { state: "unusable", why: "security keys (FIDO) are not supported" };
  return {
    state: "private",
    blob,
    encrypted,
    async unlock(passphrase) {
      const plain = await found.open(passphrase);
      if (plain === null) return null;
      const key = parseKey(plain);
      if (key instanceof Error) throw key;
      return signerOf(createPrivateKey(key.getPrivatePEM()));
    },
  };
}

function putty(text: string): KeyFile | null {
  const found = readPpk(text);
  if (found === null) return null;
  const { blob, encrypted } = found;
  return {
    state: "private",
    blob,
    encrypted,
    async unlock(passphrase) {
      const key = await found.open(passphrase);
      return key === null ? null : signerOf(key);
    },
  };
}

/** PKCS#1, SEC1 and PKCS#8. Their derivations take milliseconds, so they are opened at once. */
async function pem(text: string, file: string): Promise<KeyFile | null> {
  if (!PEM.test(text)) return null;
  const encrypted = /ENCRYPTED/.test(text);
  if (!encrypted) {
    const signer = signerOf(createPrivateKey(text));
    return { state: "private", blob: signer.blob, encrypted, unlock: async () => signer };
  }
  const beside = await fs.readFile(`${file}.pub`, "utf8").catch(() => "");
  return {
    state: "private",
    blob: publicBlob(beside),
    encrypted,
    async unlock(passphrase) {
      let key: KeyObject;
      try {
        key = createPrivateKey({ key: text, passphrase });
      } catch (error) {
        if (isWrongPassphrase(error)) return null;
        throw error;
      }
      return signerOf(key);
    },
  };
}

/**
 * A wrong passphrase shows as padding or structure that does not fit; anything else as what it is. One wrong
 * passphrase in some 250 leaves padding that fits: then no decoder of OpenSSL knows what came out.
 */
function isWrongPassphrase(error: unknown): boolean {
  const text = String(error);
  return /bad decrypt|bad password|cipherfinal|interrupted or cancelled|wrong tag|asn1|not enough data|BAD_DECRYPT|header too long|DECODER routines::unsupported/i.test(
    text,
  );
}

function publicOnly(text: string): KeyFile {
  const blob = publicBlob(text);
  if (blob === null) return { state: "unusable", why: "not a private key" };
  if (keyTypeOf(blob).startsWith("sk-")) return { state: "unusable", why: "security keys (FIDO) are not supported" };
  return { state: "public", blob };
}

/** `type base64 comment`. */
function publicBlob(text: string): Buffer | null {
  const [type = "", base64 = ""] = text.trim().split(/\s+/);
  const blob = Buffer.from(base64, "base64");
  return type !== "" && keyTypeOf(blob) === type ? blob : null;
}
