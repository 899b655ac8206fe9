/**
 * The one place that makes ssh2 clients: from an open byte stream to a logged-in connection. Every
 * client checks the host key, remembers it for later key exchanges and sends keepalives.
 */
import type { Duplex } from "node:stream";
import { type Algorithms, type AuthenticationType, Client, type ConnectConfig } from "ssh2";
import type { LinkHop } from "../../core/ssh/link.ts";
import { Authentication } from "./auth.ts";
import { Handshake } from "./handshake.ts";
import { HostKeyCheck } from "./host-key.ts";
import type { KeyRing } from "./keys.ts";
import type { KnownHost } from "./known-hosts.ts";
import { explainLogin } from "./login-error.ts";
import { offerFor } from "./offer.ts";
import type { ResolvedHost } from "./resolve.ts";
import type { Steps } from "./steps.ts";

export interface ClientOptions {
  /** Connected stream to the server; the client takes it over. */
  stream: Duplex;
  resolved: ResolvedHost;
  known: KnownHost[];
  /** Base64 of the key an earlier connection to the same host trusted. */
  trusted?: string;
  keys: KeyRing;
  steps: Steps;
  /** Time for each answer of the server, in ms; does not run while a person answers. */
  limit_ms: number;
}

const KEEPALIVE_MS = 15_000;
const KEEPALIVE_COUNT = 3;

/** A logged-in client and the byte stream it runs on. */
export interface Connection {
  client: Client;
  stream: Duplex;
}

export interface LoggedIn extends Connection {
  hop: LinkHop;
  /** Base64 of the host key that was trusted. */
  host_key: string;
}

/** Key exchange, host key and login. Rejects with a BpfdeskError; the stream is closed then. */
export async function openClient(options: ClientOptions): Promise<LoggedIn> {
  const { stream, resolved, steps } = options;
  const client = new Client();
  for (const emitter of [client, stream]) emitter.setMaxListeners(0); // every session listens for the end
  const hostKey = new HostKeyCheck(resolved, options.known, steps, options.trusted ?? null);
  const handshake = new Handshake();
  let fail: (error: unknown) => void = () => {};
  const authentication = new Authentication(resolved, options.keys, steps, (error) => fail(error));
  let remembered: Promise<void> = Promise.resolve();
  steps.loginBegins();

  const ready = new Promise<void>((resolve, reject) => {
    fail = reject;
    const explained = (error: Error & { level?: string }) => explainLogin(error, { steps, authentication, handshake });
    client.on("ready", resolve);
    client.on("error", (error: Error & { level?: string }) => {
      // A key that could not sign: the next one follows.
      if (error.level !== "agent") reject(explained(error));
    });
    client.on("close", () => reject(explained(new Error("the node closed the connection"))));
    client.on("change password", () => reject(passwordExpired(steps, resolved)));
    client.on("handshake", (negotiated) => {
      if (steps.current === "authenticating") return; // a later key exchange
      handshake.negotiated = negotiated;
      remembered = hostKey.remember();
      steps.enter("authenticating", `as ${resolved.user}`, options.limit_ms);
    });
    client.connect({
      sock: stream,
      username: resolved.user,
      readyTimeout: 0,
      keepaliveInterval: KEEPALIVE_MS,
      keepaliveCountMax: KEEPALIVE_COUNT,
      // Names that ssh2 itself tells; its declared types are narrower and read-only lists are fine with it.
      algorithms: offerFor(resolved.config, hostKey.knownTypes()) as unknown as Algorithms,
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
      debug: (line) => {
        const ways = handshake.read(line);
        if (ways !== null) authentication.serverTakes(ways as AuthenticationType[]);
      },
    });
  });
  try {
    await steps.during(ready);
    await remembered;
    const hop = handshake.hop(steps.node, authentication.succeeded());
    return { client, stream, hop, host_key: hostKey.trusted() };
  } catch (error) {
    client.destroy();
    stream.destroy();
    throw error;
  }
}

function passwordExpired(steps: Steps, { user }: ResolvedHost): Error {
  return steps.error({
    code: "password-expired",
    message: `The password of ${user} on ${steps.node} is right but has expired.`,
    hint: "Log in once with ssh in a terminal and choose a new one.",
  });
}
