/**
 * PuTTY's key files (PPK, versions 2 and 3): the public part, which is never encrypted, and the private
 * part opened with a passphrase. Format: appendix C of PuTTY's manual.
 */
import * as crypto from "node:crypto";
import { keyTypeOf, Reader, sshString } from "./wire.ts";

export interface PpkKey {
  encrypted: boolean;
  /** The public key as it goes over the wire. */
  blob: Buffer;
  /** The private key; null when the passphrase is wrong. Rejects with why it cannot be opened. */
  open(passphrase: string): Promise<crypto.KeyObject | null>;
}

interface Fields {
  version: number;
  type: string;
  values: Map<string, string>;
  public: Buffer;
  private: Buffer;
}

/** What decrypts and what checks; empty where there is no passphrase. */
interface Derived {
  key: Buffer;
  iv: Buffer;
  mac: Buffer;
}

/** PuTTY's default is 8 MiB; a file that asks for more than this is meant to take all memory. */
const MAX_ARGON_KIB = 1 << 20;
const MAX_ARGON_PASSES = 1000;

/** Null when the text is no such file. Throws with why when it is one that cannot be read. */
export function readPpk(text: string): PpkKey | null {
  const fields = parse(text);
  if (fields === null) return null;
  if (fields.version !== 2 && fields.version !== 3) {
    throw new Error(`PPK version ${fields.version} is not supported; ${CONVERT}`);
  }
  const encryption = fields.values.get("Encryption") ?? "";
  if (encryption !== "none" && encryption !== "aes256-cbc") throw new Error("its encryption is not supported");
  return {
    encrypted: encryption !== "none",
    blob: fields.public,
    async open(passphrase) {
      const derived = await derive(fields, encryption === "none" ? null : passphrase);
      const plain = decrypt(fields.private, encryption === "none" ? null : derived);
      const signed = Buffer.concat(
        [fields.type, encryption, fields.values.get("Comment") ?? "", fields.public, plain].map(sshString),
      );
      const mac = crypto
        .createHmac(fields.version === 2 ? "sha1" : "sha256", derived.mac)
        .update(signed)
        .digest("hex");
      if (mac !== fields.values.get("Private-MAC")) return null;
      return privateKey(fields.public, plain);
    },
  };
}

const CONVERT = "convert it: puttygen KEY.ppk -O private-openssh-new -o KEY";

function parse(text: string): Fields | null {
  const lines = text.replace(/\r\n?/g, "\n").split("\n");
  const first = /^PuTTY-User-Key-File-(\d+): (\S+)$/.exec(lines[0] ?? "");
  if (first === null) return null;
  const values = new Map<string, string>();
  const blobs = new Map<string, Buffer>();
  for (let at = 1; at < lines.length; at++) {
    const field = /^([A-Za-z0-9-]+): (.*)$/.exec(lines[at] ?? "");
    if (field === null) continue;
    const [, name = "", value = ""] = field;
    if (!name.endsWith("-Lines")) {
      values.set(name, value);
      continue;
    }
    const count = Number(value);
    if (!Number.isInteger(count) || count < 0) throw new Error("not a whole PPK file");
    blobs.set(name, Buffer.from(lines.slice(at + 1, at + 1 + count).join(""), "base64"));
    at += count;
  }
  const [publicPart, privatePart] = [blobs.get("Public-Lines"), blobs.get("Private-Lines")];
  if (publicPart === undefined || privatePart === undefined || keyTypeOf(publicPart) !== first[2]) {
    throw new Error("not a whole PPK file");
  }
  return { version: Number(first[1]), type: first[2], values, public: publicPart, private: privatePart };
}

async function derive(fields: Fields, passphrase: string | null): Promise<Derived> {
  const none = Buffer.alloc(0);
  if (fields.version === 2) {
    const sha1 = (...parts: (string | Buffer)[]) => {
      const hash = crypto.createHash("sha1");
      for (const part of parts) hash.update(part);
      return hash.digest();
    };
    const half = (index: number) => sha1(Buffer.from([0, 0, 0, index]), passphrase ?? "");
    return {
      key: Buffer.concat([half(0), half(1)]).subarray(0, 32),
      iv: Buffer.alloc(16),
      mac: sha1("putty-private-key-file-mac-key", passphrase ?? ""),
    };
  }
  if (passphrase === null) return { key: none, iv: none, mac: none };
  const derived = await argon2(fields.values, passphrase);
  return { key: derived.subarray(0, 32), iv: derived.subarray(32, 48), mac: derived.subarray(48, 80) };
}

