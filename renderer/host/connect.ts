/**
 * Gets the page its port to the host: from the preload in the desktop app, over a WebSocket in
 * browser mode (electron/shared/rpc/README.md). Does not reconnect; link.ts decides that.
 */
import { BpfdeskError } from "../../electron/core/errors.ts";
import { type Client, createClient } from "../../electron/shared/rpc/client.ts";
import { messagePortPort } from "../../electron/shared/rpc/message-port.ts";
import { websocketPort } from "../../electron/shared/rpc/websocket.ts";

/** What electron/preload puts on the window; absent in browser mode. */
interface PreloadApi {
  mode: "desktop";
  requestPort(): void;
}

declare global {
  interface Window {
    bpfdesk?: PreloadApi;
  }
}

/** A host that crashed again and again is not started anew; the preload then stays silent. */
const PORT_WAIT_MS = 10_000;

/** A client on a fresh port. Rejects with a BpfdeskError `no-host` or `token-refused`. */
export async function connectHost(): Promise<Client> {
  return window.bpfdesk ? createClient(messagePortPort(await requestPort(window.bpfdesk))) : connectBrowser();
}

function requestPort(preload: PreloadApi): Promise<MessagePort> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      window.removeEventListener("message", receive);
    };
    const receive = (event: MessageEvent) => {
      const port = event.ports[0];
      if (event.source !== window || event.data !== "bpfdesk:port" || !port) return;
      stop();
      resolve(port);
    };
    const timer = setTimeout(() => {
      stop();
      reject(
        new BpfdeskError({
          code: "no-host",
          message: "The part of bpfdesk that talks to nodes did not start.",
          hint: "Close bpfdesk and start it from a terminal: it prints there why its host process ends.",
        }),
      );
    }, PORT_WAIT_MS);
    window.addEventListener("message", receive);
    preload.requestPort();
  });
}

async function connectBrowser(): Promise<Client> {
  await exchangeToken();
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const socket = new WebSocket(`${scheme}://${location.host}/rpc`);
  const opened = new Promise<boolean>((resolve) => {
    socket.addEventListener("open", () => resolve(true), { once: true });
    socket.addEventListener("close", () => resolve(false), { once: true });
  });
  const client = createClient(websocketPort(socket));
  if (await opened) return client;
  throw new BpfdeskError({
    code: "no-host",
    message: "bpfdesk's server did not let this page in, or it is not running.",
    hint: "Start it again with npm start and open the address it prints; an address works once.",
  });
}

/** Trades the one-time token of the address for a cookie and takes it out of the address and the history. */
async function exchangeToken(): Promise<void> {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token === null) return;
  history.replaceState(null, "", `${location.pathname}${location.search}`);
  const answer = await fetch("/login", { method: "POST", body: token }).catch(() => null);
  if (answer?.ok) return;
  throw new BpfdeskError({
    code: "token-refused",
    message: answer
      ? "The token in this address is wrong or was already used."
      : "bpfdesk's server does not answer: it is not running any more.",
    hint: "Start it again with npm start and open the address it prints; an address works once.",
  });
}
