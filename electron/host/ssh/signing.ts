/** A private key of any format as what SSH needs of it: type, public part, and signatures made off the event loop. */
import { createPublicKey, type KeyObject, sign } from "node:crypto";
import { sshNumber, sshString } from "./wire.ts";

export interface Signer {
  /** The key type's SSH name. */
  type: string;
  /** The public key as it goes over the wire. */
  blob: Buffer;
  /** The bare signature, as ssh2 wants it of an agent. `hash` is for RSA only; the others have their own. */
  sign(data: Buffer, hash?: string): Promise<Buffer>;
}

const CURVES: Record<string, { name: string; hash: string }> = {
  "P-256": { name: "nistp256", hash: "sha256" },
  "P-384": { name: "nistp384", hash: "sha384" },
  "P-521": { name: "nistp521", hash: "sha512" },
};

/** Throws with why SSH cannot use the key. */
export function signerOf(key: KeyObject): Signer {
  const { type, blob, hash } = publicPart(key);
  return {
    type,
    blob,
    sign: (data, asked) =>
      new Promise((resolve, reject) => {
        const algorithm = type === "ssh-rsa" ? (asked ?? "sha1") : hash;
        sign(algorithm, data, key, (error, signature) => (error ? reject(error) : resolve(signature)));
      }),
  };
}

function publicPart(key: KeyObject): { type: string; blob: Buffer; hash: string | null } {
  const { n = "", e = "", x = "", y = "", crv = "" } = createPublicKey(key).export({ format: "jwk" });
  const bytes = (value: string) => Buffer.from(value, "base64url");
  if (key.asymmetricKeyType === "rsa") {
    const type = "ssh-rsa";
    return { type, blob: Buffer.concat([sshString(type), sshNumber(bytes(e)), sshNumber(bytes(n))]), hash: null };
  }
  if (key.asymmetricKeyType === "ed25519") {
    const type = "ssh-ed25519";
    return { type, blob: Buffer.concat([sshString(type), sshString(bytes(x))]), hash: null };
  }
  const curve = CURVES[crv];
  if (key.asymmetricKeyType !== "ec" || curve === undefined) {
    throw new Error(`keys of the kind ${crv || key.asymmetricKeyType} are not supported`);
  }
  const type = `ecdsa-sha2-${curve.name}`;
  const point = Buffer.concat([Buffer.from([4]), bytes(x), bytes(y)]);
  return { type, blob: Buffer.concat([sshString(type), sshString(curve.name), sshString(point)]), hash: curve.hash };
}