/** Node has it since 24.7 when its OpenSSL does; whether Electron's crypto does is seen at run time. */
function argon2(values: Map<string, string>, passphrase: string): Promise<Buffer> {
  const number = (name: string) => Number(values.get(name));
  const parameters = {
    message: passphrase,
    nonce: Buffer.from(values.get("Argon2-Salt") ?? "", "hex"),
    parallelism: number("Argon2-Parallelism"),
    memory: number("Argon2-Memory"),
    passes: number("Argon2-Passes"),
    tagLength: 80,
  };
  if (!(parameters.memory <= MAX_ARGON_KIB && parameters.passes <= MAX_ARGON_PASSES)) {
    throw new Error("it asks for too much memory or time (Argon2)");
  }
  const algorithm = (values.get("Key-Derivation") ?? "").toLowerCase();
  if (algorithm !== "argon2id" && algorithm !== "argon2i" && algorithm !== "argon2d") {
    throw new Error("its key derivation is not supported");
  }
  return new Promise((resolve, reject) => {
    const unavailable = (cause: unknown) =>
      reject(new Error(`Argon2 (PPK version 3) is not available here; ${CONVERT}`, { cause }));
    if (typeof crypto.argon2 !== "function") unavailable(null);
    else {
      try {
        crypto.argon2(algorithm, parameters, (error, derived) => (error ? unavailable(error) : resolve(derived)));
      } catch (error) {
        unavailable(error);
      }
    }
  });
}

function decrypt(secret: Buffer, derived: Derived | null): Buffer {
  if (derived === null) return secret;
  if (secret.length % 16 !== 0) throw new Error("not a whole PPK file");
  const opener = crypto.createDecipheriv("aes-256-cbc", derived.key, derived.iv);
  opener.setAutoPadding(false);
  return Buffer.concat([opener.update(secret), opener.final()]);
}

/** Public and private fields, as PuTTY orders them, into a key of Node's. */
function privateKey(publicPart: Buffer, plain: Buffer): crypto.KeyObject {
  const open = new Reader(publicPart);
  const secret = new Reader(plain);
  const type = open.string().toString("latin1");
  const number = (bytes: Buffer) => {
    let from = 0;
    while (from < bytes.length - 1 && bytes[from] === 0) from++;
    return bytes.subarray(from);
  };
  const text = (bytes: Buffer) => bytes.toString("base64url");
  const make = (jwk: crypto.JsonWebKey) => crypto.createPrivateKey({ key: jwk, format: "jwk" });
  if (type === "ssh-rsa") {
    const [e, n] = [number(open.string()), number(open.string())];
    const [d, p, q, qi] = [secret.string(), secret.string(), secret.string(), secret.string()].map(number) as [
      Buffer,
      Buffer,
      Buffer,
      Buffer,
    ];
    const [dp, dq] = [p, q].map((prime) => bytesOf(numberIn(d) % (numberIn(prime) - 1n))) as [Buffer, Buffer];
    const [jn, je, jd, jp, jq, jdp, jdq, jqi] = [n, e, d, p, q, dp, dq, qi].map(text) as string[];
    return make({ kty: "RSA", n: jn, e: je, d: jd, p: jp, q: jq, dp: jdp, dq: jdq, qi: jqi } as crypto.JsonWebKey);
  }
  if (type === "ssh-ed25519") {
    // A little-endian number: what PuTTY leaves away at its end are zeros.
    const seed = Buffer.alloc(32);
    secret.string().copy(seed);
    return make({ kty: "OKP", crv: "Ed25519", x: text(open.string()), d: text(seed) });
  }
  const sizes: Record<string, [crv: string, bytes: number]> = {
    "ecdsa-sha2-nistp256": ["P-256", 32],
    "ecdsa-sha2-nistp384": ["P-384", 48],
    "ecdsa-sha2-nistp521": ["P-521", 66],
  };
  const [crv, size] = sizes[type] ?? ["", 0];
  if (crv === "") throw new Error(`keys of the kind ${type.slice(0, 60)} are not supported`);
  open.string(); // the curve again
  const point = open.string();
  const d = number(secret.string());
  return make({
    kty: "EC",
    crv,
    x: text(point.subarray(1, 1 + size)),
    y: text(point.subarray(1 + size)),
    d: text(Buffer.concat([Buffer.alloc(Math.max(0, size - d.length)), d])),
  });
}

function numberIn(bytes: Buffer): bigint {
  return BigInt(`0x${bytes.toString("hex") || "0"}`);
}

function bytesOf(value: bigint): Buffer {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
}
