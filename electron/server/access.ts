/**
 * Who may talk to the browser server: one person's browser on this machine.
 *
 * Another user's process can reach 127.0.0.1 too, and a hostile page can make this person's browser send
 * requests here; so the address, the page's origin and a secret are all checked. Pure; `server.ts` asks.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

/** Secrets are random bytes of this many; guessing is hopeless. */
const SECRET_BYTES = 32;

export interface Access {
  /** The one-time token for the printed address. */
  readonly token: string;
  /** Trades the token for a `Set-Cookie` value, once; null when it is wrong or was used. */
  login(token: string): string | null;
  /** True when the request's cookies hold the secret. */
  knows(cookieHeader: string | undefined): boolean;
}

/** The cookie is named after the port: cookies are shared between all ports of an address. */
export function createAccess(port: number): Access {
  const name = `bpfdesk_${port}`;
  const token = randomBytes(SECRET_BYTES).toString("base64url");
  const cookie = randomBytes(SECRET_BYTES).toString("base64url");
  let used = false;
  return {
    token,
    login(given) {
      if (used || !same(given, token)) return null;
      used = true;
      // Path: other programs on other ports of this address do not get to see it with every request.
      return `${name}=${cookie}; HttpOnly; SameSite=Strict; Path=/rpc`;
    },
    knows(header) {
      const pairs = (header ?? "").split(";").map((pair) => pair.trim().split("=", 2));
      return pairs.some(([key, value]) => key === name && value !== undefined && same(value, cookie));
    },
  };
}

/** The names this server may be called by; any other Host is somebody's DNS trick. */
export function isOwnHost(host: string | undefined, port: number): boolean {
  return host === `127.0.0.1:${port}` || host === `localhost:${port}`;
}

/** True when the request comes from a page of this very server. */
export function isOwnOrigin(origin: string | undefined, host: string | undefined): boolean {
  return origin !== undefined && host !== undefined && origin === `http://${host}`;
}

/** Compares without telling by its time how much was right. */
function same(a: string, b: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
