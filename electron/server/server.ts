/**
 * Browser mode: serves the page and the RPC on 127.0.0.1 to whoever has the one-time token.
 *
 * Only answers GET for files, POST /login and the WebSocket /rpc. Starts no browser and prints nothing.
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { WebSocketServer } from "ws";
import type { Handlers } from "../shared/rpc/server.ts";
import { serve } from "../shared/rpc/server.ts";
import { websocketPort } from "../shared/rpc/websocket.ts";
import { createAccess, isOwnHost, isOwnOrigin } from "./access.ts";
import { SECURITY_HEADERS, staticFiles } from "./static.ts";

export interface ServerOptions {
  service: { handlers: Handlers };
  /** Folder with the built page. */
  rendererDir: string;
  /** 0 or absent: any free port. */
  port?: number;
  /** Serves files in the place of `rendererDir` while developing; it sets its own headers. */
  dev?: (request: IncomingMessage, response: ServerResponse) => void;
  /** Told of exceptions that are bugs. */
  onBug?: (error: unknown, method: string) => void;
}

export interface RunningServer {
  /** The address to open, with the one-time token behind the `#`, which browsers do not send. */
  url: string;
  port: number;
  close(): Promise<void>;
}

/** Largest message from a page: a snapshot file that is opened by its bytes. */
const MAX_MESSAGE_BYTES = 256 * 1024 * 1024;
const MAX_TOKEN_BYTES = 256;

/** Rejects when the port is taken. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const files = staticFiles(options.rendererDir);
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: MAX_MESSAGE_BYTES });
  const http = createServer((request, response) => {
    answer(request, response).catch(() => refuse(response, 500, "Failed"));
  });
  http.on("upgrade", upgrade);
  await new Promise<void>((resolve, reject) => {
    http.once("error", reject);
    http.listen({ host: "127.0.0.1", port: options.port ?? 0 }, resolve);
  });
  const { port } = http.address() as AddressInfo;
  const access = createAccess(port);

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, headers } = request;
    if (!isOwnHost(headers.host, port)) return refuse(response, 421, "This is not the address of bpfdesk");
    const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
    if (path === "/login") return login(request, response);
    if (method !== "GET" && method !== "HEAD") return refuse(response, 405, "Only GET");
    if (options.dev) return options.dev(request, response);
    const { status, headers: sent, body } = await files(path);
    response.writeHead(status, sent).end(method === "HEAD" ? undefined : body);
  }

  async function login(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, headers } = request;
    if (method !== "POST") return refuse(response, 405, "Only POST");
    if (!isOwnOrigin(headers.origin, headers.host)) return refuse(response, 403, "Not from a page of bpfdesk");
    const token = await shortBody(request);
    const cookie = token === null ? null : access.login(token);
    if (!cookie) return refuse(response, 403, "The token is wrong or was used");
    response.writeHead(204, { ...SECURITY_HEADERS, "set-cookie": cookie }).end();
  }

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { headers } = request;
    const refused =
      request.url !== "/rpc"
        ? 404
        : !isOwnHost(headers.host, port)
          ? 421
          : !isOwnOrigin(headers.origin, headers.host) || !access.knows(headers.cookie)
            ? 403
            : null;
    if (refused) {
      socket.end(`HTTP/1.1 ${refused} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    sockets.handleUpgrade(request, socket, head, (client) => {
      serve(websocketPort(client), options.service.handlers, options.onBug ? { onBug: options.onBug } : {});
    });
  }

  return {
    url: `http://127.0.0.1:${port}/#token=${access.token}`,
    port,
    async close() {
      for (const client of sockets.clients) client.terminate();
      const closed = new Promise((resolve) => http.close(resolve));
      http.closeAllConnections();
      await closed;
    },
  };
}

function refuse(response: ServerResponse, status: number, text: string): void {
  if (response.headersSent) return void response.destroy();
  response.writeHead(status, { ...SECURITY_HEADERS, "content-type": "text/plain; charset=utf-8" }).end(`${text}\n`);
}

/** The body as text, or null when it is longer than any token. */
async function shortBody(request: IncomingMessage): Promise<string | null> {
  let body = "";
  for await (const chunk of request) {
    body += String(chunk);
    if (body.length > MAX_TOKEN_BYTES) return null;
  }
  return body;
}
