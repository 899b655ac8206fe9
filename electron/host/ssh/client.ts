/**
 * The one place that makes ssh2 clients: from an open byte stream to a logged-in connection. Every
 * client checks the host key, remembers it for later key exchanges and sends keepalives.
 */
import type { Duplex } from "node:stream";
import { Client, type ConnectConfig, type ServerHostKeyAlgorithm } from "ssh2";
import { BpfdeskError } from "../../core/errors.ts";
import { Authentication } from "./auth.ts";
import { HostKeyCheck } from "./host-key.ts";
import type { KeyRing } from "./keys.ts";
import type { KnownHost } from "./known-hosts.ts";
import type { ResolvedHost } from "./resolve.ts";
import type { Steps } from "./steps.ts";

export interface ClientOptions {
  /** Connected stream to the server; the client takes it over. */
  stream: Duplex;
  resolved: ResolvedHost;
  known: KnownHost[];
  keys: KeyRing;
  steps: Steps;
  /** Time for each answer of the server, in ms; does not run while a person answers. */
  limit_ms: number;
}

const KEEPALIVE_MS = 15_000;
const KEEPALIVE_COUNT = 3;

/** ssh2's own order; DSA is left out on purpose. */
const HOST_KEY_ALGORITHMS: ServerHostKeyAlgorithm[] = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
  "ssh-rsa",
];

/** A logged-in client and the byte stream it runs on. */
export interface Connection {
  client: Client;
  stream: Duplex;
}

/** Key exchange, host key and login. Rejects with a BpfdeskError; the stream is closed then. */
export async function openClient(options: ClientOptions): Promise<Connection> {
  const { stream, resolved, steps } = options;
  const client = new Client();
  for (const emitter of [client, stream]) emitter.setMaxListeners(0); // every session listens for the end
  const hostKey = new HostKeyCheck(resolved, options.known, steps);
  let fail: (error: unknown) => void = () => {};
  const authentication = new Authentication(resolved, options.keys, steps, (error) => fail(error));
  let remembered: Promise<void> = Promise.resolve();

  const ready = new Promise<void>((resolve, reject) => {
    fail = reject;
    client.on("ready", resolve);
    client.on("error", (error: Error & { level?: string }) => {
      // A key that could not sign: ssh2 goes on with the next one.
      if (error.level !== "agent") reject(explain(error, steps, authentication));
    });
    client.on("close", () => reject(explain(new Error("the node closed the connection"), steps, authentication)));
    client.on("handshake", () => {
      if (steps.current === "authenticating") return; // a later key exchange
      remembered = hostKey.remember();
      steps.enter("authenticating", `as ${resolved.user}`, options.limit_ms);
    });
    client.connect({
      sock: stream,
      username: resolved.user,
      readyTimeout: 0,
      keepaliveInterval: KEEPALIVE_MS,
      keepaliveCountMax: KEEPALIVE_COUNT,
      algorithms: { serverHostKey: orderedAlgorithms(hostKey.knownTypes()) },
      hostVerifier: (blob: Buffer, verify: (good: boolean) => void) => {
        // At a later key exchange ssh2 does not wait: data under the new keys may follow at once.
        if (hostKey.accepts(blob)) {
          verify(true);
          return;
        }
        if (steps.current === "connecting") steps.enter("host_key", "", options.limit_ms);
        hostKey.verify(blob).then(
          () => verify(true),
          (error: unknown) => {
            reject(error);
            verify(false);
          },
        );
      },
      // The declared type wants a return value where the callback was called instead.
      authHandler: authentication.next as ConnectConfig["authHandler"] & object,
    });
  });
  try {
    await steps.during(ready);
    await remembered;
    return { client, stream };
  } catch (error) {
    client.destroy();
    stream.destroy();
    throw error;
  }
}

/** Algorithms of the known key types first: otherwise a known host could show a key nobody has seen. */
export function orderedAlgorithms(knownTypes: string[]): ServerHostKeyAlgorithm[] {
  const known = (name: string) => knownTypes.includes(name.startsWith("rsa-sha2-") ? "ssh-rsa" : name);
  return [...HOST_KEY_ALGORITHMS.filter(known), ...HOST_KEY_ALGORITHMS.filter((name) => !known(name))];
}

function explain(error: Error & { level?: string }, steps: Steps, authentication: Authentication): Error {
  if (error instanceof BpfdeskError) return error;
  if (steps.current === "authenticating") {
    // After its limit of tries OpenSSH says so and hangs up.
    if (error.level === "client-authentication" || /authentication failures/i.test(error.message)) {
      return authentication.refused(error.message);
    }
    return steps.error({
      code: "connect-failed",
      message: `${steps.node} ended the connection while logging in.`,
      hint: "Its log tells why (journalctl -u ssh). A limit of tries or of time may be over.",
      cause: error.message,
    });
  }
  if (/no matching/i.test(error.message)) {
    return steps.error({
      code: "no-common-algorithm",
      message: `${steps.node} and bpfdesk have no algorithm in common.`,
      hint: "The node allows only what is very old or very new; see ssh -vv for its lists.",
      cause: error.message,
    });
  }
  return steps.error({
    code: "not-ssh",
    message: `${steps.node} took the connection but did not speak SSH with us.`,
    hint: "Check the port: another service may listen there, or the line was cut.",
    cause: error.message,
  });
}
