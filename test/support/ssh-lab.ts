/** What tests of connecting over SSH share: servers that stop after each test, and outcomes to compare. */
import * as net from "node:net";
import { afterEach } from "vitest";
import type { NodeTransport } from "../../electron/host/transport/types.ts";
import { type Attempt, type AttemptOptions, connected } from "./ssh-connect.ts";
import { type SshdOptions, startSshd, type TestSshd } from "./sshd.ts";

const stops: (() => Promise<unknown>)[] = [];

/** Called after the test, last one first. To be used in files that call `stopAfterEach`. */
export function atEnd(stop: () => Promise<unknown>): void {
  stops.push(stop);
}

/** Once a file: stops what its tests started. */
export function stopAfterEach(): void {
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });
}

/** `stop` of this server fails when a session left a process behind. */
export async function sshd(options: SshdOptions = {}): Promise<TestSshd> {
  const server = await startSshd(options);
  atEnd(() => server.stop());
  return server;
}

/** A connection that must come about; closed after the test. */
export async function open(server: TestSshd, options: AttemptOptions = {}): Promise<NodeTransport> {
  const transport = await connected(server, options);
  atEnd(() => transport.close());
  return transport;
}

/** What the attempt came to, in a form to compare; a transport is closed at once. */
export async function result(attempt: Attempt) {
  const outcome = await attempt.outcome;
  if (!("exec" in outcome)) return { failed: outcome, asked: attempt.asked, phases: attempt.phases };
  const { host, user, privileges } = outcome;
  await outcome.close();
  return { connected: { host, user, privileges }, asked: attempt.asked, phases: attempt.phases };
}

export const ALL_PHASES = ["resolving", "connecting", "host_key", "authenticating", "privileges"];

/** The node's name as bpfdesk writes it. */
export const me = (server: TestSshd, user = "engineer") => `${user}@127.0.0.1:${server.port}`;

/** A TCP server that is no sshd; gives its port. */
export async function rawServer(onConnection: (socket: net.Socket) => void): Promise<number> {
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    onConnection(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  atEnd(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as net.AddressInfo).port;
}
