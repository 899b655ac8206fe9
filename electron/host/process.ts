/**
 * The host as a process of its own, started by the desktop app (Electron's utility process).
 *
 * Composition only: makes the service and answers on every port it is handed. Byte streams go from here
 * to the page over that port and never through the app's main process. Imports no Electron; the port to
 * the parent is found on `process`, where Electron puts it.
 */
import type { ToHost, ToMain } from "../shared/parent.ts";
import { createInbox, type Port } from "../shared/rpc/port.ts";
import { serve } from "../shared/rpc/server.ts";
import { crashWithoutValues, describeBug } from "./crash.ts";
import { parentKeychain } from "./secrets/keychain.ts";
import { createSecretStore } from "./secrets/store.ts";
import { createService, type ServiceOptions } from "./service.ts";

/** Electron's MessagePortMain, as far as it is used. */
interface ElectronPort {
  on(event: "message", listener: (event: { data: unknown }) => void): unknown;
  on(event: "close", listener: () => void): unknown;
  postMessage(message: unknown): void;
  start(): void;
  close(): void;
}

/** `process.parentPort` of a utility process, as far as it is used. */
export interface ParentPort {
  on(event: "message", listener: (event: { data: unknown; ports: ElectronPort[] }) => void): unknown;
  postMessage(message: ToMain): void;
}

/**
 * Serves what the parent asks for: `port` with one port, and `close`, answered with `closed` when every
 * node is disconnected. Secrets are wiped when the parent says so, and asked of its keychain.
 */
export function runHost(parent: ParentPort, options: ServiceOptions): void {
  const keychain = parentKeychain((request) => parent.postMessage(request));
  const secrets = createSecretStore({ keychain });
  const service = createService(options, null, secrets);
  parent.on("message", ({ data, ports }) => {
    const message = data as ToHost;
    const [port] = ports;
    if (message === "port") {
      if (!port) return;
      serve(electronPort(port), service.handlers, {
        onBug: (error, method) => console.error(`bpfdesk host: ${method} failed: ${describeBug(error)}`),
      });
    } else if (message === "close") {
      void service.close().finally(() => parent.postMessage("closed"));
    } else if (message.type === "wipe") {
      secrets.wipe(message.reason);
    } else if (message.type === "wake") {
      void service.handlers["app.wake"]({ reason: message.reason }, { signal: new AbortController().signal });
    } else if (message.type === "keychain") {
      keychain.onReply(message);
    }
  });
}

function electronPort(port: ElectronPort): Port {
  const inbox = createInbox();
  port.on("message", (event) => inbox.deliver(event.data));
  port.on("close", inbox.closed);
  port.start();
  return {
    post(message) {
      if (!inbox.isClosed()) port.postMessage(message);
    },
    onMessage: inbox.onMessage,
    onClose: inbox.onClose,
    close() {
      port.close();
      inbox.closed();
    },
  };
}

const { parentPort } = process as NodeJS.Process & { parentPort?: ParentPort };
// The app passes the options as the one argument; they hold paths and a version, no secret.
if (parentPort) {
  crashWithoutValues("bpfdesk host");
  runHost(parentPort, JSON.parse(process.argv[2] ?? "{}") as ServiceOptions);
}
